//! Codes of single entries: what an import can't add, what an export can't hold. They stand beside the others.

use countersign_core::enroll::migration::NotExportable;
use countersign_core::transfer::Reason;

use super::ApiError;

/// Why an entry of an import can't be added.
pub(crate) fn refused_code(reason: &Reason) -> String {
    let code = match reason {
        Reason::Unreadable(error) => return ApiError::from(error).code().to_owned(),
        Reason::NeedsPin => "entry-needs-pin",
        Reason::NoNames => "entry-no-names",
        Reason::TwoStep => "entry-two-step",
        Reason::NotYet(_) => "entry-not-yet",
        Reason::Foreign(_) => "entry-foreign",
        Reason::NotUtf8 => "entry-not-utf8",
        Reason::NoText => "entry-no-text",
    };
    code.to_owned()
}

/// Why an export can't hold an account.
pub(crate) fn left_out_code(reason: NotExportable) -> String {
    let code = match reason {
        NotExportable::Kind(_) => "left-out-kind",
        NotExportable::Period(_) => "left-out-period",
        NotExportable::Digits(_) => "left-out-digits",
        NotExportable::Algorithm(_) => "left-out-algorithm",
        NotExportable::Counter => "left-out-counter",
        NotExportable::TooLong => "left-out-too-long",
    };
    code.to_owned()
}
