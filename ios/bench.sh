#!/usr/bin/env bash
# What the Swift side costs: builds the bench optimised and runs it. Not a stage: numbers are for reading.
source "$(dirname "$0")/../tests/lib.sh"
source "$(dirname "$0")/../tests/swift.sh"

need_swift && status=0 || status=$?
if ((status != 0)); then
    missing "the Swift package" "${no_swift:-Swift could not be set up}"
    finish
fi
check "build the libraries and their Swift sources" 1800 ios/prepare.sh
options=(--package-path ios --scratch-path "$CARGO_TARGET_DIR/ios" --configuration release --product CountersignBench)
check "build" 900 "${swift[@]}" swift build "${options[@]}"
check "bench" 300 "${swift[@]}" "$CARGO_TARGET_DIR/ios/release/CountersignBench"
finish
