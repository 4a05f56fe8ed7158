#!/usr/bin/env bash
# Makes what Package.swift builds on, under Generated: the Rust library for this machine and the sources that speak
# to it. Run it again after a change of the Rust code.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
library="${CARGO_TARGET_DIR:-target}/mobile/libcountersign_ffi.a"

cargo build --locked -p countersign-ffi --profile mobile
bindings/generate.sh swift "$library" ios/Generated/swift
mkdir -p ios/Generated/lib
ln -sf "$(realpath "$library")" ios/Generated/lib/
