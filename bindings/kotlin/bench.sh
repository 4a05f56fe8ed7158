#!/usr/bin/env bash
# Measures the library through Kotlin: prints medians of one run, beside the bars that they are held against.
# Not part of the tests: it wants a machine that does nothing else. Needs Maven and a JDK of 17 or newer.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
module=bindings/kotlin

cargo build --locked -p countersign-ffi --profile mobile
cargo build --locked -p countersign-testing --profile mobile
# The second library says nothing of itself once it is stripped.
cargo build --locked -p countersign-testing
cargo build --locked --release
generated="$CARGO_TARGET_DIR/generated/kotlin"
bindings/generate.sh kotlin "$CARGO_TARGET_DIR/mobile/libcountersign_ffi.a" "$generated"
bindings/generate.sh kotlin "$CARGO_TARGET_DIR/debug/libcountersign_testing.so" "$generated-testing"

paths=$(mktemp)
trap 'rm -f "$paths"' EXIT
mvn -B -ntp -q -f "$module" -P bench test-compile \
    org.apache.maven.plugins:maven-dependency-plugin:3.11.0:build-classpath -Dmdep.outputFile="$paths"
# A small heap, as a phone has.
"${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx256m -Djna.library.path="$CARGO_TARGET_DIR/mobile" \
    -Dcountersign.cli="$CARGO_TARGET_DIR/release/countersign" \
    -cp "$module/target/test-classes:$module/target/classes:$(<"$paths")" org.countersign.bench.MainKt
