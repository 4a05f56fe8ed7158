//! A question to the phone, the ways to answer it, and how it ended.

use countersign_qr::Level;

use super::parts::{Digits, button, picture, shown, text, token};
use super::{Frame, Page, Watch};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Question {
    /// To sign in.
    SignIn,
    /// To pay.
    Payment {
        /// Whom.
        payee: String,
        /// How much, such as `120.00 €`.
        amount: String,
    },
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Stand {
    /// Nobody has answered; how many tries the phone has left.
    Pending(u8),
    Approved,
    Used,
    Denied,
    Reported,
    Expired,
    Superseded,
    Cancelled,
    Failed,
}

impl Stand {
    /// What a page that shows this has seen, as the script compares it.
    pub(in super::super) fn seen(self) -> String {
        match self {
            Self::Pending(left) => format!("pending {left}"),
            other => other.name().to_owned(),
        }
    }

    /// The state without what it holds.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Approved => "approved",
            Self::Used => "used",
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// What is said where the page changes by itself.
    pub(in super::super) fn said(self, question: &Question) -> String {
        match self {
            Self::Pending(3..) => "Waiting for your phone.".to_owned(),
            Self::Pending(left) => wrong(left),
            Self::Approved => "Approved.".to_owned(),
            other => {
                let (title, what, _) = ending(other, question);
                format!("{title}. {what}")
            }
        }
    }
}

/// A question as the page knows it.
#[derive(Debug)]
pub(in super::super) struct Ask<'a> {
    /// Its place in addresses; not a secret.
    pub(in super::super) handle: &'a str,
    pub(in super::super) question: &'a Question,
    /// The digits to be typed on the phone.
    pub(in super::super) digits: &'a str,
    /// Seconds until it ends, and of how many.
    pub(in super::super) left: (i64, i64),
    /// Phones' names and what a code holds for each that has no network.
    pub(in super::super) codes: &'a [(String, String)],
    /// Phones that another browser is asking.
    pub(in super::super) waiting: &'a [String],
    pub(in super::super) stand: Stand,
    pub(in super::super) problem: Option<&'a str>,
    /// Whether time-based codes are accepted.
    pub(in super::super) totp: bool,
}

impl Ask<'_> {
    fn at(&self, rest: &str) -> String {
        format!("/ask/{}{rest}", self.handle)
    }

    fn watch(&self, seen: String, reload: bool) -> Option<Watch> {
        Some(Watch { address: self.at("/status"), seen, reload })
    }

    fn title(&self) -> String {
        match self.question {
            Question::SignIn => "Approve on your phone".to_owned(),
            Question::Payment { payee, amount } => format!("Pay {amount} to {payee}?"),
        }
    }

    /// The time that is left, and what for.
    fn time(&self, what: &str) -> String {
        let (left, all) = (self.left.0.max(0), self.left.1.max(1));
        format!(
            "<div class=\"time\"><progress max=\"{all}\" value=\"{left}\" aria-hidden=\"true\"></progress>\
             <small>{what} in <span data-left=\"{left}\">{}:{:02}</span></small></div>",
            left / 60,
            left % 60
        )
    }
}

fn wrong(left: u8) -> String {
    let tries = if left == 1 { "1\u{a0}try".to_owned() } else { format!("{left}\u{a0}tries") };
    format!("Wrong digits on the phone. {tries} left.")
}

/// The page of a question: the digits, or how it ended.
pub(in super::super) fn ask(frame: &Frame, ask: &Ask<'_>) -> Page {
    match ask.stand {
        Stand::Pending(left) => pending(frame, ask, left),
        Stand::Approved => approved(frame, ask),
        ended => {
            let (title, what, class) = ending(ended, ask.question);
            let (label, place) = match ask.question {
                Question::SignIn => ("Start again", "/"),
                Question::Payment { .. } => ("Back to your account", "/account"),
            };
            let body = format!(
                "{}<h1>{}</h1><p class=\"lead\">{}</p><p><a class=\"button\" href=\"{place}\">{label}</a></p>",
                icon(class),
                text(title),
                text(&what)
            );
            Page::new(title, body)
        }
    }
}

fn pending(frame: &Frame, ask: &Ask<'_>, left: u8) -> Page {
    let details = match ask.question {
        Question::SignIn => String::new(),
        Question::Payment { payee, amount } => {
            format!("<dl><dt>To</dt><dd>{}</dd><dt>Amount</dt><dd>{}</dd></dl>", text(payee), text(amount))
        }
    };
    // One takes the other's place, so that nothing moves.
    let lead = if left < 3 {
        format!("<p class=\"lead two bad\">{}</p>", text(&wrong(left)))
    } else {
        "<p class=\"lead two\">Open Countersign and type these digits.</p>".to_owned()
    };
    let waiting = if ask.waiting.is_empty() {
        String::new()
    } else {
        format!(
            "<p class=\"problem\">Not asked, because another browser is asking it: {}.</p>",
            text(&ask.waiting.join(", "))
        )
    };
    let way = |place: &str, label: &str| format!("<li><a href=\"{}\">{label}</a></li>", text(&ask.at(place)));
    let totp = if ask.totp { way("/code", "Use a code instead") } else { String::new() };
    let offline = if ask.codes.is_empty() { String::new() } else { way("/offline", "No network on the phone?") };
    let body = format!(
        "<h1>{}</h1>{details}{lead}{}{waiting}{}\
         <ul class=\"ways\"><li>{}</li>{offline}{totp}<li>{}</li></ul>\
         <p class=\"aside\">Nobody from {} will ever ask you for these digits. Didn’t start this yourself? \
         Tap <b>It wasn’t me</b> on the phone.</p>",
        text(&ask.title()),
        shown(ask.digits),
        ask.time("Waiting for your phone · ends"),
        button(frame, &ask.at("/again"), "link", "Send again"),
        button(frame, &ask.at("/cancel"), "link", "Cancel"),
        text(&frame.service),
    );
    Page { watch: ask.watch(ask.stand.seen(), true), ..Page::new(&ask.title(), body) }
}

fn approved(frame: &Frame, ask: &Ask<'_>) -> Page {
    let next = match ask.question {
        Question::SignIn => "One moment: you’re being signed in.",
        Question::Payment { .. } => "One moment: the payment is being made.",
    };
    let body = format!(
        "{}<h1>Approved</h1><p class=\"lead\">{next}</p>\
         <form id=\"finish\" method=\"post\" action=\"{}\">{}<button class=\"main\">Continue</button></form>",
        icon("good"),
        text(&ask.at("/finish")),
        token(&frame.token)
    );
    Page::new("Approved", body)
}

/// For a phone without a network: each phone's own code, and the eight digits that it answers with.
pub(in super::super) fn offline(frame: &Frame, ask: &Ask<'_>) -> Page {
    let several = ask.codes.len() > 1;
    let codes: String = ask
        .codes
        .iter()
        .map(|(phone, uri)| {
            let name = if several { format!("<h2>{}</h2>", text(phone)) } else { String::new() };
            let what = format!("QR code for {phone}");
            format!("{name}<div class=\"wide\">{}</div>", picture(uri, Level::Low, "qr-wide", &what, Some(4)))
        })
        .collect();
    let which = if several { "the code of your phone" } else { "this code" };
    let body = format!(
        "<h1>No network on the phone</h1><p class=\"lead\">In Countersign, choose <b>Scan</b> and point the camera at {which}. \
         Check what the phone shows; it answers with eight digits.</p>{codes}\
         <form method=\"post\" action=\"{}\" class=\"answer\">{}{}<button class=\"main\">Approve</button></form>{}{}",
        text(&ask.at("/offline")),
        token(&frame.token),
        Digits { label: "Eight digits on your phone", count: 8, problem: ask.problem, focus: ask.problem.is_some() },
        ask.time("Ends"),
        back(ask)
    );
    Page { watch: ask.watch("pending".to_owned(), false), ..Page::new("No network on the phone", body) }
}

/// A time-based code instead of an approval.
pub(in super::super) fn code(frame: &Frame, ask: &Ask<'_>) -> Page {
    let body = format!(
        "<h1>Use a code</h1><p class=\"lead\">Open {} in Countersign. It shows six digits that change every 30 seconds.</p>\
         <form method=\"post\" action=\"{}\" class=\"answer\">{}{}<button class=\"main\">Sign in</button></form>{}{}",
        text(&frame.service),
        text(&ask.at("/code")),
        token(&frame.token),
        Digits { label: "Six digits from Countersign", count: 6, problem: ask.problem, focus: true },
        ask.time("Ends"),
        back(ask)
    );
    Page { watch: ask.watch("pending".to_owned(), false), ..Page::new("Use a code", body) }
}

fn back(ask: &Ask<'_>) -> String {
    format!("<ul class=\"ways\"><li><a href=\"{}\">Back</a></li></ul>", text(&ask.at("")))
}

/// Title, what it means and what to do, and the icon.
fn ending(stand: Stand, question: &Question) -> (&'static str, String, &'static str) {
    let (nothing, again) = match question {
        Question::SignIn => ("Nobody was signed in.", "start again"),
        Question::Payment { .. } => ("Nothing was paid.", "start again from your account"),
    };
    match stand {
        Stand::Denied => (
            "Turned down",
            format!("The request was denied on your phone. {nothing} If that was a slip, {again}."),
            "bad",
        ),
        Stand::Reported => (
            "Reported",
            format!(
                "Somebody said on the phone that this request wasn’t theirs. {nothing} The phone is frozen until the \
                 operator has looked into it. If it was you after all, tell the operator."
            ),
            "bad",
        ),
        Stand::Expired => (
            "This request has ended",
            format!("It wasn’t answered, or not used, in time. {nothing} If you’re still there, {again}."),
            "time",
        ),
        Stand::Superseded => (
            "Asked again elsewhere",
            format!(
                "Another page of this browser has asked anew, so these digits count no more. Go on there, or {again}."
            ),
            "time",
        ),
        Stand::Failed => (
            "Three wrong tries",
            format!(
                "Wrong digits were typed three times, so this request has ended. {nothing} For new digits, {again}."
            ),
            "bad",
        ),
        Stand::Used => (
            "Already used",
            format!("This approval has been used, and each works once. To do it anew, {again}."),
            "time",
        ),
        Stand::Cancelled | Stand::Pending(_) | Stand::Approved => {
            ("Cancelled", format!("This request was taken back. {nothing}"), "time")
        }
    }
}

fn icon(class: &str) -> String {
    let path = match class {
        "good" => "M15 25l7 7 12-14",
        "bad" => "M17 17l14 14M31 17L17 31",
        _ => "M24 14v10l7 5",
    };
    format!(
        "<svg class=\"icon {class}\" viewBox=\"0 0 48 48\" aria-hidden=\"true\"><circle cx=\"24\" cy=\"24\" r=\"21\"/>\
         <path d=\"{path}\"/></svg>"
    )
}
