# What both scripts for phones are made of; sourced after `describe` is set to the lines of their comment that --help prints.
# shellcheck shell=bash disable=SC2154,SC2034 # what the scripts set, and what they read

dry=""
out=""
for argument in "$@"; do
    case $argument in
        --dry-run) dry=1 ;;
        -h | --help) sed -n "$describe" "$0" | sed 's/^# \{0,1\}//' && exit 0 ;;
        -*) echo "$(basename "$0"): no option '$argument'" >&2 && exit 2 ;;
        *) out=$argument ;;
    esac
done

# Says a command, and does it unless it is only to be said.
run() {
    printf '+'
    printf ' %q' "$@"
    printf '\n'
    if [[ -z $dry ]]; then "$@"; fi
}

step() { printf '\n# %s\n' "$1"; }
