#!/usr/bin/env bash
# The library as other languages see it: its own tests, and theirs against the real library.
source "$(dirname "$0")/../lib.sh"

# The tests run against the library that phones get, which says nothing of itself any more: sources are generated from one of the
# same code that isn't stripped. The command line gives tests a server to talk to, and vaults to open.
build() {
    check "build the library" 1800 cargo build --locked -p countersign-ffi --profile mobile
    check "build the library for the generator" 1200 cargo build --locked -p countersign-ffi
    check "build the command line" 1200 cargo build --locked --release
}

kotlin() {
    local generated="$CARGO_TARGET_DIR/generated/kotlin"
    if ! need_maven; then
        missing "Kotlin" "Maven or a JDK of 17 or newer could not be installed"
        return
    fi
    check "Kotlin: generate" 600 bindings/generate.sh kotlin "$CARGO_TARGET_DIR/debug/libcountersign_ffi.so" "$generated"
    suite "Kotlin: tests" 900 mvn -B -ntp -f bindings/kotlin -Dcargo.target="$CARGO_TARGET_DIR" clean test
    if need_ktlint; then
        check "Kotlin: ktlint" 120 env -C bindings/kotlin "$JAVA_HOME/bin/java" -jar "$ktlint" --relative 'src/**/*.kt'
    else
        missing "Kotlin: ktlint" "it could not be fetched"
    fi
}

cargo_test "tests of the crates" 1200 -p countersign-ffi -p countersign-bindgen
build
kotlin
finish
