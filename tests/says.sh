#!/usr/bin/env bash
# Runs a command and fails unless it ends well and says each of these texts.
#
#   tests/says.sh TEXT… -- COMMAND…
set -euo pipefail

texts=()
while [[ $1 != -- ]]; do texts+=("$1") && shift; done
shift
said=$("$@")
for text in "${texts[@]}"; do
    if [[ $said != *"$text"* ]]; then
        printf '%s\nnot said: %s\n' "$said" "$text" >&2
        exit 1
    fi
done
