#!/usr/bin/env bash
# What the README promises works: the build, the demo, the commands, and a vault that another program can read.
source "$(dirname "$0")/../lib.sh"

demo() {
    check "build" 1200 cargo build --locked --release
    check "demo" 600 bash -c 'set -o pipefail; cargo run --locked --release --quiet -- demo | tee "$1"' demo "$work/demo"
    check "demo ends with 'demo: ok (N steps)'" 10 \
        bash -c 'tail -n 1 "$1" | grep -Ex "demo: ok \([0-9]+ steps\)"' demo "$work/demo"
}

# The README's picture is made when somebody runs docs/terminal/make.py; here only that it can be shown.
picture() {
    check "docs/terminal.svg is well-formed" 10 \
        python3 -c 'import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])' docs/terminal.svg
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

# Pictures that another app drew. They are not ours to ship, so they stand beside the project, or elsewhere.
real_pictures() {
    local folder="${COUNTERSIGN_FIXTURES:-../shared/fixtures}/qr"
    if [[ -d $folder ]]; then
        suite "pictures that another app drew" 120 \
            python3 tests/real_pictures.py "$CARGO_TARGET_DIR/release/countersign" "$folder"
    else
        skip "pictures that another app drew" "there is no folder $folder"
    fi
}

demo
picture
cargo_test "the command line's tests" 1200 -p countersign
independent_reader
real_pictures
finish
