//! What a person does with a phone: the command line's own authenticator, over a vault of its own.

use std::path::Path;

use countersign_core::push::desk::{Approvals, Error, Joined, Known, NewKeys, Operation, Verification, Waiting};
use countersign_core::push::model::{Confirmation, Decision, HttpRequest, HttpResponse, Outcome, Step};
use countersign_core::push::native::Invitation;
use countersign_core::push::native::messages::{Amr, Device, ReceiptStatus};
use countersign_core::push::native::phone::{self, PushChoice, Reply};
use countersign_core::vault::{Cost, Password, PushId, Selection, UvRoot, Vault};

use super::vault::random_text;
use crate::approvals::{self, carry, desk, poll_all};
use crate::enrollments::walk;
use crate::failure::Failure;
use crate::network::Network;
use crate::terminal::now;
use crate::vaults::entropy;

/// A phone: a vault that its owner has unlocked, and a network.
pub(super) struct Phone {
    vault: Vault,
    root: UvRoot,
    network: Network,
    name: &'static str,
}

/// A sent answer: what became of it, and its bytes.
pub(super) struct Answered {
    pub(super) status: Option<ReceiptStatus>,
    pub(super) request: HttpRequest,
    pub(super) receipt: Option<HttpResponse>,
}

impl Phone {
    pub(super) fn new(folder: &Path, name: &'static str) -> Result<Self, Failure> {
        let password = Password::chosen(random_text()?.into_bytes())?;
        let path = folder.join(format!("{}.countersign", random_text()?));
        let (mut vault, _) = Vault::create(&path, entropy(), &password, Cost::LEAST, now())?;
        let root = vault.uv_root(&password, now())?;
        Ok(Self { vault, root, network: Network::new(), name })
    }

    pub(super) fn desk(&mut self) -> Approvals<'_> {
        desk(&mut self.vault)
    }

    /// Enrols by the text of a QR code; gives names and the six digits for the page.
    pub(super) fn enroll(&mut self, link: &str) -> Result<(PushId, String, String, String), Failure> {
        let invitation = Invitation::parse(link, true).map_err(Failure::Invitation)?;
        let member = |text: &str| text.to_owned();
        let (model, os, app) = (member("Desktop"), member(std::env::consts::OS), member("countersign"));
        let device = Device { name: self.name.to_owned(), model, os, app };
        let mut desk = Approvals::new(&mut self.vault, None, entropy());
        let mut joining = desk.join(invitation, device, PushChoice::None, NewKeys::Software, &self.root)?;
        match walk(&mut desk, &self.network, &mut joining, &self.root)? {
            Joined::Done { id, server, account, digits, .. } => Ok((id, server, account, digits)),
            Joined::Step(_) => Err(Failure::Demo("an enrolment stopped half-way")),
        }
    }

    /// Asks the server; gives the requests that wait.
    pub(super) fn poll(&mut self) -> Result<Vec<Waiting>, Failure> {
        let mut desk = desk(&mut self.vault);
        poll_all(&mut desk, &self.network)?;
        Ok(desk.requests(now())?)
    }

    /// The one request that waits.
    pub(super) fn request(&mut self) -> Result<Waiting, Failure> {
        let mut waiting = self.poll()?;
        match (waiting.pop(), waiting.is_empty()) {
            (Some(request), true) => Ok(request),
            _ => Err(Failure::Demo("not exactly one request arrived at the phone")),
        }
    }

    /// Answers a request: types the digits, passes verification, sends.
    pub(super) fn answer(
        &mut self,
        waiting: &Waiting,
        decision: Decision,
        code: Option<&str>,
    ) -> Result<Answered, Failure> {
        let mut desk = Approvals::new(&mut self.vault, None, entropy());
        let mut operation = Operation::decide(waiting.enrollment, waiting.request.id, decision);
        let mut step = desk.begin(&mut operation, now())?;
        let mut sent = None;
        loop {
            step = match step {
                Step::NeedsCode { .. } => {
                    let code = code.ok_or(Failure::Demo("the phone asked for digits that nobody typed"))?;
                    desk.next(&mut operation, Reply::Code(code.to_owned()), now())?
                }
                Step::NeedsUserVerification => {
                    let verification = Verification { root: Some(&self.root), by: vec![Amr::Password] };
                    desk.verified(&mut operation, verification, now())?
                }
                Step::Send(request) => {
                    let exchange = self.network.send(&request);
                    sent.get_or_insert((request, exchange.arrival.response.clone()));
                    desk.next(&mut operation, Reply::Arrived(exchange.arrival), now())?
                }
                Step::Done(Outcome::Answered(entry)) => {
                    let (request, receipt) = sent.ok_or(Failure::Demo("an answer was never sent"))?;
                    let status = match entry.confirmation {
                        Confirmation::Receipt(status) => Some(status),
                        Confirmation::Unconfirmed | Confirmation::GivenUp | Confirmation::ByDigits => None,
                    };
                    return Ok(Answered { status, request, receipt });
                }
                _ => return Err(Failure::Demo("the phone asked for something that this kind of request never needs")),
            };
        }
    }

    /// Sends bytes as they are, as somebody would who has recorded them.
    pub(super) fn send_again(&self, request: &HttpRequest) -> Option<HttpResponse> {
        self.network.send(request).arrival.response
    }

    /// Polls through somebody in the middle, who changes what the server says; gives why it was refused.
    pub(super) fn poll_through(
        &mut self,
        id: PushId,
        change: impl FnOnce(&HttpResponse) -> Option<HttpResponse>,
    ) -> Result<Error, Failure> {
        let mut desk = Approvals::new(&mut self.vault, None, entropy());
        let mut operation = Operation::poll(id);
        let Step::Send(request) = desk.begin(&mut operation, now())? else {
            return Err(Failure::Demo("a poll sends nothing"));
        };
        let mut arrival = self.network.send(&request).arrival;
        arrival.response = arrival.response.as_ref().and_then(change);
        match desk.next(&mut operation, Reply::Arrived(arrival), now()) {
            Err(error) => Ok(error),
            Ok(_) => Err(Failure::Demo("the phone took a forged answer")),
        }
    }

    /// Scans the page's QR code and shows the eight digits.
    pub(super) fn eight_digits(&mut self, link: &str) -> Result<(Waiting, String), Failure> {
        let mut desk = Approvals::new(&mut self.vault, None, entropy());
        let waiting = desk.scan(link, now())?;
        let (_, digits, _) = approvals::eight_digits(&mut desk, &waiting, &self.root)?;
        Ok((waiting, digits))
    }

    /// The enrolment as the phone lists it.
    pub(super) fn known(&mut self) -> Result<Known, Failure> {
        let known = self.desk().enrollments(now())?.into_iter().next();
        known.ok_or(Failure::Demo("the phone has no enrolment"))
    }

    /// The time-based code of the account that came with the enrolment.
    pub(super) fn code(&mut self) -> Result<String, Failure> {
        let id = self.vault.accounts(&Selection::default())?.first().map(|account| account.id);
        let id = id.ok_or(Failure::Demo("the enrolment brought no account for codes"))?;
        Ok(self.vault.code(id, now())?.code.as_str().to_owned())
    }

    /// Sends what isn't confirmed.
    pub(super) fn resend(&mut self, id: PushId) -> Result<Step, Failure> {
        let mut desk = Approvals::new(&mut self.vault, None, entropy());
        let mut operation = Operation::resend(id);
        let step = desk.begin(&mut operation, now())?;
        carry(&mut desk, &self.network, &mut operation, step)
    }
}

/// Whether a poll was refused as nothing that the server has signed.
pub(super) fn is_network_trouble(error: &Error) -> bool {
    *error == Error::Protocol(phone::Error::Network)
}
