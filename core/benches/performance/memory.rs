//! What 10,000 unlocked accounts take in memory, over an empty vault.

use super::growth::observe;
use super::harness::{Harness, Outcome, say};

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(10_000);
    let (Ok(empty), Ok(full)) = (observe(harness, 0), observe(harness, count)) else {
        return say("memory: measured on Linux only");
    };
    harness.fact(
        "memory: 10,000 accounts over none",
        (full.resident - empty.resident) / 1024.0,
        12.0,
        "MiB resident",
    )?;
    harness.fact("memory: 10,000 accounts over none, at most", (full.peak - empty.peak) / 1024.0, 24.0, "MiB resident")
}
