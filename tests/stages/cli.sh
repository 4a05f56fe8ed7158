# What the README promises works: the build, the demo and the commands.
source "$(dirname "$0")/../lib.sh"

demo() {
    check "build" 1200 cargo build --locked --release
    check "demo" 600 bash -c 'set -o pipefail; cargo run --locked --release --quiet -- demo | tee "$1"' demo "$work/demo"
    check "demo ends with 'demo: ok (N steps)'" 10 \
        bash -c 'tail -n 1 "$1" | grep -Ex "demo: ok \([0-9]+ steps\)"' demo "$work/demo"
}

demo
cargo_test "the command line's tests" 1200 -p countersign
finish
