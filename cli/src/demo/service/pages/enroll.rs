//! A phone is added: the invitation as a QR code, then the six digits that the phone shows.

use countersign_qr::Level;

use super::parts::{Digits, button, picture, text, token};
use super::{Frame, Page, Watch};

/// What the page shows of an invitation.
#[derive(Debug)]
pub(in super::super) struct Invited<'a> {
    /// `countersign://enroll?…`
    pub(in super::super) uri: &'a str,
    /// Whether a phone has used it, so that its digits may be typed.
    pub(in super::super) scanned: bool,
    pub(in super::super) problem: Option<&'a str>,
}

/// The page of a phone that is being added.
pub(in super::super) fn invitation(frame: &Frame, invited: &Invited<'_>) -> Page {
    let again = button(frame, "/phone/new", "link", "Show a new code");
    let form = |label| {
        format!(
            "<form method=\"post\" action=\"/phone\" class=\"answer\">{}{}<button class=\"main\">Confirm</button></form>",
            token(&frame.token),
            Digits { label, count: 6, problem: invited.problem, focus: invited.scanned || invited.problem.is_some() }
        )
    };
    let body = if invited.scanned {
        format!(
            "<p class=\"step\">Step 2 of 2</p><h1>Type the six digits on your phone</h1>\
             <p class=\"lead\">Check first that the phone names <b>{}</b> and your account. You have three tries.</p>{}\
             <p class=\"aside\">No digits on the phone, or it says that someone else has used the code? Don’t go on.</p>{again}",
            text(&frame.service),
            form("Six digits")
        )
    } else {
        let uri = text(invited.uri);
        format!(
            "<p class=\"step\">Step 1 of 2</p><h1>Add your phone</h1>\
             <p class=\"lead\">Open Countersign on your phone, tap <b>+</b>, and point the camera here.</p>{}\
             <p class=\"center\"><a href=\"{uri}\">or open on this phone</a></p>\
             <details><summary>Can’t scan?</summary><p>In Countersign, choose <b>Paste a link</b> and give it this. It is \
             a secret: it works once, for ten minutes.</p><p class=\"uri\" tabindex=\"0\">{uri}</p></details>\
             <hr>{}{again}",
            picture(invited.uri, Level::Medium, "qr", "QR code for Countersign on your phone", None),
            form("Then type the six digits on your phone")
        )
    };
    let seen = if invited.scanned { "scanned" } else { "waiting" };
    // Digits are typed here: without scripts the page doesn't reload under the person's fingers.
    let watch = Watch { address: "/phone/status".to_owned(), seen: seen.to_owned(), reload: false };
    Page { watch: Some(watch), ..Page::new("Add your phone", body) }
}

/// An invitation that ended.
pub(in super::super) fn ended(frame: &Frame, why: &str) -> Page {
    let body = format!(
        "<h1>This code has ended</h1><p class=\"lead\">{}</p>{}",
        text(why),
        button(frame, "/phone/new", "main", "Show a new code")
    );
    Page::new("This code has ended", body)
}
