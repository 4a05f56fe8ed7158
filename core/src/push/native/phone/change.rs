//! New keys, another push address, and the end.

use super::Error;
use super::answer::Verifying;
use super::enrollment::{Change, NewKey, Woken};
use super::hear::Heard;
use super::keys::OwnKey;
use super::task::{Exchange, Proven, State, Task, Then, Turn, Unsigned, What, Work};
use crate::entropy::{Entropy, random};
use crate::push::model::{Arrival, KeyPurpose, Outcome, Status, Step};
use crate::push::native::formulas::ExchangeKey;
use crate::push::native::messages::{
    ErrorCode, Inbox, Key, KeyNaming, Message, PushAddress, Remove, Role, Rotate, Transport,
};

/// Addresses that may still be in use while none of the newer ones is confirmed.
const ADDRESSES: usize = 4;

/// Where a phone wants to be woken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PushChoice {
    /// Nowhere: it polls.
    #[default]
    None,
    /// At this address.
    At {
        /// Through whom.
        transport: Transport,
        /// An https URL with UnifiedPush, else the platform's token; at most 1 KiB.
        address: String,
    },
}

impl PushChoice {
    /// The address as it is registered: with a new tag, and new keys where wake-ups are encrypted.
    pub(super) fn draw(&self, entropy: &dyn Entropy) -> Result<Woken, Error> {
        let Self::At { transport, address } = self else {
            return Ok(Woken { address: PushAddress::None, secret: None });
        };
        let tag = random(entropy)?;
        let (keys, secret) = match transport {
            Transport::UnifiedPush => {
                let key = ExchangeKey::make(entropy)?;
                (Some((key.public(), random(entropy)?)), Some(key.secret()))
            }
            Transport::Fcm | Transport::Apns => (None, None),
        };
        let address = PushAddress::At { transport: *transport, address: address.clone(), tag, keys };
        // The rules for addresses stand where they are read.
        let address = PushAddress::parse(address.to_json().as_bytes()).map_err(|_| Error::Address)?;
        Ok(Woken { address, secret })
    }
}

/// A rotation or removal that is being made.
pub(super) struct Plan {
    removes: bool,
    possession: Option<Planned>,
    uv: Option<Planned>,
    /// The verifier has refused the clock of the one before.
    again: bool,
}

/// A new key, and its own message once that is signed.
struct Planned {
    key: OwnKey,
    nested: Option<String>,
}

impl Plan {
    pub(super) fn rotate(possession: Option<OwnKey>, uv: Option<OwnKey>) -> Self {
        Self { removes: false, possession: Planned::of(possession), uv: Planned::of(uv), again: false }
    }

    pub(super) const fn remove() -> Self {
        Self { removes: true, possession: None, uv: None, again: false }
    }

    fn again(change: &Change) -> Self {
        let planned = |new: &NewKey| Planned { key: new.key.clone(), nested: Some(new.nested.clone()) };
        let (possession, uv) = (change.possession.as_ref().map(planned), change.uv.as_ref().map(planned));
        Self { removes: change.removes, possession, uv, again: true }
    }

    /// New keys are two, and neither is one of the present ones.
    fn check(&self, work: &Work<'_>) -> Result<(), Error> {
        let present = [work.enrollment.possession.public(), work.enrollment.uv.public()];
        let new: Vec<_> = [&self.possession, &self.uv].into_iter().flatten().map(|new| new.key.public()).collect();
        let twice = matches!(new.as_slice(), [one, other] if one == other);
        let none = !self.removes && new.is_empty();
        if none || twice || new.iter().any(|key| present.contains(key)) { Err(Error::Keys) } else { Ok(()) }
    }

    /// The first new key that hasn't said yet what it is to be.
    fn silent(&mut self) -> Option<(Role, &mut Planned)> {
        [(Role::Possession, &mut self.possession), (Role::Uv, &mut self.uv)]
            .into_iter()
            .find_map(|(role, new)| new.as_mut().filter(|new| new.nested.is_none()).map(|new| (role, new)))
    }
}

impl Planned {
    fn of(key: Option<OwnKey>) -> Option<Self> {
        key.map(|key| Self { key, nested: None })
    }
}

impl Task {
    pub(super) fn begin_push(&mut self, work: &mut Work<'_>, choice: &PushChoice) -> Result<Turn, Error> {
        if !matches!(work.enrollment.status, Status::Active | Status::Frozen) {
            return Err(Error::NotActive);
        }
        let woken = choice.draw(work.entropy)?;
        let body = woken.address.to_json();
        // The old address wakes as long as the new one isn't confirmed.
        work.enrollment.push.push(woken);
        if work.enrollment.push.len() > ADDRESSES {
            work.enrollment.push.remove(1);
        }
        self.prove(work, Proven { body: Some(body), again: false })
    }

    pub(super) fn begin_change(&mut self, work: &Work<'_>, plan: Plan) -> Result<Turn, Error> {
        let allowed = match work.enrollment.status {
            Status::Active => true,
            Status::Frozen | Status::Suspended => plan.removes,
            Status::Pending | Status::Removed => false,
        };
        if !allowed {
            return Err(Error::NotActive);
        }
        // If the one before has arrived, its keys sign the next: it must be known first.
        if work.enrollment.change.is_some() {
            return Err(Error::HeldBack);
        }
        plan.check(work)?;
        self.state = State::Verify(Verifying::Change(Box::new(plan)));
        Ok(Turn::Step(Step::NeedsUserVerification))
    }

    /// Asks for the next signature of a change: the new keys', then the present user-verification key's.
    pub(super) fn change(&mut self, work: &Work<'_>, mut plan: Plan) -> Result<Turn, Error> {
        let (issuer, audience) = (work.enrollment.id.clone(), work.verifier.base().as_str().to_owned());
        if let Some((role, new)) = plan.silent() {
            let key = new.key.clone();
            let draft = Key { issuer, audience, role }.draft(key.public(), KeyNaming::Whole);
            let purpose = match role {
                Role::Possession => KeyPurpose::Possession,
                Role::Uv => KeyPurpose::UserVerification,
            };
            return Ok(self.sign(Unsigned { draft, key, purpose, then: Then::Nest(plan) }, None));
        }
        let (issued, nonce, key) = (work.time(), work.nonce()?, work.enrollment.uv.clone());
        let draft = if plan.removes {
            Remove { issuer, audience, issued, nonce }.draft(key.public(), KeyNaming::Thumbprint)
        } else {
            let nested = |new: &Option<Planned>| new.as_ref().and_then(|new| new.nested.clone());
            let (possession, uv) = (nested(&plan.possession), nested(&plan.uv));
            Rotate { issuer, audience, issued, nonce, possession, uv }.draft(key.public(), KeyNaming::Thumbprint)
        };
        Ok(self.sign(Unsigned { draft, key, purpose: KeyPurpose::UserVerification, then: Then::Change(plan) }, None))
    }

    pub(super) fn nested(&mut self, work: &Work<'_>, mut plan: Plan, text: String) -> Result<Turn, Error> {
        let (_, new) = plan.silent().ok_or(Error::OutOfStep)?;
        new.nested = Some(text);
        self.change(work, plan)
    }

    pub(super) fn change_signed(&mut self, work: &mut Work<'_>, plan: Plan, text: String) -> Result<Turn, Error> {
        let new = |planned: Option<Planned>| {
            planned.and_then(|planned| Some(NewKey { key: planned.key, nested: planned.nested? }))
        };
        let Plan { removes, possession, uv, again } = plan;
        let change = Change { text: text.clone(), removes, possession: new(possession), uv: new(uv) };
        work.enrollment.change = Some(change);
        self.post(work, What::Change { again }, &text, true)
    }

    pub(super) fn change_arrived(
        &mut self,
        work: &mut Work<'_>,
        exchange: Exchange,
        again: bool,
        arrival: Arrival,
    ) -> Result<Turn, Error> {
        let heard = work.hear::<Inbox>(&exchange, &arrival, |_, _| false)?;
        if matches!(heard, Heard::NeedsMetadata) {
            return Ok(self.fetch(work, exchange, arrival));
        }
        let change = work.enrollment.change.clone().ok_or(Error::OutOfStep)?;
        let inbox = match heard {
            Heard::Answer(inbox, _) => inbox,
            Heard::Told(ErrorCode::ProofTime) if !again => return self.change(work, Plan::again(&change)),
            Heard::Told(code) => {
                work.enrollment.change = None;
                return self.told(work, code);
            }
            Heard::NeedsMetadata => return Err(Error::OutOfStep),
        };
        work.take_bare(&inbox)?;
        work.enrollment.change = None;
        if let Some(new) = change.possession {
            work.enrollment.possession = new.key;
        }
        if let Some(new) = change.uv {
            work.enrollment.uv = new.key;
        }
        Ok(Turn::Step(Step::Done(Outcome::Changed { status: inbox.status })))
    }
}
