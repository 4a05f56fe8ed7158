#!/usr/bin/env bash
# Builds the library for Apple's systems: one xcframework for devices, simulators and the Mac, zipped, with its checksum.
#
#   bindings/build-ios.sh [--dry-run] [OUT]
#
# OUT (target/apple by default) gets CountersignC.xcframework, which ios/Package.swift takes as a binary target, its .zip for a
# release, the checksum that such a target names, and the generated Swift sources. --dry-run prints what would be done and needs
# nothing. Needs a Mac with Xcode 16 or newer, and Rust with rustup.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
library=libcountersign_ffi.a
framework=CountersignC.xcframework
device=(aarch64-apple-ios)
simulator=(aarch64-apple-ios-sim x86_64-apple-ios)
mac=(aarch64-apple-darwin x86_64-apple-darwin)

describe=2,8p
# shellcheck source=steps.sh
source "$root/bindings/steps.sh"
target_dir=${CARGO_TARGET_DIR:-$root/target}
out=${out:-$target_dir/apple}

if [[ -z $dry && $(uname -s) != Darwin ]]; then
    echo "build-ios.sh: Apple's linker and xcodebuild are on a Mac alone; --dry-run shows what would be done" >&2
    exit 1
fi

cd "$root"
step "The compilers' standard libraries for these targets"
run rustup target add "${device[@]}" "${simulator[@]}" "${mac[@]}"

step "The library as it ships, for each processor and system (iOS 17, macOS 14 and newer: Observation)"
for target in "${device[@]}" "${simulator[@]}" "${mac[@]}"; do
    run env IPHONEOS_DEPLOYMENT_TARGET=17.0 MACOSX_DEPLOYMENT_TARGET=14.0 \
        cargo build --locked --package countersign-ffi --profile mobile --target "$target"
done

step "Swift sources, the C header and its module map, from the library itself"
run bindings/generate.sh swift "$target_dir/${mac[0]}/mobile/libcountersign_ffi.a" "$out/generated"

# One library for a system, whatever the processor.
join() { # NAME TARGET…
    local name=$1 target inputs=()
    shift
    for target in "$@"; do inputs+=("$target_dir/$target/mobile/$library"); done
    run mkdir -p "$out/$name"
    run lipo -create "${inputs[@]}" -output "$out/$name/$library"
}
step "One library for a system, whatever the processor"
join device "${device[@]}"
join simulator "${simulator[@]}"
join mac "${mac[@]}"

step "The header alone, as a framework takes it"
run rm -rf "$out/headers" "$out/$framework" "$out/$framework.zip"
run mkdir -p "$out/headers"
run cp "$out/generated/CountersignC/CountersignC.h" "$out/generated/CountersignC/module.modulemap" "$out/headers"

step "All of them as one xcframework"
run xcodebuild -create-xcframework \
    -library "$out/device/$library" -headers "$out/headers" \
    -library "$out/simulator/$library" -headers "$out/headers" \
    -library "$out/mac/$library" -headers "$out/headers" \
    -output "$out/$framework"

step "Zipped for a release, with the checksum that a binary target names"
run ditto -c -k --keepParent "$out/$framework" "$out/$framework.zip"
if [[ -z $dry ]]; then
    swift package compute-checksum "$out/$framework.zip" | tee "$out/$framework.zip.checksum"
else
    echo "+ swift package compute-checksum $out/$framework.zip > $out/$framework.zip.checksum"
fi
echo
echo "in $out: $framework, $framework.zip, its checksum, generated"
