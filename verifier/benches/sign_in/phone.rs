//! A phone with Ed25519 keys; its own work is never counted.

use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::push::jose::{Draft, Jws, PublicKey, SoftwareKey, encode, sha256};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::formulas::{ExchangeKey, confirmation, ticket_id, ticket_proof};
use countersign_core::push::native::messages::{
    AccountName, Amr, Decision, Device, Enroll, EnrollmentId, KeyNaming, Message, Proof, PushAddress, Response, Uv,
};
use countersign_core::time::UnixTime;
use countersign_verifier::store::Store;
use countersign_verifier::{Page, Request, Verifier};

use super::Outcome;

pub(crate) struct Phone {
    pub(crate) account: String,
    possession: Key,
    uv: Key,
    base: String,
    id: EnrollmentId,
    counter: u64,
}

struct Key {
    secret: SoftwareKey,
    public: PublicKey,
}

impl Key {
    fn make() -> Outcome<Self> {
        let secret = SoftwareKey::make(&SystemEntropy::new())?;
        Ok(Self { public: secret.public(), secret })
    }

    fn sign(&self, draft: Draft) -> String {
        draft.sign(&self.secret)
    }
}

pub(crate) fn nonce() -> Outcome<String> {
    Ok(encode(&random::<16>(&SystemEntropy::new())?))
}

impl Phone {
    /// A new phone of an account, enrolled and confirmed.
    pub(crate) fn enroll<S: Store>(verifier: &Verifier<S>, account: &str, now: UnixTime) -> Outcome<Self> {
        let name = AccountName { id: account.to_owned(), name: format!("{account}@example.org") };
        let ticket = verifier.invite(&name, now)?;
        let invitation = Invitation::parse(ticket.uri.expose(), false)?;
        let (possession, uv) = (Key::make()?, Key::make()?);
        let exchange = ExchangeKey::make(&SystemEntropy::new())?;
        let base = invitation.base.as_str().to_owned();
        let tid = ticket_id(&invitation.ticket);
        let nested = Uv { audience: base.clone(), ticket: tid, possession: possession.public.thumbprint() };
        let (possessed, verified) = (possession.public.thumbprint(), uv.public.thumbprint());
        let request = Enroll {
            audience: base.clone(),
            issued: now,
            expires: now.plus_seconds(300),
            nonce: nonce()?,
            ticket: tid,
            proof: ticket_proof(&invitation.ticket, &invitation.base, possessed, verified, &exchange.public()),
            uv: uv.sign(nested.draft(&uv.public, KeyNaming::Whole)),
            exchange: exchange.public(),
            device: Device {
                name: "Anna's phone".into(),
                model: "Example Phone 12".into(),
                os: "Android 15".into(),
                app: "Countersign 0.1.0".into(),
            },
            push: PushAddress::None,
            attestation: None,
        };
        let draft = request.draft(&possession.public, KeyNaming::Whole);
        let enroll = draft.hash();
        let body = possession.sign(draft);
        let request = Request { method: "POST", path: "/enrollments", proof: &[], body: body.as_bytes() };
        let reply = verifier.handle(&request, now);
        if reply.status != 200 {
            return Err(format!("enrolment: {}", reply.status).into());
        }
        let digits = confirmation(enroll, Jws::parse(&reply.body)?.hash());
        let confirmed = verifier.confirm(ticket.ticket.expose(), &digits, now)?;
        if !confirmed.confirmed {
            return Err("not confirmed".into());
        }
        Ok(Self { account: account.to_owned(), possession, uv, base, id: confirmed.enrollment, counter: 0 })
    }

    pub(crate) fn path(&self, end: &str) -> String {
        format!("/enrollments/{}/{end}", self.id)
    }

    pub(crate) fn proof(&self, now: UnixTime) -> Outcome<String> {
        let proof = Proof {
            issuer: self.id.clone(),
            audience: self.base.clone(),
            issued: now,
            method: "GET".into(),
            url: format!("{}{}", self.base, self.path("challenges")),
            body: sha256(&[b""]),
            nonce: nonce()?,
        };
        Ok(self.possession.sign(proof.draft(&self.possession.public, KeyNaming::Thumbprint)))
    }

    /// The approval of what the page shows, signed by the user-verification key.
    pub(crate) fn approve(&mut self, page: &Page, now: UnixTime) -> Outcome<String> {
        let challenge = page.challenges.first().ok_or("no challenge")?;
        self.counter = self.counter.saturating_add(1);
        let response = Response {
            issuer: self.id.clone(),
            audience: self.base.clone(),
            issued: now,
            challenge: Jws::parse(&challenge.challenge)?.hash(),
            nonce: nonce()?,
            decision: Decision::Approve,
            code: Some(page.shown.expose().to_owned()),
            amr: vec![Amr::Hardware, Amr::Fingerprint],
            expires: page.expires,
            counter: self.counter,
        };
        Ok(self.uv.sign(response.draft(&self.uv.public, KeyNaming::Thumbprint)))
    }
}
