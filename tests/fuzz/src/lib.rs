//! Hostile input for everything that reads what others wrote: six functions that take bytes and return, or panic where
//! something that must hold does not.
//!
//! What must hold of all: no panic, an end, memory within the bounds that the code under test states, and never
//! an internal error.
//!
//! - [`uri()`]: the text of a link, a QR code or a clipboard; [`migration()`]: the parts of Google's export;
//!   [`picture()`]: a picture file; [`vault()`]: a vault's file; [`backup()`]: a backup's;
//!   [`message()`]: messages, links and addresses of the push protocol.
//! - [`known`]: the accounts and keys of the vaults in `corpus/`, so that a forged account is noticed.
//!
//! `fuzz_targets/` hands them to libFuzzer, `tests/corpora` runs them over `corpus/` and mutations of it.

mod backup;
pub mod known;
mod message;
mod migration;
mod picture;
mod uri;
mod vault;

pub use backup::backup;
pub use message::message;
pub use migration::migration;
pub use picture::picture;
pub use uri::uri;
pub use vault::vault;
