//! The stories, and the bytes that they have for each draw.

use std::collections::VecDeque;
use std::sync::Mutex;

use countersign_core::entropy::{Entropy, EntropyError};
use serde_json::Value;

/// A file of the vectors.
pub(crate) fn read(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/push-v1/");
    serde_json::from_slice(&std::fs::read(format!("{folder}{file}")).unwrap()).unwrap()
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// Gives what the story has, in the order of the draws, and nothing else: neither more draws, nor longer ones.
#[derive(Default)]
pub(crate) struct Script(Mutex<VecDeque<Vec<u8>>>);

impl Script {
    pub(crate) fn give(&self, draws: &[Vec<u8>]) {
        self.0.lock().unwrap().extend(draws.iter().cloned());
    }

    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Entropy for Script {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let draw = self.0.lock().unwrap().pop_front().filter(|draw| draw.len() == buffer.len()).ok_or(EntropyError)?;
        buffer.copy_from_slice(&draw);
        Ok(())
    }
}

/// One half's steps, each with what it may draw and how much of that stays for the next.
pub(crate) struct Steps;

impl Steps {
    /// This phone makes its keys when the person says yes, before it fetches metadata; the story's makes them when metadata
    /// is there. So `go` is given the draws of the step behind it, and leaves it the nonce of the message.
    pub(crate) fn of<'a>(steps: &'a Value, half: &str) -> Vec<(&'a Value, Vec<Vec<u8>>, usize)> {
        let of_half = steps.as_array().unwrap().iter().filter(|step| step["half"] == half);
        let entropy =
            |step: &Value| step["entropy"].as_array().unwrap().iter().map(|draw| hex(&draw["hex"])).collect::<Vec<_>>();
        let mut all: Vec<_> = of_half.map(|step| (step, entropy(step), 0)).collect();
        for at in 0..all.len() {
            if all[at].0["command"]["do"] == "go" {
                let early = std::mem::take(&mut all[at + 1].1);
                all[at].1.extend(early);
                all[at].2 = 1;
            }
        }
        all
    }
}
