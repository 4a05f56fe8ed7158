//! The desk for approvals against the real verifier, in process: vaults on the disk, servers in memory, no sockets.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod answers;
mod enrolling;
mod keys;
mod locked;
mod several;
mod world;
