//! Records that hold secrets, as they stand in logs and messages of other languages: by their name alone.

use crate::{
    AccountCode, Enrolled, EnrollmentInfo, GoogleExport, HttpRequest, HttpResponse, LinksExport, OfflineCode,
    PreviewCode, QrMatrix, Revealed, Scanned, TwoStepResult,
};

macro_rules! redacted {
    ($($type:ident)*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(..)"))
            }
        }
    )*};
}

redacted! {
    AccountCode Enrolled EnrollmentInfo GoogleExport HttpRequest HttpResponse LinksExport OfflineCode PreviewCode QrMatrix
    Revealed Scanned TwoStepResult
}
