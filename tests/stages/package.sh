#!/usr/bin/env bash
# What a release hands out, in target/dist: the jar and its sources, the wheel, the Swift sources, the list of everything inside
# (CycloneDX), and the notices of other people's packages.
source "$(dirname "$0")/../lib.sh"

dist="$CARGO_TARGET_DIR/dist"
rm -rf "$dist"
mkdir -p "$dist"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

jar() {
    local generated="$CARGO_TARGET_DIR/generated/kotlin" jar="countersign-$version"
    check "Kotlin: generate" 600 bindings/generate.sh kotlin "$CARGO_TARGET_DIR/mobile/libcountersign_ffi.a" "$generated"
    check "Kotlin: jar" 600 mvn -B -ntp -f bindings/kotlin -Dcargo.target="$CARGO_TARGET_DIR" -DskipTests clean package
    cp bindings/kotlin/target/"$jar".jar "$dist/"
    # The sources as they are compiled: ours, and those that were generated for this library.
    python3 tests/archive.py "$dist/$jar-sources.jar" bindings/kotlin/src/main/kotlin bindings/kotlin/src/main/resources "$generated"
    check "the jar has our classes, the generated ones and the rules for R8" 10 tests/says.sh \
        "org/countersign/Authenticator.class" "org/countersign/ffi/" "META-INF/proguard/" \
        -- python3 -m zipfile -l "$dist/$jar.jar"
    check "the sources have both" 10 tests/says.sh "org/countersign/Authenticator.kt" "org/countersign/ffi/countersign_ffi.kt" \
        -- python3 -m zipfile -l "$dist/$jar-sources.jar"
}

wheel() {
    check "Python: wheel" 1200 env "PATH=$(dirname "$python"):$PATH" bindings/python/build.sh "$dist"
    check "the list of everything inside" 60 python3 tests/sbom.py "$dist" "$dist/countersign-$version.cyclonedx.json"
}

swift_sources() {
    local generated="$work/swift"
    check "Swift: generate" 600 bindings/generate.sh swift "$CARGO_TARGET_DIR/mobile/libcountersign_ffi.a" "$generated"
    python3 tests/archive.py "$dist/countersign-$version-swift.zip" \
        ios/Package.swift=Package.swift ios/Sources=Sources ios/README.md=README.md "$generated=Generated/swift"
    check "Swift: the sources have both" 10 tests/says.sh "Sources/Countersign/Authenticator.swift" "Generated/swift/CountersignC/" \
        -- python3 -m zipfile -l "$dist/countersign-$version-swift.zip"
}

notices() {
    bindings/notices.py >"$dist/THIRD-PARTY-NOTICES.txt" || fail "notices of other people's packages"
    check "the notices name UniFFI, SQLite and their licences" 10 tests/says.sh "uniffi_core 0.32.2: MPL-2.0" "libsqlite3-sys" "ring " \
        -- cat "$dist/THIRD-PARTY-NOTICES.txt"
}

check "build the library" 1800 cargo build --locked -p countersign-ffi --profile mobile
if ! need_maven; then
    missing "the jar" "Maven or a JDK of 17 or newer could not be installed"
else
    jar
fi
if ! need_python; then
    missing "the wheel" "the Python packages could not be installed"
else
    wheel
fi
swift_sources
notices
ls -l "$dist"
finish
