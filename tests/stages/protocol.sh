#!/usr/bin/env bash
# The push protocol: two halves that know its specification alone agree, and the stored vectors are what they say.
source "$(dirname "$0")/../lib.sh"

if need_python; then
    suite "stories and attacks, Python against Python" 300 "$python" tests/protocol/check.py
    suite "vectors of the push protocol" 300 "$python" tests/protocol/read_vectors.py
    suite "the tests that the threat model names exist" 60 "$python" tests/threats.py
    check "vectors of the push protocol are made the same today" 300 "$python" tests/protocol/make_vectors.py --check
else
    missing "the push protocol" "the Python packages could not be installed"
fi
finish
