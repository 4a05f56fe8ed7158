#!/usr/bin/env bash
# Writes the foreign sources of a built library.
#
#   bindings/generate.sh LANGUAGE LIBRARY OUT
#
# LANGUAGE is kotlin, swift or python; LIBRARY is libcountersign_ffi.so, .dylib or .a, built from this checkout; or
# libcountersign_testing, what tests need beside it.
# OUT holds nothing else. A file whose text is still right is left alone, so that it isn't built again.
# Swift's OUT has one folder a target: CountersignFFI (the sources) and CountersignC (header and module map), alike for testing.
set -euo pipefail

if (($# != 3)) || [[ ! $1 =~ ^(kotlin|swift|python)$ ]]; then
    echo "usage: bindings/generate.sh kotlin|swift|python LIBRARY OUT" >&2
    exit 2
fi
language=$1
library=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo run --locked --quiet -p countersign-bindgen --bin countersign-bindgen -- \
    generate --language "$language" --no-format --out-dir "$fresh" "$library"

sha256() { # FILE: Linux and macOS name the program differently
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -c1-64
}

if [[ $language == swift ]]; then
    for source in "$fresh"/*.swift; do
        bindings/swift-readers.pl "$source"
        module=$(basename "$source" .swift)
        mkdir "$fresh/$module"
        mv "$source" "$fresh/$module/"
    done
    for header in "$fresh"/*.h; do
        module=$(basename "$header" .h)
        mkdir "$fresh/$module"
        mv "$header" "$fresh/$module/"
        # The name under which Swift's package manager and Xcode look for it.
        mv "$fresh/$module.modulemap" "$fresh/$module/module.modulemap"
    done
    if [[ $library == */libcountersign_ffi.a ]]; then
        # The package manager does not watch a static library: a constant that changes with it makes it link anew.
        printf '/// SHA-256 of the library for which this was generated.\npublic let libraryDigest = "%s"\n' \
            "$(sha256 "$library")" >"$fresh/CountersignFFI/Library.swift"
    fi
fi

files() { (cd "$1" && find . -type f | sort); }
comm -13 <(files "$fresh") <(files "$out") | while read -r stale; do rm "$out/$stale"; done
files "$fresh" | while read -r file; do
    if ! cmp -s "$fresh/$file" "$out/$file"; then
        mkdir -p "$(dirname "$out/$file")"
        cp "$fresh/$file" "$out/$file"
    fi
done
