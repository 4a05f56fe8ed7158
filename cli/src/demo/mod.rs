//! The whole in a minute, with temporary files only.
//!
//! - `vault`: enrol codes from pictures, read them, lock, tamper, back up, restore.
//! - `push`: a sign-in service with pages, phones that approve there, and what is refused.
//! - `browser`: what a person does with the pages; `phone`: what a person does with a phone.
//! - `service`: the sign-in service; `serve`: the same for a person with a real browser.

mod browser;
mod phone;
mod push;
pub(crate) mod serve;
mod service;
mod vault;

pub(crate) use service::Trouble;

use crate::failure::Failure;
use crate::terminal::answer;

/// Counts what is shown.
struct Steps(usize);

impl Steps {
    fn next(&mut self, title: &str) -> Result<(), Failure> {
        self.0 += 1;
        answer(&format!("\n{}. {title}", self.0))
    }
}

fn ensure(condition: bool, otherwise: &'static str) -> Result<(), Failure> {
    if condition { Ok(()) } else { Err(Failure::Demo(otherwise)) }
}

pub(crate) fn run() -> Result<(), Failure> {
    let mut steps = Steps(0);
    vault::run(&mut steps)?;
    push::run(&mut steps)?;
    answer(&format!("\ndemo: ok ({} steps)", steps.0))
}
