# A `swift` command, for stages: sourced after lib.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh's variables, and one for the stage

# "${swift[@]}" runs what follows it where Swift is: `"${swift[@]}" swift build`. Seen there, under their own paths, are
# the checkout, what cargo builds and $work.
swift=()

# Status 1: Swift could be here and is not. Status 2: this is no machine for it; $no_swift says why.
need_swift() {
    no_swift=""
    swift_is_6 || swift_for_debian
}

swift_is_6() {
    command -v swift >/dev/null && [[ $(swift --version 2>/dev/null) =~ Swift\ version\ 6\. ]]
}

# Debian 13 has Swift 6. A root of it is made once and kept in the cache.
swift_for_debian() {
    if ! grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
        no_swift="there is no Swift 6 on PATH, and this is not Debian"
    elif ((EUID != 0)); then
        no_swift="there is no Swift 6 on PATH, and only root can set one up"
    elif ! unshare --mount true 2>/dev/null; then
        no_swift="there is no Swift 6 on PATH, and no mounts of one's own are allowed here"
    fi
    [[ -z $no_swift ]] || return 2

    local folder
    folder="$cache/$("$root/tests/swift-root.sh" name)"
    # Stages may run at the same time, in other checkouts.
    exec 9>"$cache/swift.lock"
    timeout 1800 flock 9 || return 1
    if [[ ! -e $folder.complete ]]; then make_swift_root "$folder" || { exec 9>&-; return 1; }; fi
    exec 9>&-
    mkdir -p "$CARGO_TARGET_DIR"
    swift=("$root/tests/swift-root.sh" run "$folder" "$root" "$CARGO_TARGET_DIR" "$work" --)
}

make_swift_root() { # FOLDER
    need_deb debootstrap debootstrap || return 1
    echo "making $1 (some minutes, 3 GB)"
    rm -rf --one-file-system "$1"
    if ! timeout --kill-after=10 1500 "$root/tests/swift-root.sh" make "$1" </dev/null >"$work/swift-root" 2>&1; then
        tail -n 5 "$work/swift-root"
        return 1
    fi
    touch "$1.complete"
}
