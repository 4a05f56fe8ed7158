# What the README promises works: the build, the demo, the commands, and a vault that another program can read.
source "$(dirname "$0")/../lib.sh"

demo() {
    check "build" 1200 cargo build --locked --release
    check "demo" 600 bash -c 'set -o pipefail; cargo run --locked --release --quiet -- demo | tee "$1"' demo "$work/demo"
    check "demo ends with 'demo: ok (N steps)'" 10 \
        bash -c 'tail -n 1 "$1" | grep -Ex "demo: ok \([0-9]+ steps\)"' demo "$work/demo"
}

# An independent reader, written from docs/vault.md, opens what the command line and an example of core made.
independent_reader() {
    local built="$CARGO_TARGET_DIR/release"
    check "build make_vault" 1200 \
        cargo build --locked --release -p countersign-core --example make_vault --all-features
    if need_python; then
        suite "vaults and backups read by another program" 600 \
            "$python" tests/vault_reader_check.py "$built/countersign" "$built/examples/make_vault"
    else
        missing "vaults and backups read by another program" "the Python packages could not be installed"
    fi
}

demo
cargo_test "the command line's tests" 1200 -p countersign
independent_reader
finish
