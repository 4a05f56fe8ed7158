#!/usr/bin/env bash
# Codes are read from pictures: the crate's tests, and a corpus of sixteen kinds of bad pictures made anew.
source "$(dirname "$0")/../lib.sh"

corpus() {
    local size=()
    if [[ -n ${COUNTERSIGN_LONG:-} ]]; then size=(--long); fi
    if ! need_python; then
        missing "the corpus" "the Python packages could not be installed"
        return
    fi
    check "make the corpus" 900 "$python" tests/qr/make_corpus.py "$work/corpus" "${size[@]}"
    check "read the corpus" 1200 \
        cargo run --locked --profile optimised -p countersign-qr --example corpus -- "$work/corpus"
}

cargo_test "qr's tests" 1200 -p countersign-qr
corpus
finish
