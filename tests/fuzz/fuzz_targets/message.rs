//! `cargo fuzz run --fuzz-dir tests/fuzz --features libfuzzer message`
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| countersign_fuzz::message(bytes));
