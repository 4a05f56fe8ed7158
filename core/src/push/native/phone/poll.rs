//! Requests by proof: asking for status and challenges, and registering a push address.

use super::Error;
use super::hear::Heard;
use super::requests::is_of_unknown_key;
use super::task::{Exchange, Proven, Task, Then, Turn, Unsigned, Work};
use super::verifier::LONGEST_ANSWER;
use crate::push::MessageError;
use crate::push::jose::sha256;
use crate::push::model::{Arrival, HttpRequest, KeyPurpose, Method, Outcome, Step};
use crate::push::native::messages::{ErrorCode, Inbox, KeyNaming, Message, Proof, PushAddress};

impl Proven {
    const fn method(&self) -> Method {
        if self.body.is_some() { Method::Post } else { Method::Get }
    }

    const fn endpoint(&self) -> &'static str {
        if self.body.is_some() { "push" } else { "challenges" }
    }
}

impl Work<'_> {
    /// A request by proof.
    pub(super) fn proven(&self, proven: &Proven, proof: &str) -> HttpRequest {
        let mut headers = vec![("Proof", proof.to_owned())];
        headers.extend(proven.body.as_ref().map(|_| ("Content-Type", "application/json".to_owned())));
        HttpRequest {
            method: proven.method(),
            url: self.url(proven.endpoint()),
            headers,
            body: proven.body.clone().unwrap_or_default().into_bytes(),
            longest_answer: LONGEST_ANSWER,
        }
    }
}

impl Task {
    /// Makes the proof of a request.
    pub(super) fn prove(&mut self, work: &Work<'_>, proven: Proven) -> Result<Turn, Error> {
        let key = work.enrollment.possession.clone();
        let proof = Proof {
            issuer: work.enrollment.id.clone(),
            audience: work.verifier.base().as_str().to_owned(),
            issued: work.time(),
            method: proven.method().name().to_owned(),
            url: work.url(proven.endpoint()),
            body: sha256(&[proven.body.as_deref().unwrap_or_default().as_bytes()]),
            nonce: work.nonce()?,
        };
        let draft = proof.draft(key.public(), KeyNaming::Thumbprint);
        Ok(self.sign(Unsigned { draft, key, purpose: KeyPurpose::Possession, then: Then::Prove(proven) }, None))
    }

    pub(super) fn inbox_arrived(
        &mut self,
        work: &mut Work<'_>,
        exchange: Exchange,
        proven: &Proven,
        arrival: Arrival,
    ) -> Result<Turn, Error> {
        let asks = |verifier: &_, inbox: &Inbox| inbox.challenges.iter().any(|text| is_of_unknown_key(verifier, text));
        let inbox = match work.hear::<Inbox>(&exchange, &arrival, asks)? {
            Heard::NeedsMetadata => return Ok(self.fetch(work, exchange, arrival)),
            Heard::Told(ErrorCode::ProofTime) if !proven.again => {
                return self.prove(work, Proven { again: true, ..proven.clone() });
            }
            Heard::Told(code) if proven.body.is_some() => {
                work.enrollment.push.pop();
                return self.told(work, code);
            }
            Heard::Told(code) => return Ok(Turn::Told(code)),
            Heard::Answer(inbox, _) => inbox,
        };
        if proven.body.is_some() {
            return work.push_confirmed(&inbox).map(Turn::Step);
        }
        let (enrollment, now) = (&mut work.enrollment, work.now);
        let before = enrollment.open();
        enrollment.take_status(inbox.status, now);
        let refused = enrollment.take_listed(&work.verifier, &inbox.challenges, now);
        let after = enrollment.open();
        let mut new = enrollment.requests(&work.verifier, now);
        new.retain(|request| !before.contains(&request.id));
        let closed = before.into_iter().filter(|id| !after.contains(id)).collect();
        Ok(Turn::Step(Step::Done(Outcome::Polled { status: inbox.status, refused, new, closed })))
    }
}

impl Work<'_> {
    fn push_confirmed(&mut self, inbox: &Inbox) -> Result<Step, Error> {
        self.take_bare(inbox)?;
        let newest = self.enrollment.push.pop();
        self.enrollment.push = newest.into_iter().filter(|woken| woken.address != PushAddress::None).collect();
        Ok(Step::Done(Outcome::Changed { status: inbox.status }))
    }

    /// An inbox that answers something else than a poll: it lists nothing, and closes nothing.
    pub(super) fn take_bare(&mut self, inbox: &Inbox) -> Result<(), Error> {
        if !inbox.challenges.is_empty() {
            return Err(MessageError::Malformed("challenges").into());
        }
        self.enrollment.take_status(inbox.status, self.now);
        Ok(())
    }
}
