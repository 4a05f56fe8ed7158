#!/usr/bin/env bash
# Writes the foreign sources of a built library.
#
#   bindings/generate.sh kotlin|swift|python LIBRARY OUT
#
# LIBRARY is what cargo built of countersign-ffi, with its symbols: they hold what is exported.
set -euo pipefail

if (($# != 3)); then
    echo "usage: bindings/generate.sh kotlin|swift|python LIBRARY OUT" >&2
    exit 2
fi
language=$1 library=$(realpath "$2") out=$(realpath -m "$3")

# The generator finds uniffi.toml through the workspace it stands in.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$out"
cargo run --locked --quiet -p countersign-bindgen --bin uniffi-bindgen -- \
    generate --language "$language" --no-format --out-dir "$out" "$library"
