//! `cargo fuzz run --fuzz-dir tests/fuzz --features libfuzzer uri`
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| countersign_fuzz::uri(bytes));
