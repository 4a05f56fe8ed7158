//! Approvals: a sign-in service with pages, phones that approve there, and what is refused.

use std::path::Path;

use countersign_core::push::jose::{SoftwareKey, decode, encode};
use countersign_core::push::model::{Decision, HttpResponse, Status};
use countersign_core::push::native::messages::ReceiptStatus;

use super::browser::Browser;
use super::phone::{Phone, is_network_trouble};
use super::service::{Options, Service};
use super::{Steps, ensure};
use crate::approvals;
use crate::failure::{Failure, file};
use crate::terminal::answer;
use crate::vaults::entropy;

/// The person of the play.
const NAME: &str = "ada";

/// Everything that the play needs.
struct Play {
    service: Service,
    browser: Browser,
    phone: Phone,
    folder: tempfile::TempDir,
}

pub(super) fn run(steps: &mut Steps) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(file(Path::new("temporary folder")))?;
    let service = Service::start(Options::default())?;
    let browser = Browser::new(service.address());
    let phone = Phone::new(folder.path(), "Ada's phone")?;
    let mut play = Play { service, browser, phone, folder };

    steps.next("A sign-in service with a page: its QR code makes the phone one that approves")?;
    play.sign_up()?;
    steps.next("A sign-in: the page shows six digits, the phone shows who asks, the digits are typed there")?;
    play.approve()?;
    steps.next("Wrong digits, then the right ones")?;
    play.wrong_digits()?;
    steps.next("Denied")?;
    play.deny()?;
    steps.next("\"It wasn't me\": reported, blocked, released by the operator")?;
    play.report()?;
    steps.next("A request that nobody answers ends")?;
    play.expire()?;
    steps.next("A recorded answer, sent again")?;
    play.replay()?;
    steps.next("A forged request, refused before anything of it is shown")?;
    play.forge()?;
    steps.next("A payment: the phone shows whom and how much, and signs that")?;
    play.pay()?;
    steps.next("A second phone: the first answer counts, the other closes")?;
    play.second_phone()?;
    steps.next("No network on the phone: a QR code from the page, eight digits back")?;
    play.offline()?;
    steps.next("A time-based code of the same account")?;
    play.code()
}

impl Play {
    fn sign_up(&mut self) -> Result<(), Failure> {
        self.browser.open("/sign-up")?;
        self.browser.submit("/sign-up", &[("name", NAME)])?;
        let link = self.browser.read_code(0, self.folder.path())?;
        let (_, server, account, digits) = self.phone.enroll(&link)?;
        answer(&format!(
            "   {} · scanned from the picture; signed names: {server}, {account}",
            self.service.address()
        ))?;
        answer(&format!("   six digits on the phone: {digits}, typed into the page"))?;
        self.browser.reload()?;
        self.browser.submit("/phone", &[("digits", &digits)])?;
        self.signed_in()?;
        self.phone.poll()?;
        ensure(self.phone.known()?.status == Some(Status::Active), "the phone isn't active")
    }

    fn signed_in(&self) -> Result<(), Failure> {
        ensure(self.browser.sees("signed in"), "the page doesn't let the person in")?;
        answer(&format!("   the page: {}", self.browser.heading()))
    }

    /// Asks for a sign-in in a fresh window.
    fn ask(&mut self) -> Result<(), Failure> {
        self.browser = Browser::new(self.service.address());
        self.browser.open("/")?;
        self.browser.submit("/sign-in", &[("name", NAME)])
    }

    /// The page has noticed that the phone approved, and lets the person in.
    fn finish(&mut self) -> Result<(), Failure> {
        self.browser.reload()?;
        self.browser.submit("/finish", &[])?;
        self.signed_in()
    }

    fn approve(&mut self) -> Result<(), Failure> {
        self.ask()?;
        let digits = self.browser.digits()?;
        answer(&format!("   the page shows {digits}"))?;
        let request = self.phone.request()?;
        ensure(request.request.verified_context, "the request isn't verified")?;
        approvals::show(&request)?;
        let answered = self.phone.answer(&request, Decision::Approve, Some(&digits))?;
        ensure(answered.status == Some(ReceiptStatus::Approved), "the approval doesn't count")?;
        self.finish()
    }

    fn wrong_digits(&mut self) -> Result<(), Failure> {
        self.ask()?;
        let digits = self.browser.digits()?;
        let wrong: String = digits.chars().rev().map(|digit| if digit == '9' { '0' } else { '9' }).collect();
        let request = self.phone.request()?;
        let answered = self.phone.answer(&request, Decision::Approve, Some(&wrong))?;
        let Some(ReceiptStatus::WrongCode { attempts_left }) = answered.status else {
            return Err(Failure::Demo("wrong digits were taken"));
        };
        answer(&format!("   wrong: {attempts_left} tries left, and the page says so too"))?;
        self.browser.reload()?;
        ensure(self.browser.sees("2 tries left"), "the page doesn't tell of the wrong digits")?;
        let request = self.phone.request()?;
        let answered = self.phone.answer(&request, Decision::Approve, Some(&digits))?;
        ensure(answered.status == Some(ReceiptStatus::Approved), "the right digits don't count any more")?;
        self.finish()
    }

    fn deny(&mut self) -> Result<(), Failure> {
        self.ask()?;
        let request = self.phone.request()?;
        let answered = self.phone.answer(&request, Decision::Deny, None)?;
        ensure(answered.status == Some(ReceiptStatus::Denied), "the denial doesn't count")?;
        self.browser.reload()?;
        answer(&format!("   the page: {}", self.browser.heading()))
    }

    fn report(&mut self) -> Result<(), Failure> {
        self.ask()?;
        let request = self.phone.request()?;
        let answered = self.phone.answer(&request, Decision::Report, None)?;
        ensure(answered.status == Some(ReceiptStatus::Reported), "the report doesn't count")?;
        self.browser.reload()?;
        answer(&format!("   the page: {}", self.browser.heading()))?;
        self.phone.poll()?;
        ensure(self.phone.known()?.status == Some(Status::Frozen), "the phone doesn't know that it is blocked")?;
        self.ask()?;
        ensure(self.browser.digits().is_err(), "a blocked phone was asked")?;
        let released = self.service.operator().release(NAME)?;
        answer(&format!("   asked again meanwhile: nothing arrives; then released: {}", released.join(", ")))?;
        self.phone.poll()?;
        ensure(self.phone.known()?.status == Some(Status::Active), "the phone wasn't released")
    }

    fn expire(&mut self) -> Result<(), Failure> {
        self.ask()?;
        self.phone.request()?;
        self.service.operator().ahead(121);
        ensure(self.phone.poll()?.is_empty(), "an ended request still waits on the phone")?;
        self.browser.reload()?;
        answer(&format!("   two minutes later · the phone: nothing waits; the page: {}", self.browser.heading()))
    }

    fn replay(&mut self) -> Result<(), Failure> {
        self.ask()?;
        let digits = self.browser.digits()?;
        let request = self.phone.request()?;
        let answered = self.phone.answer(&request, Decision::Approve, Some(&digits))?;
        ensure(answered.status == Some(ReceiptStatus::Approved), "the approval doesn't count")?;
        self.finish()?;
        let again = self.phone.send_again(&answered.request);
        ensure(again.is_some() && again == answered.receipt, "the same answer got another receipt")?;
        self.ask()?;
        self.phone.send_again(&answered.request);
        self.browser.reload()?;
        ensure(self.browser.digits().is_ok(), "an old answer approved a new sign-in")?;
        let request = self.phone.request()?;
        self.phone.answer(&request, Decision::Deny, None)?;
        answer("   the same receipt as before, and nothing else: the sign-in that is open now stays open")
    }

    fn forge(&mut self) -> Result<(), Failure> {
        self.service.operator().ahead(3700);
        self.ask()?;
        let id = self.phone.known()?.id;
        let refused = self.phone.poll_through(id, forged)?;
        ensure(is_network_trouble(&refused), "a forged answer counted for something")?;
        let waiting = self.phone.desk().requests(crate::terminal::now())?;
        ensure(waiting.is_empty(), "a forged request is shown")?;
        answer(&format!("   \"{refused}\": nothing is shown or kept; the true one arrives after it"))?;
        let request = self.phone.request()?;
        self.phone.answer(&request, Decision::Deny, None)?;
        Ok(())
    }

    fn pay(&mut self) -> Result<(), Failure> {
        self.service.operator().ahead(3700);
        self.ask()?;
        let digits = self.browser.digits()?;
        let request = self.phone.request()?;
        self.phone.answer(&request, Decision::Approve, Some(&digits))?;
        self.finish()?;
        self.browser.submit("/pay", &[("payee", "ACME"), ("amount", "120.00")])?;
        let digits = self.browser.digits()?;
        let request = self.phone.request()?;
        approvals::show(&request)?;
        let answered = self.phone.answer(&request, Decision::Approve, Some(&digits))?;
        ensure(answered.status == Some(ReceiptStatus::Approved), "the approval doesn't count")?;
        self.browser.reload()?;
        self.browser.submit("/finish", &[])?;
        ensure(self.browser.sees("ACME"), "the payment isn't there")?;
        answer("   paid: 120.00 € to ACME")
    }

    fn second_phone(&mut self) -> Result<(), Failure> {
        self.browser.submit("/phone/new", &[])?;
        let link = self.browser.read_code(0, self.folder.path())?;
        let mut second = Phone::new(self.folder.path(), "Ada's tablet")?;
        let (.., digits) = second.enroll(&link)?;
        self.browser.reload()?;
        self.browser.submit("/phone", &[("digits", &digits)])?;
        self.ask()?;
        let digits = self.browser.digits()?;
        let (first, other) = (self.phone.request()?, second.request()?);
        let answered = second.answer(&other, Decision::Approve, Some(&digits))?;
        ensure(answered.status == Some(ReceiptStatus::Approved), "the second phone's answer doesn't count")?;
        let late = self.phone.answer(&first, Decision::Approve, Some(&digits))?;
        ensure(late.status == Some(ReceiptStatus::Cancelled), "two phones decided one sign-in")?;
        ensure(self.phone.poll()?.is_empty(), "the other phone still shows the request")?;
        answer("   approved on the tablet; the phone's own answer came too late: cancelled")?;
        self.finish()
    }

    fn offline(&mut self) -> Result<(), Failure> {
        self.ask()?;
        self.browser.follow("/offline")?;
        let mut shown = Err(Failure::NoCode);
        for which in 0..2 {
            let link = self.browser.read_code(which, self.folder.path())?;
            shown = self.phone.eight_digits(&link);
            if shown.is_ok() {
                break;
            }
        }
        let (request, digits) = shown?;
        approvals::show(&request)?;
        answer(&format!("   eight digits on the phone: {digits}, typed into the page"))?;
        self.browser.submit("/offline", &[("digits", &digits)])?;
        if !self.browser.sees("signed in") {
            self.browser.submit("/finish", &[])?;
        }
        self.signed_in()?;
        let id = self.phone.known()?.id;
        self.phone.resend(id).map(drop)
    }

    fn code(&mut self) -> Result<(), Failure> {
        self.ask()?;
        self.browser.follow("/code")?;
        self.phone.poll()?;
        let code = self.phone.code()?;
        answer(&format!("   the phone shows {code}"))?;
        self.browser.submit("/code", &[("digits", &code)])?;
        if !self.browser.sees("signed in") {
            self.browser.submit("/finish", &[])?;
        }
        self.signed_in()
    }
}

/// The server's answer as somebody in the middle makes it who wants another request approved: the words changed, signed by
/// a key of their own under the server's key's name.
fn forged(answer: &HttpResponse) -> Option<HttpResponse> {
    let text = std::str::from_utf8(answer.body()).ok()?;
    let (input, _) = text.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let payload = String::from_utf8(decode(payload)?).ok()?;
    let challenge = payload.split_once("\"challenges\":[\"")?.1.split_once('"')?.0;
    let key = SoftwareKey::make(&*entropy()).ok()?;
    let sign = |header: &str, payload: &str| {
        let input = format!("{header}.{}", encode(payload.as_bytes()));
        let signature = key.sign(input.as_bytes());
        format!("{input}.{}", encode(&signature))
    };
    let mut parts = challenge.split('.');
    let (inner_header, inner) = (parts.next()?, String::from_utf8(decode(parts.next()?)?).ok()?);
    let changed = sign(inner_header, &inner.replace("Payroll", "Lottery"));
    HttpResponse::new(200, sign(header, &payload.replace(challenge, &changed)).into_bytes())
}
