#!/usr/bin/env bash
# A folder with Debian 13 and its Swift in it, for machines whose own system has none. Needs root.
#
#   tests/swift-root.sh name                              what to call it in a cache
#   tests/swift-root.sh make ROOT                         make it: some minutes, 3 GB
#   tests/swift-root.sh run ROOT SHARED… -- COMMAND…      run a command in it; the folders SHARED keep their paths
#
# All mounts are made in a mount namespace of the command's own, so that none outlives it, however it ends.
set -euo pipefail

suite=trixie
packages=(swiftlang libc6-dev libstdc++-14-dev git)
# Raised when a root made earlier no longer fits.
edition=1

main() {
    if [[ $1 == name ]]; then
        echo "swift-$suite-$edition"
        return
    fi
    local task=$1 folder=$2
    shift 2
    if [[ ${COUNTERSIGN_SWIFT_ROOT:-} != "$folder" ]]; then
        COUNTERSIGN_SWIFT_ROOT=$folder exec unshare --mount "$0" "$task" "$folder" "$@"
    fi
    case $task in
        make) make_root "$folder" ;;
        run) run_in "$folder" "$@" ;;
        *) exit 2 ;;
    esac
}

make_root() { # ROOT
    local mirror
    mirror=$(debian_mirror)
    if [[ -z $mirror ]]; then
        echo "apt knows no Debian mirror" >&2
        return 1
    fi
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$1" "$mirror"
    # How this machine's apt reaches its mirrors: proxies, retries, dates that are not to be checked.
    apt-config dump | grep -E '^Acquire::(https?|Check|Retries|Force)' >"$1/etc/apt/apt.conf.d/90acquire" || true
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$1/etc/hosts"
    mount -t proc proc "$1/proc"
    local in_root=(chroot "$1" env HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive)
    "${in_root[@]}" apt-get update -qq
    "${in_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
    "${in_root[@]}" apt-get clean
}

# The mirror from which this machine's own Debian comes, whichever way apt's sources are written.
debian_mirror() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(LABEL) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 == "main" { print $3; exit }'
}

run_in() { # ROOT SHARED… -- COMMAND…
    local folder=$1 here=$PWD shared
    shift
    mount --bind "$folder" "$folder"
    mount -t tmpfs tmpfs "$folder/tmp"
    mount -t proc proc "$folder/proc"
    # The package manager's caches.
    mkdir -p "$folder.home"
    mount --bind "$folder.home" "$folder/root"
    while [[ $1 != -- ]]; do
        shared=$(realpath "$1")
        mkdir -p "$folder$shared"
        mount --bind "$shared" "$folder$shared"
        shift
    done
    shift
    # The root itself stays as it was made.
    mount -o remount,bind,ro "$folder"
    unset COUNTERSIGN_SWIFT_ROOT
    # shellcheck disable=SC2016 # expanded inside
    exec chroot "$folder" env PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/root TMPDIR=/tmp \
        sh -c 'cd "$0" && exec "$@"' "$here" "$@"
}

main "$@"
