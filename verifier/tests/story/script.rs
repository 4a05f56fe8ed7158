//! The stories, and the bytes that they have for each draw.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use countersign_core::entropy::{Entropy, EntropyError};
use serde_json::Value;

/// A nonce of a seal: nothing that the story knows of.
const SEAL: usize = 12;

/// A file of the vectors.
pub(crate) fn read(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/push-v1/");
    serde_json::from_slice(&std::fs::read(format!("{folder}{file}")).unwrap()).unwrap()
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// What a step drew under a name, in order.
pub(crate) fn drawn<'a>(step: &'a Value, name: &'a str) -> impl Iterator<Item = [u8; 32]> + 'a {
    let draws = step["entropy"].as_array().unwrap().iter().filter(move |draw| draw["name"] == name);
    draws.map(|draw| hex(&draw["hex"]).try_into().unwrap())
}

/// Gives what the story has, in the order of the draws: neither more, nor longer ones. Nonces of seals are counted.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<(VecDeque<Vec<u8>>, u8)>>);

impl Script {
    /// The identity key is handed in, not drawn.
    pub(crate) fn give(&self, step: &Value) {
        let draws = step["entropy"].as_array().unwrap().iter().filter(|draw| draw["name"] != "identity_key");
        self.0.lock().unwrap().0.extend(draws.map(|draw| hex(&draw["hex"])));
    }

    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().0.len()
    }
}

impl Entropy for Script {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let (draws, seals) = &mut *self.0.lock().unwrap();
        if buffer.len() == SEAL {
            *seals = seals.wrapping_add(1);
            buffer.fill(*seals);
            return Ok(());
        }
        let draw = draws.pop_front().filter(|draw| draw.len() == buffer.len()).ok_or(EntropyError)?;
        buffer.copy_from_slice(&draw);
        Ok(())
    }
}
