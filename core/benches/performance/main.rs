//! How fast the core is, as ratios to references that are measured in the same run; `docs/performance.md` has results.
//!
//! - `harness`: how two sides are compared and what is printed; `accounts`: the accounts and vaults to measure with.
//! - One file a measure: `codes`, `parse`, `push`, `unlock`, `add`, `search`, `transfer`, `memory`; and `growth`, the table over sizes.
//!
//!     cargo bench -p countersign-core --bench performance [-- NAME…]
//!
//! With `--smoke` (or started by anything but `cargo bench`) every measure runs once, on few accounts: it shows that it
//! runs and that what is no timing holds, and its ratios mean nothing.

mod accounts;
mod add;
mod codes;
mod growth;
mod harness;
mod memory;
mod parse;
mod push;
mod search;
#[path = "../../tests/push_phone/server.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shared with tests, which fail by panicking"
)]
#[allow(dead_code, reason = "tests use more of it")]
mod server;
mod transfer;
mod unlock;

use harness::{Harness, Outcome};

/// A measure's name, as one asks for it, and what runs it.
type Measure = (&'static str, fn(&mut Harness) -> Outcome);

const MEASURES: [Measure; 9] = [
    ("codes", codes::measure),
    ("parse", parse::measure),
    ("unlock", unlock::measure),
    ("add", add::measure),
    ("push", push::measure),
    ("search", search::measure),
    ("transfer", transfer::measure),
    ("memory", memory::measure),
    ("growth", growth::measure),
];

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, path] = arguments.as_slice()
        && flag == growth::CHILD
    {
        return growth::child(path.as_ref());
    }
    let smoke = arguments.iter().any(|a| a == "--smoke") || !arguments.iter().any(|a| a == "--bench");
    let wanted = |name: &str| {
        let mut names = arguments.iter().filter(|argument| !argument.starts_with("--")).peekable();
        names.peek().is_none() || names.any(|wanted| wanted == name)
    };
    let mut harness = Harness::new(smoke)?;
    for (_, measure) in MEASURES.iter().filter(|(name, _)| wanted(name)) {
        measure(&mut harness)?;
    }
    harness.finish()
}
