# What every stage is made of. A stage sources this file, makes its checks and ends with `finish`.
# shellcheck shell=bash
set -euo pipefail

stage=$(basename "$0" .sh)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/countersign"
work=$(mktemp -d)
passed=0 failed=0 skipped=0 finished=""
failures=()

cd "$root"
mkdir -p "$cache"
export PATH="$cache/tools/bin:$HOME/.cargo/bin:$PATH"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
export CARGO_TERM_COLOR=never PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1

# A stage that breaks off has failed, and says so on the line that is read.
trap 'leave $?' EXIT
leave() {
    rm -rf "$work"
    if [[ -z $finished ]]; then
        echo "FAILED: $stage broke off (status $1)"
        echo "$stage: $passed passed, $((failed + 1)) failed, $skipped skipped"
        exit 1
    fi
}

finish() {
    finished=1
    printf '\n'
    ((failed == 0)) || printf 'FAILED: %s\n' "${failures[@]}"
    echo "$stage: $passed passed, $failed failed, $skipped skipped"
    ((failed == 0)) || exit 1
    exit 0
}

# --- Checks: each goes on after a failure, so that everything is reported ---

pass() { passed=$((passed + 1)); }

fail() { # WHAT
    echo "FAILED: $1"
    failed=$((failed + 1))
    failures+=("$1")
}

skip() { # WHAT WHY
    echo "SKIPPED: $1: $2"
    skipped=$((skipped + 1))
}

# Something that could not be installed: people may go on without it, CI may not.
missing() { # WHAT WHY
    if [[ -n ${CI:-} ]]; then fail "$1: $2"; else skip "$1" "$2"; fi
}

# One check: passed if the command ends well in time. Its output stands in $work/log afterwards.
check() { # NAME SECONDS COMMAND…
    if run "$@"; then pass; else fail "$1"; fi
}

# A runner with many tests: its own closing lines are counted, and it must have run something.
suite() { # NAME SECONDS COMMAND…
    local status=0 p f s
    run "$@" || status=1
    read -r p f s < <(tally <"$work/log")
    passed=$((passed + p)) skipped=$((skipped + s))
    if ((f > 0)); then
        failed=$((failed + f))
        failures+=("$1: $f tests")
    elif ((status != 0)); then
        fail "$1"
    elif ((p == 0)); then
        fail "$1: no test ran"
    fi
}

run() { # NAME SECONDS COMMAND…
    local name=$1 limit=$2 status=0
    shift 2
    printf '\n== %s: %s\n' "$stage" "$name"
    timeout --kill-after=10 "$limit" "$@" </dev/null 2>&1 | tee "$work/log" || status=$?
    if ((status == 124 || status == 137)); then echo "stopped after $limit seconds"; fi
    return "$status"
}

# Sums cargo's `test result:` lines, pytest's, other runners' `N passed, N failed, N skipped`, Swift Testing's, and Surefire's closing
# line of each module: that of a class goes on with the time it took.
# Swift Testing's closing line has the number of all tests alone; those that did not pass are said one by one.
tally() {
    awk '
        /^[^ ]+ Test run with [0-9]+ tests? / { n["passed"] += $5; next }
        /^[^ ]+ Test .+([")]|test cases?) failed after [0-9.]+ seconds/ { n["passed"]--; n["failed"]++ }
        /^[^ ]+ Test .+[")] skipped[.:]/ { n["passed"]--; n["ignored"]++ }
        /^test result: / { gsub(";", ""); for (i = 2; i <= NF; i++) n[$i] += $(i - 1) }
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { gsub(",", ""); n["passed"] += $1; n["failed"] += $3; n["ignored"] += $5 }
        /^\[[A-Z]+\] Tests run: [0-9]+, Failures: [0-9]+, Errors: [0-9]+, Skipped: [0-9]+$/ {
            gsub(",", ""); n["passed"] += $4 - $6 - $8 - $10; n["failed"] += $6 + $8; n["ignored"] += $10
        }
        /^[0-9]+ [a-z]+(, [0-9]+ [a-z]+)* in [0-9.]+s( |$)/ {
            gsub(",", ""); for (i = 2; $(i - 1) != "in" && i < NF; i += 2) n[$i == "skipped" ? "ignored" : $i == "error" ? "failed" : $i] += $(i - 1)
        }
        END { print n["passed"] + 0, n["failed"] + 0, n["ignored"] + 0 }'
}

# `cargo test` with what --long adds: tests marked `#[ignore = "long: …"]`. Without it they count as skipped.
cargo_test() { # NAME SECONDS ARGUMENT…
    local name=$1 limit=$2
    shift 2
    if [[ -n ${COUNTERSIGN_LONG:-} ]]; then
        suite "$name" "$((limit * 6))" cargo test --locked --no-fail-fast "$@" -- --include-ignored
    else
        suite "$name" "$limit" cargo test --locked --no-fail-fast "$@"
    fi
}

# --- Tools: installed only where they are missing ---

# A command from a Debian package.
need_deb() { # COMMAND PACKAGE
    if command -v "$1" >/dev/null; then return 0; fi
    apt_install "$2" && command -v "$1" >/dev/null
}

apt_install() { # PACKAGE…
    local as_root=()
    if ((EUID != 0)); then as_root=(sudo -n); fi
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then return 1; fi
    echo "installing $*"
    apt_once "$@" && return 0
    timeout 300 "${as_root[@]}" apt-get update -qq || return 1
    apt_once "$@"
}

apt_once() {
    timeout 600 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >"$work/apt" 2>&1 || { tail -n 3 "$work/apt" && return 1; }
}

# Maven, and a JDK of 17 or newer in JAVA_HOME.
need_maven() {
    find_jdk || apt_install openjdk-17-jdk-headless || apt_install default-jdk-headless || return 1
    find_jdk && need_deb mvn maven
}

find_jdk() {
    local home version
    for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        version=$("$home/bin/javac" -version 2>/dev/null | sed -nE 's/^javac ([0-9]+).*/\1/p') || continue
        if ((${version:-0} >= 17)); then export JAVA_HOME=$home && return 0; fi
    done
    return 1
}

# $ktlint is the jar of its command line: of one version, for its rules change between them.
ktlint_version=1.8.0
need_ktlint() {
    need_maven || return 1
    ktlint="$cache/ktlint-cli-$ktlint_version-all.jar"
    if [[ -e $ktlint ]]; then return 0; fi
    echo "fetching ktlint $ktlint_version (70 MB)"
    # Whole or not at all.
    timeout 600 mvn -B -ntp org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy -DoutputDirectory="$work/ktlint" \
        -Dartifact="com.pinterest.ktlint:ktlint-cli:$ktlint_version:jar:all" >"$work/log" 2>&1 ||
        { tail -n 5 "$work/log" && return 1; }
    cp "$work/ktlint/"*.jar "$ktlint.$$" && mv "$ktlint.$$" "$ktlint"
}

# $python is a Python with tests/requirements.txt, kept in the cache under a hash of that file.
need_python() {
    need_deb python3 python3 || return 1
    local venv
    venv="$cache/venv-$({ python3 --version && cat tests/requirements.txt; } | sha256sum | cut -c1-12)"
    python="$venv/bin/python"
    # Stages may run at the same time, in other checkouts.
    exec 9>"$cache/venv.lock"
    timeout 600 flock 9 || return 1
    if [[ ! -e $venv/complete ]]; then make_venv "$venv" || { exec 9>&-; return 1; }; fi
    exec 9>&-
}

make_venv() { # FOLDER
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv || return 1
    echo "making $1"
    rm -rf "$1"
    timeout 60 python3 -m venv "$1" &&
        timeout 600 "$1/bin/pip" install --quiet --only-binary :all: -r tests/requirements.txt &&
        touch "$1/complete"
}

# cargo-deny of one version: its configuration and its findings change between them.
cargo_deny_version=0.20.2
need_cargo_deny() {
    if [[ $(cargo deny --version 2>/dev/null) == "cargo-deny $cargo_deny_version" ]]; then return 0; fi
    echo "installing cargo-deny $cargo_deny_version (about three minutes)"
    env CARGO_TARGET_DIR="$work/cargo-deny" timeout 900 \
        cargo install cargo-deny --quiet --locked --force --version "$cargo_deny_version" --root "$cache/tools"
}

# rustfmt and clippy come with most installations.
need_components() {
    if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then return 0; fi
    command -v rustup >/dev/null && timeout 300 rustup component add rustfmt clippy
}
