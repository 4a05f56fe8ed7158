//! What a person sees: pages made from values, escaped in one place, readable without scripts.
//!
//! - `shell`: what every page has around it. `parts`: fields, buttons, pictures of codes.
//! - `entry`: sign in, sign up; `enroll`: a phone is added; `ask`: a question to the phone and how it ended; `account`:
//!   what is behind the door.
//! - `style.css`, `page.js`: served as files of their own, as the content security policy wants it.

pub(super) mod account;
pub(super) mod ask;
pub(super) mod enroll;
pub(super) mod entry;
mod parts;
mod shell;

pub(super) use shell::{Frame, MARK, Page, Watch};

/// The style sheet.
pub(super) const STYLE: &str = include_str!("style.css");
/// The script; every page works without it.
pub(super) const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests;
