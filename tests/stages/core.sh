#!/usr/bin/env bash
# The code is in order, its dependencies are allowed, and core's codes are those of other implementations.
source "$(dirname "$0")/../lib.sh"

lints() {
    need_components || missing "rustfmt and clippy" "they are not installed"
    check "format" 120 cargo fmt --all --check
    check "clippy" 1200 cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
    check "clippy, core without features" 600 \
        cargo clippy --locked -p countersign-core --no-default-features -- -D warnings
    check "documentation" 600 \
        env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features
    check "documentation, core without features" 600 \
        env RUSTDOCFLAGS="-D warnings" cargo doc --locked -p countersign-core --no-deps --no-default-features
}

dependencies() {
    if ! need_cargo_deny; then
        missing "licences, bans and sources of dependencies" "cargo-deny could not be installed"
        return
    fi
    check "licences, bans and sources of dependencies" 300 cargo deny --all-features check licenses bans sources
    if run "fetch the advisory database" 60 cargo deny fetch db; then
        check "advisories" 120 cargo deny --all-features check --disable-fetch advisories
    else
        skip "advisories" "the advisory database could not be fetched"
    fi
}

# Hostile input for everything that reads what others wrote: the corpora and mutations of them.
fuzz_corpora() {
    local fuzz=(--locked --manifest-path tests/fuzz/Cargo.toml) limit=1200
    if [[ -n ${COUNTERSIGN_LONG:-} ]]; then limit=7200; fi
    check "format of tests/fuzz" 60 cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
    check "clippy of tests/fuzz" 600 cargo clippy "${fuzz[@]}" --all-targets -- -D warnings
    suite "hostile input" "$limit" cargo test --no-fail-fast "${fuzz[@]}"
}

codes() {
    check "build otp_codes" 600 cargo build --locked -p countersign-core --example otp_codes
    need_deb oathtool oathtool || missing "oathtool's part of the comparison" "oathtool could not be installed"
    if need_python; then
        suite "codes against other implementations" 300 \
            "$python" tests/otp/oracle.py "$CARGO_TARGET_DIR/debug/examples/otp_codes"
    else
        missing "codes against other implementations" "the Python packages could not be installed"
    fi
}

# What takes an optimised build, or mounts of its own.
faults() {
    suite "every byte of a vault flipped" 900 env COUNTERSIGN_EVERY_BYTE=1 \
        cargo test --locked --profile optimised -p countersign-core --all-features --test flips
    local mounts=()
    if unshare -m true 2>/dev/null; then
        mounts=(unshare -m)
    elif unshare -rm true 2>/dev/null; then
        mounts=(unshare -rm)
    else
        skip "full disks and read-only places" "no mounts of one's own are allowed here"
        return
    fi
    suite "full disks and read-only places" 600 "${mounts[@]}" \
        cargo test --locked --profile optimised -p countersign-core --all-features --test places
}

# Not how fast: that they run, and what is no timing. docs/performance.md has the timings and how to measure them.
benches() {
    check "benches, small" 900 cargo bench --locked --profile optimised -p countersign-core --all-features \
        --bench performance -- --smoke
}

lints
dependencies
cargo_test "core's tests" 1200 -p countersign-core --all-features
faults
fuzz_corpora
codes
benches
finish
