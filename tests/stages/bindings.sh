#!/usr/bin/env bash
# The library as other languages see it: its own tests, and theirs against the real library.
source "$(dirname "$0")/../lib.sh"

# The tests run against the library that phones get. Sources are generated from its static form: the other is stripped of what it
# says of itself. The command line gives tests a server to talk to, and vaults to open.
build() {
    check "build the library" 1800 cargo build --locked -p countersign-ffi --profile mobile
    check "build the command line" 1200 cargo build --locked --release
}

kotlin() {
    local generated="$CARGO_TARGET_DIR/generated/kotlin"
    if ! need_maven; then
        missing "Kotlin" "Maven or a JDK of 17 or newer could not be installed"
        return
    fi
    check "Kotlin: generate" 600 bindings/generate.sh kotlin "$CARGO_TARGET_DIR/mobile/libcountersign_ffi.a" "$generated"
    suite "Kotlin: tests" 900 mvn -B -ntp -f bindings/kotlin -Dcargo.target="$CARGO_TARGET_DIR" clean test
    if need_ktlint; then
        check "Kotlin: ktlint" 120 env -C bindings/kotlin "$JAVA_HOME/bin/java" -jar "$ktlint" --relative 'src/**/*.kt'
    else
        missing "Kotlin: ktlint" "it could not be fetched"
    fi
}

# The wheel, in an environment that has nothing else of ours.
python_wheel() {
    if ! need_python; then
        missing "Python" "the Python packages could not be installed"
        return
    fi
    local wheels="$work/wheels" clean="$work/clean"
    check "Python: wheel" 1200 env "PATH=$(dirname "$python"):$PATH" bindings/python/build.sh "$wheels" || return 0
    check "Python: a clean environment" 120 python3 -m venv "$clean"
    check "Python: the wheel goes into it" 300 "$clean/bin/pip" install --quiet pytest==9.2.0 mypy==2.4.1 "$wheels"/*.whl
    suite "Python: tests" 600 env -C bindings/python "COUNTERSIGN_CLI=$CARGO_TARGET_DIR/release/countersign" \
        "$clean/bin/python" -m pytest -q -p no:cacheprovider tests
    check "Python: types of the layer" 300 "$clean/bin/mypy" --config-file bindings/python/pyproject.toml \
        --cache-dir=/dev/null -m countersign -m countersign._vault -m countersign._http
}

surface() {
    check "the surface is the one that bindings/surface.txt says" 900 \
        cargo run --locked --quiet -p countersign-bindgen --bin countersign-surface -- \
        "$CARGO_TARGET_DIR/mobile/libcountersign_ffi.a" --check bindings/surface.txt
}

# Scripts for phones can't run here: what they would do is looked at, and that they do nothing.
phones() {
    check "Android: what would be built" 10 tests/says.sh "jniLibs/armeabi-v7a/libcountersign_ffi.so" "max-page-size=16384" \
        "--only-keep-debug" -- bindings/build-android.sh --dry-run "$work/phones"
    check "Apple: what would be built" 10 tests/says.sh "xcodebuild -create-xcframework" "aarch64-apple-ios-sim" "compute-checksum" \
        -- bindings/build-ios.sh --dry-run "$work/phones"
    check "nothing was built" 10 test ! -e "$work/phones"
}

# Apart: together, cargo would build the generator's crates in two ways.
cargo_test "tests of the library" 1200 -p countersign-ffi
cargo_test "tests of the generator" 1200 -p countersign-bindgen
build
surface
phones
kotlin
python_wheel
finish
