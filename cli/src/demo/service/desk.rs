//! The verifier, asked in the service's own words. Every call works at once or fails: nothing here waits for a person.

use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::{AccountName, Context, Detail, EnrollmentId, Status};
use countersign_core::time::UnixTime;
use countersign_verifier::store::sqlite::SqliteStore;
use countersign_verifier::{
    AskError, Config, ConfirmError, Confirmation, Error, Identity, InviteError, KeyId, KeyRing, ManageError, NewTicket,
    Page, Profile, Question as Asking, RedeemError, Redeemed, Reply, Request, SignInState, Typed, TypedError, Verifier,
};

use tempfile::TempDir;

use super::clock::Clock;
use super::pages::account::{Phone, Standing};
use super::pages::ask::{Question, Stand};
use super::people::Person;
use super::server::Trouble;

/// The desk.
#[derive(Debug)]
pub(super) struct Desk {
    // Closed before its folder goes.
    verifier: Verifier<SqliteStore>,
    clock: Clock,
    service: String,
    _folder: TempDir,
}

impl Desk {
    /// A new verifier at an address, with keys of its own.
    ///
    /// # Errors
    /// [`Trouble::Verifier`] for an address or a name that can't be; [`Trouble::Start`], [`Trouble::Store`].
    pub(super) fn open(base: &str, service: &str, clock: Clock, challenge_seconds: u16) -> Result<Self, Trouble> {
        let entropy = SystemEntropy::new();
        let base = BaseUrl::parse(base, true).map_err(|_| Trouble::Verifier)?;
        let ring = KeyRing::new(KeyId(1), random(&entropy)?).map_err(|_| Trouble::Verifier)?;
        let config = Config { challenge_seconds, ..Config::new(base) };
        let profile = Profile { name: service.to_owned(), require_uv: false, require_hardware: false };
        let identity = Identity::Held(SoftwareKey::make(&entropy)?);
        let folder = tempfile::tempdir().map_err(Trouble::Start)?;
        let store = SqliteStore::open(&folder.path().join("verifier.sqlite"))?;
        let verifier = Verifier::open(store, ring, config, identity, &profile).map_err(|_| Trouble::Verifier)?;
        Ok(Self { verifier, clock, service: service.to_owned(), _folder: folder })
    }

    fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// A request of a phone.
    pub(super) fn handle(&self, request: &Request<'_>) -> Reply {
        self.verifier.handle(request, self.now())
    }

    /// What time alone has ended. Once a minute.
    pub(super) fn tend(&self) {
        // What fails now is tried again in a minute; rules never depend on it.
        let _ = self.verifier.tend(self.now());
    }

    pub(super) fn invite(&self, person: &Person) -> Result<NewTicket, InviteError> {
        let account = AccountName { id: person.id.clone(), name: person.name.clone() };
        self.verifier.invite(&account, self.now())
    }

    pub(super) fn confirm(&self, ticket: &str, digits: &str) -> Result<Confirmation, ConfirmError> {
        self.verifier.confirm(ticket, digits, self.now())
    }

    /// Asks a person's phones.
    pub(super) fn ask(
        &self,
        person: &Person,
        session: &str,
        question: &Question,
        client: &str,
    ) -> Result<Page, AskError> {
        let now = self.now();
        let context = Context {
            application: Some(self.service.clone()),
            client: Some(client.to_owned()),
            address: Some("127.0.0.1".to_owned()),
            // Where this computer stands nobody has told the service, so it says nothing.
            location: None,
            time: Some(time_of_day(now)),
        };
        let asking = match question {
            Question::SignIn => Asking::sign_in(context),
            Question::Payment { payee, amount } => {
                let detail = |label: &str, value: &str| Detail { label: label.to_owned(), value: value.to_owned() };
                Asking::transaction(context, vec![detail("To", payee), detail("Amount", amount)])
            }
        };
        self.verifier.sign_in(&person.id, session, &asking, now)
    }

    pub(super) fn again(&self, secret: &str) -> Result<Page, AskError> {
        self.verifier.regenerate(secret, self.now())
    }

    /// How a question stands.
    pub(super) fn stand(&self, secret: &str) -> Result<Stand, ManageError> {
        let progress = self.verifier.progress(secret, self.now())?;
        Ok(match progress.state {
            SignInState::Pending => Stand::Pending(progress.tries_left),
            other => ended(other),
        })
    }

    pub(super) fn redeem(&self, secret: &str) -> Result<Redeemed, RedeemError> {
        self.verifier.redeem(secret, self.now())
    }

    pub(super) fn cancel(&self, secret: &str) -> Result<SignInState, ManageError> {
        self.verifier.cancel(secret, self.now())
    }

    pub(super) fn offline(&self, secret: &str, digits: &str) -> Result<Typed, TypedError> {
        self.verifier.offline(secret, digits, self.now())
    }

    pub(super) fn totp(&self, secret: &str, digits: &str) -> Result<Typed, TypedError> {
        self.verifier.totp(secret, digits, self.now())
    }

    /// A person's phones, in the order in which they were added; removed ones are gone.
    pub(super) fn phones(&self, person: &Person) -> Result<Vec<Phone>, ManageError> {
        let all = self.verifier.enrollments(&person.id, self.now())?;
        let phone = |view: countersign_verifier::EnrollmentView| {
            let standing = match view.status {
                Status::Pending => Standing::Pending,
                Status::Active => Standing::Active,
                Status::Frozen => Standing::Frozen,
                Status::Suspended => Standing::Suspended,
                Status::Removed => return None,
            };
            let model = format!("{}, {}", view.device.model, view.device.os);
            Some(Phone { id: view.id.as_str().to_owned(), name: view.device.name, model, standing })
        };
        Ok(all.into_iter().filter_map(phone).collect())
    }

    /// The operator has looked into it.
    pub(super) fn release(&self, phone: &str) -> Result<(), ManageError> {
        self.verifier.release(&id(phone)?, self.now()).map(drop)
    }

    /// A phone is no longer the owner's.
    pub(super) fn remove(&self, phone: &str) -> Result<(), ManageError> {
        self.verifier.revoke(&id(phone)?, self.now()).map(drop)
    }

    /// The name of a phone.
    pub(super) fn name_of(&self, phone: &EnrollmentId) -> String {
        self.verifier.enrollment(phone, self.now()).map(|view| view.device.name).unwrap_or_default()
    }

    /// How many events the verifier has noted so far: what owners would be told of is among them.
    pub(super) fn events(&self) -> Result<Vec<countersign_verifier::store::Logged>, Error> {
        self.verifier.events(0, 10_000)
    }
}

fn id(phone: &str) -> Result<EnrollmentId, ManageError> {
    EnrollmentId::parse(phone).map_err(|_| ManageError::Unknown)
}

const fn ended(state: SignInState) -> Stand {
    match state {
        SignInState::Pending => Stand::Pending(0),
        SignInState::Approved => Stand::Approved,
        SignInState::Used => Stand::Used,
        SignInState::Denied => Stand::Denied,
        SignInState::Reported => Stand::Reported,
        SignInState::Expired => Stand::Expired,
        SignInState::Superseded => Stand::Superseded,
        SignInState::Cancelled => Stand::Cancelled,
        SignInState::Failed => Stand::Failed,
    }
}

/// `16:05 UTC`.
fn time_of_day(now: UnixTime) -> String {
    let minutes = now.seconds().rem_euclid(24 * 3600) / 60;
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use countersign_core::time::UnixTime;

    #[test]
    fn the_time_of_day_is_that_of_greenwich() {
        assert_eq!(super::time_of_day(UnixTime::from_seconds(1_700_000_000)), "22:13 UTC");
    }
}
