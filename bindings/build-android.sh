#!/usr/bin/env bash
# Builds the library for Android: one stripped .so an ABI, with its symbols beside it.
#
#   bindings/build-android.sh [--dry-run] [OUT]
#
# OUT (target/android by default) gets jniLibs/ABI/libcountersign_ffi.so, which an app or AAR takes as it is, and
# symbols/ABI/libcountersign_ffi.so, which a crash reporter takes. --dry-run prints what would be done and needs nothing.
# Needs Rust with rustup, cargo-ndk (cargo install cargo-ndk) and the NDK, r26 or newer, at ANDROID_NDK_HOME.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
library=libcountersign_ffi.so
# What Android runs on: phones of today, phones of yesterday, emulators and Chromebooks.
abis=(arm64-v8a armeabi-v7a x86_64)
targets=(aarch64-linux-android armv7-linux-androideabi x86_64-linux-android)
# Android 9: the oldest with StrongBox and with everything that the shell uses.
api=28
# Devices with 16 KiB pages load nothing that is aligned to less; older ones take it as well.
page=16384

describe=2,9p
# shellcheck source=steps.sh
source "$root/bindings/steps.sh"
target_dir=${CARGO_TARGET_DIR:-$root/target}
out=${out:-$target_dir/android}

need() { # COMMAND HOW
    if [[ -z $dry ]] && ! command -v "$1" >/dev/null; then
        echo "build-android.sh: $1 is missing: $2" >&2
        exit 1
    fi
}

need rustup "see https://rustup.rs"
need cargo-ndk "cargo install cargo-ndk"
ndk=${ANDROID_NDK_HOME:-}
if [[ -z $ndk ]]; then
    if [[ -z $dry ]]; then
        echo "build-android.sh: ANDROID_NDK_HOME does not say where the NDK is" >&2
        exit 1
    fi
    ndk=NDK
fi
host=linux-x86_64
if [[ $(uname -s) == Darwin ]]; then host=darwin-x86_64; fi
tools=$ndk/toolchains/llvm/prebuilt/$host/bin

cd "$root"
step "The compilers' standard libraries for these targets"
run rustup target add "${targets[@]}"

for index in "${!abis[@]}"; do
    abi=${abis[$index]}
    built=$target_dir/${targets[$index]}/mobile/$library
    step "$abi: the library as it ships, but with its symbols still in it"
    run env CARGO_PROFILE_MOBILE_STRIP=none CARGO_PROFILE_MOBILE_DEBUG=line-tables-only \
        RUSTFLAGS="-C link-arg=-Wl,-z,max-page-size=$page" \
        cargo ndk --target "$abi" --platform "$api" build --locked --package countersign-ffi --profile mobile
    step "$abi: symbols apart, for crash reports; what ships has none but what the foreign side calls"
    run mkdir -p "$out/symbols/$abi" "$out/jniLibs/$abi"
    run "$tools/llvm-objcopy" --only-keep-debug "$built" "$out/symbols/$abi/$library"
    run "$tools/llvm-strip" --strip-all -o "$out/jniLibs/$abi/$library" "$built"
    step "$abi: every part that is loaded is aligned to 16 KiB"
    if [[ -n $dry ]]; then
        echo "+ $tools/llvm-readelf --program-headers --wide $out/jniLibs/$abi/$library  # each LOAD: 0x4000 or more"
        continue
    fi
    while read -r kind fields; do
        if [[ $kind == LOAD ]] && ((${fields##* } < page)); then
            echo "build-android.sh: $abi is aligned to less than 16 KiB" >&2
            exit 1
        fi
    done < <("$tools/llvm-readelf" --program-headers --wide "$out/jniLibs/$abi/$library")
done
echo
echo "in $out: jniLibs, symbols"
