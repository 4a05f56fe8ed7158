//! The desk for approvals against the real verifier, in one process: what a shell does, by the ports that a shell
//! implements.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod changing;
mod ending;
mod enrolling;
mod keys;
mod line;
mod locked;
mod network;
mod ports;
mod story;
mod trouble;
mod world;
