//! `cargo fuzz run --fuzz-dir tests/fuzz --features libfuzzer picture`
#![no_main]

// The QR reader catches the panics of what it builds on; libFuzzer's own hook would end the process before that. One
// that is not caught still does, as it leaves this function.
libfuzzer_sys::fuzz_target!(
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| countersign_fuzz::picture(bytes)
);
