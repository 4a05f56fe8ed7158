#!/usr/bin/env bash
# Builds the wheel.
#
#   bindings/python/build.sh OUT
#
# Needs Rust and maturin (pip install maturin).
set -euo pipefail

if (($# != 1)); then
    echo "usage: bindings/python/build.sh OUT" >&2
    exit 2
fi
mkdir -p "$1"
out=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
PATH="$PWD/tools:$PATH" maturin build --release --locked --out "$out"
