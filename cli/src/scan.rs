//! Pictures: what their QR codes hold.

use std::path::{Path, PathBuf};

use countersign_core::enroll::picture::Picture;
use countersign_core::enroll::{self, NotYet, Scanned};
use countersign_qr::{Budget, Content};
use serde_json::{Value, json};

use crate::failure::{Failure, file};
use crate::terminal::{answer, stopwatch};

/// The texts of all codes in a picture file, and how many milliseconds reading them took (without decoding the file).
pub(crate) fn read(path: &Path) -> Result<(Vec<Content>, f64), Failure> {
    let picture = Picture::decode(&std::fs::read(path).map_err(file(path))?)?;
    let elapsed = stopwatch();
    let reading = picture.read(Budget::default())?;
    let milliseconds = elapsed().as_secs_f64() * 1000.0;
    Ok((reading.codes.into_iter().map(|found| found.content).collect(), milliseconds))
}

pub(crate) fn scan(pictures: &[PathBuf], show_secrets: bool) -> Result<(), Failure> {
    let mut any = false;
    for path in pictures {
        let (contents, milliseconds) = read(path)?;
        any |= !contents.is_empty();
        let codes: Vec<Value> = contents.iter().map(|content| describe(content, show_secrets)).collect();
        let rounded = (milliseconds * 10.0).round() / 10.0;
        answer(&json!({ "file": path, "codes": codes, "ms": rounded }).to_string())?;
    }
    if any { Ok(()) } else { Err(Failure::NoCode) }
}

fn describe(content: &Content, show_secrets: bool) -> Value {
    let text = content.text();
    let mut code = match text.map(enroll::parse) {
        Some(Ok(scanned)) => describe_scanned(&scanned),
        Some(Err(_)) | None => json!({ "kind": "text" }),
    };
    if let (true, Some(text), Some(code)) = (show_secrets, text, code.as_object_mut()) {
        code.insert("text".to_owned(), text.into());
    }
    code
}

fn describe_scanned(scanned: &Scanned) -> Value {
    let named = |profile: &countersign_core::account::Profile| json!({ "kind": "otp", "issuer": profile.issuer, "name": profile.name });
    match scanned {
        Scanned::Account(enrollment) => named(&enrollment.account.profile),
        Scanned::NeedsPin(pending) => named(pending.profile()),
        Scanned::TwoStep(pending) => named(pending.profile()),
        Scanned::BareSecret(_) => json!({ "kind": "otp" }),
        Scanned::MigrationPart(part) => json!({ "kind": "migration", "entries": part.entries().len() }),
        Scanned::Invitation(_) => json!({ "kind": "invitation" }),
        Scanned::OfflineChallenge(_) => json!({ "kind": "challenge" }),
        Scanned::NotYet(what) => json!({ "kind": not_yet_kind(*what) }),
        Scanned::Foreign(_) => json!({ "kind": "other" }),
    }
}

const fn not_yet_kind(what: NotYet) -> &'static str {
    match what {
        NotYet::PrivacyIdeaPush | NotYet::EduMfaPush => "pipush",
        NotYet::PrivacyIdeaContainer => "container",
        NotYet::TiqrEnrollment | NotYet::TiqrAuthentication => "tiqr",
        NotYet::Keycloak => "keycloak",
    }
}
