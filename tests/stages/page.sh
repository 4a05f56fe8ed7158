#!/usr/bin/env bash
# The demo's sign-in page in a real browser. Its screenshots stay in target/screens.
source "$(dirname "$0")/../lib.sh"

# The browser, under one of its names. $chromium is the program.
need_chromium() {
    for chromium in chromium chromium-browser google-chrome; do
        if command -v "$chromium" >/dev/null; then return 0; fi
    done
    chromium=chromium
    need_deb chromium chromium
}

check "build" 1200 cargo build --locked --release
if ! need_python; then
    missing "the page in a browser" "the Python packages could not be installed"
elif ! need_chromium; then
    missing "the page in a browser" "Chromium could not be installed"
else
    suite "the page in a browser" 600 \
        "$python" tests/page/check.py "$CARGO_TARGET_DIR/release/countersign" --chromium "$chromium"
fi
finish
