//! A verifier, and a device with an authenticator.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, LazyLock};

use crate::{
    Approvals, Authenticator, DeviceInfo, Enrolled, EnrollmentStatus, KeyUse, KeyWrapper, NewKeys, PendingRequest,
    PersonCheck, PinnedHost, Platform, PushAddress, SecretInput, VerificationMethod, create_vault,
};
use countersign_core::entropy::SystemEntropy;
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::{AccountName, Context, Detail};
use countersign_core::vault::platform::Purpose;
use countersign_core::vault::{RawKey, Vault};
use countersign_verifier::store::{MemoryStore, Store};
use countersign_verifier::{Config, Identity, KeyId, KeyRing, Page, Profile, Question, Verifier};

use super::keys::{Keystore, Signer};
use super::line::Line;
use super::ports::{Time, wait};

pub(crate) const U: &str = "https://rp.example/auth";
pub(crate) const PASSWORD: &[u8] = b"correct horse battery";

pub(crate) type Server = Verifier<Arc<dyn Store>>;

/// A vault that password and keystore open, made once: its keys are derived with much work.
static TEMPLATE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault").to_str().unwrap().to_owned();
    let key_wrapper: Option<Arc<dyn KeyWrapper>> = Some(Arc::new(Keystore::new()));
    let platform = Platform { key_wrapper, least_password_work: true, ..Platform::default() };
    let made = create_vault(path, secret(PASSWORD), platform, None).unwrap();
    wait(made.authenticator.add_device_unlock(None)).unwrap();
    wait(made.authenticator.add_per_use_key(secret(PASSWORD), None)).unwrap();
    made.authenticator.shut();
    folder
});

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) time: Arc<Time>,
    pub(crate) server: Arc<Server>,
    pub(crate) line: Arc<Line>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) keystore: Arc<Keystore>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) desk: Arc<Approvals>,
}

/// Where the keys are, and how the person is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Password,
    PerUse,
    Signer,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Password, Self::PerUse, Self::Signer];

    pub(crate) fn keys(self) -> NewKeys {
        if self == Self::Signer { NewKeys::Platform } else { NewKeys::Software }
    }

    pub(crate) fn check(self) -> PersonCheck {
        match self {
            Self::Password => PersonCheck::Password { password: secret(PASSWORD) },
            _ => PersonCheck::Platform { methods: vec![VerificationMethod::Fingerprint] },
        }
    }
}

pub(crate) fn secret(bytes: &[u8]) -> Arc<SecretInput> {
    SecretInput::new(bytes)
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(Profile { name: "Payroll".into(), require_uv: false, require_hardware: false })
    }

    pub(crate) fn at(profile: Profile) -> Self {
        let mut config = Config::new(BaseUrl::parse(U, false).unwrap());
        config.requests_per_minute = 0;
        let identity = Identity::Held(SoftwareKey::make(&SystemEntropy::new()).unwrap());
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let ring = KeyRing::new(KeyId(1), [1; 32]).unwrap();
        let server = Arc::new(Verifier::open(store, ring, config, identity, &profile).unwrap());
        let time = Arc::new(Time(AtomicI64::new(1_800_000_000_000)));
        let line = Arc::new(Line::new(server.clone(), time.clone()));
        let (signer, keystore) = (Arc::new(Signer::new()), Arc::new(Keystore::new()));
        let platform = Platform {
            http: Some(line.clone()),
            key_wrapper: Some(keystore.clone()),
            device_signer: Some(signer.clone()),
            clock: Some(time.clone()),
            pins: vec![PinnedHost { host: "rp.example".into(), pins: vec![vec![7; 32]] }],
            least_password_work: true,
            ..Platform::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        std::fs::copy(TEMPLATE.path().join("vault"), &path).unwrap();
        let authenticator = Authenticator::open(path.to_str().unwrap().to_owned(), platform).unwrap();
        wait(authenticator.unlock_with_device(None)).unwrap();
        keystore.asked.lock().unwrap().clear();
        let desk = authenticator.approvals();
        Self { folder, time, server, line, signer, keystore, authenticator, desk }
    }

    /// An invitation's link and its ticket.
    pub(crate) fn invite(&self) -> (String, String) {
        let name = AccountName { id: "ann".into(), name: "Ann".into() };
        let new = self.server.invite(&name, self.time.now()).unwrap();
        (new.uri.expose().to_owned(), new.ticket.expose().to_owned())
    }

    pub(crate) async fn begin(
        &self,
        link: String,
        kind: Kind,
        operation: Option<Arc<crate::Operation>>,
    ) -> Result<Enrolled, crate::ApiError> {
        let device = DeviceInfo { name: "Ann's phone".into(), model: "M".into(), os: "O 1".into(), app: "A 1".into() };
        self.desk.enroll(link, device, PushAddress::Nowhere, kind.keys(), kind.check(), operation).await
    }

    /// The page takes the digits, and the device hears of it.
    pub(crate) fn confirm(&self, ticket: &str, enrolled: &Enrolled) {
        assert!(self.server.confirm(ticket, &enrolled.digits, self.time.now()).unwrap().confirmed);
        assert!(self.poll(&enrolled.id).status == EnrollmentStatus::Active);
    }

    /// An active enrolment's id.
    pub(crate) fn enrolled(&self, kind: Kind) -> String {
        let (link, ticket) = self.invite();
        let enrolled = wait(self.begin(link, kind, None)).unwrap();
        self.confirm(&ticket, &enrolled);
        enrolled.id
    }

    pub(crate) fn poll(&self, id: &str) -> crate::Polled {
        wait(self.desk.poll(id.to_owned(), None)).unwrap()
    }

    /// The page asks for a transaction, which wants the person verified.
    pub(crate) fn page(&self) -> Page {
        let context =
            Context { application: Some("Bank".into()), client: Some("Firefox".into()), ..Context::default() };
        let details = vec![Detail { label: "Amount".into(), value: "5 EUR".into() }];
        let question = Question::transaction(context, details);
        self.server.sign_in("ann", "session", &question, self.time.now()).unwrap()
    }

    pub(crate) fn unlock(&self) {
        wait(self.authenticator.unlock_with_device(None)).unwrap();
    }

    /// The page asks, and the device has the request.
    pub(crate) fn asked(&self, id: &str) -> (Page, PendingRequest) {
        let page = self.page();
        let new = self.poll(id).new;
        assert_eq!(new.len(), 1);
        (page, new[0].clone())
    }

    /// What the vault's file holds of enrolments.
    pub(crate) fn inbox(&self) -> Vec<Vec<u8>> {
        let path = self.folder.path().join("vault");
        let mut vault = Vault::open(&path, Arc::new(SystemEntropy::new())).unwrap();
        let (slot, wrapped) = vault.wrapped_keys(Purpose::Slot).unwrap()[0].clone();
        let key = wait(Keystore::new().unwrap(KeyUse::Slot, wrapped)).unwrap();
        vault.unlock_with_device_key(slot, &RawKey::from_bytes(&key).unwrap()).unwrap();
        let inbox = vault.inbox().unwrap();
        (1..=4).flat_map(|kind| inbox.rows(kind).unwrap().rows).map(|row| row.bytes.expose().to_vec()).collect()
    }
}
