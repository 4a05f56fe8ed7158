#!/usr/bin/env bash
# The Swift package, built without a warning against the real library, tested and linted; on Linux as on macOS.
source "$(dirname "$0")/../lib.sh"
source "$(dirname "$0")/../swift.sh"

package() {
    local options=(--package-path ios --scratch-path "$CARGO_TARGET_DIR/ios" -Xswiftc -warnings-as-errors)
    check "build" 900 "${swift[@]}" swift build "${options[@]}" --build-tests || return 0
    # One after the other: some measure time and memory.
    suite "the package's tests" 600 env COUNTERSIGN_CLI="$CARGO_TARGET_DIR/release/countersign" \
        "${swift[@]}" swift test "${options[@]}" --skip-build --disable-xctest --no-parallel
}

lints() {
    check "format and lint" 120 "${swift[@]}" swift format lint --strict --recursive --parallel \
        --configuration ios/.swift-format ios/Package.swift ios/Sources ios/Tests
}

need_swift && status=0 || status=$?
case $status in
    0)
        check "build the libraries and their Swift sources" 1800 ios/prepare.sh
        # It gives tests a server to talk to, and vaults to open.
        check "build the command line" 1200 cargo build --locked --release
        package
        lints
        ;;
    2) skip "the Swift package" "$no_swift" ;;
    *) missing "the Swift package" "Swift could not be set up" ;;
esac
finish
