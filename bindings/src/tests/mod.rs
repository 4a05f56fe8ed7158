//! The whole of what crosses, used as another language uses it, but from Rust: the library has no Rust users, and so no tests
//! outside of itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test fails by panicking, and what tests share is theirs alone"
)]

mod accounts;
mod approvals;
mod authenticator;
mod common;
mod transfer;
mod transfer_export;
mod transfer_progress;
