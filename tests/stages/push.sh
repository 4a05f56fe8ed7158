#!/usr/bin/env bash
# Push approvals: the verifier's tests; four halves, two in Rust and two in Python that know the specification alone, agree in
# every pair; the stored vectors are what they say; each row of the threat model names a test that is there.
source "$(dirname "$0")/../lib.sh"

cargo_test "the verifier's tests" 1200 -p countersign-verifier --all-features
check "the verifier's bench, small" 600 cargo bench --locked --profile optimised -p countersign-verifier --bench sign_in -- --smoke
check "the verifier without its SQLite store" 600 cargo check --locked -p countersign-verifier --no-default-features

if need_python; then
    check "build the drivers" 1200 \
        cargo build --locked --profile optimised -p countersign-core --example phone_driver -p countersign-verifier --example driver
    phone="$CARGO_TARGET_DIR/optimised/examples/phone_driver"
    verifier="$CARGO_TARGET_DIR/optimised/examples/driver"
    suite "stories and attacks, Python against Python" 300 "$python" tests/protocol/check.py
    suite "stories and attacks, our phone against Python" 300 "$python" tests/protocol/check.py --phone "$phone"
    suite "stories and attacks, Python against our verifier" 300 "$python" tests/protocol/check.py --verifier "$verifier"
    suite "stories and attacks, our phone against our verifier" 300 \
        "$python" tests/protocol/check.py --phone "$phone" --verifier "$verifier"
    suite "vectors of the push protocol" 300 "$python" tests/protocol/read_vectors.py
    check "vectors of the push protocol are made the same today" 300 "$python" tests/protocol/make_vectors.py --check
else
    missing "the push protocol" "the Python packages could not be installed"
fi
suite "every row of the threat model names a test that is there" 60 python3 tests/threats.py
finish
