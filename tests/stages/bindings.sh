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
    check "Python: a clean environment" 300 clean_python "$clean" "$wheels"
    suite "Python: tests" 600 env -C bindings/python "COUNTERSIGN_CLI=$CARGO_TARGET_DIR/release/countersign" \
        "$clean/bin/python" -m pytest -q -p no:cacheprovider tests
    check "Python: types of the layer" 300 "$clean/bin/mypy" --config-file bindings/python/pyproject.toml \
        --cache-dir=/dev/null -m countersign -m countersign._vault -m countersign._http
}

clean_python() { # VENV WHEELS
    python3 -m venv "$1" && "$1/bin/pip" install --quiet pytest==9.2.0 mypy==2.4.1 "$2"/*.whl
}

surface() {
    check "the surface is the one that bindings/surface.txt says" 900 \
        cargo run --locked --quiet -p countersign-bindgen --bin countersign-surface -- \
        "$CARGO_TARGET_DIR/mobile/libcountersign_ffi.a" --check bindings/surface.txt
}

# Scripts for phones can't run here: what they would do is looked at.
phones() {
    check "Android: what would be built" 10 phone_script android "jniLibs/armeabi-v7a" "max-page-size=16384"
    check "Apple: what would be built" 10 phone_script ios "xcodebuild -create-xcframework" "aarch64-apple-ios-sim"
}

phone_script() { # NAME TEXT…
    local said text
    said=$("bindings/build-$1.sh" --dry-run "$work/phones")
    shift
    for text in "$@"; do
        [[ $said == *"$text"* ]] || { echo "not said: $text" && return 1; }
    done
    # Nothing was done.
    [[ ! -e $work/phones ]]
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
