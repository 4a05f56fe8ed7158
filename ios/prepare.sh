#!/usr/bin/env bash
# Makes what Package.swift builds on, under Generated: the Rust library for this machine and the sources that speak
# to it; and the same of the library that the tests need beside it. Run it again after a change of the Rust code.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
built="${CARGO_TARGET_DIR:-target}/mobile"

cargo build --locked -p countersign-ffi --profile mobile
bindings/generate.sh swift "$built/libcountersign_ffi.a" ios/Generated/swift
mkdir -p ios/Generated/lib
ln -sf "$(realpath "$built/libcountersign_ffi.a")" ios/Generated/lib/

cargo build --locked -p countersign-testing --profile mobile
bindings/generate.sh swift "$built/libcountersign_testing.a" ios/Generated/testing
# Linked dynamically: two static libraries of Rust in one program would both bring Rust's own.
case $(uname) in
    Darwin) testing=libcountersign_testing.dylib ;;
    *) testing=libcountersign_testing.so ;;
esac
ln -sf "$(realpath "$built/$testing")" ios/Generated/lib/
