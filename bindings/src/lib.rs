//! Countersign's core for Kotlin, Swift and Python: a UniFFI face, nothing else.

uniffi::setup_scaffolding!();

/// The version of the library.
#[uniffi::export]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
