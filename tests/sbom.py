#!/usr/bin/env python3
"""Takes the list of components (CycloneDX) out of the wheel, looks at it, and puts it beside.

    tests/sbom.py FOLDER-OF-THE-WHEEL FILE
"""

import json
import sys
import zipfile
from pathlib import Path

EXPECTED = {"uniffi_core", "rusqlite", "libsqlite3-sys", "ring", "ed25519-dalek", "totp-rs", "countersign-core"}


def main(folder: str, file: str) -> None:
    (wheel,) = Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".cyclonedx.json"))
        # Where it was built is nobody's business.
        text = archive.read(name).replace(str(Path.cwd()).encode(), b"/countersign")
    sbom = json.loads(text)
    names = {component["name"] for component in sbom["components"]}
    missing = EXPECTED - names
    if sbom["bomFormat"] != "CycloneDX" or missing:
        sys.exit(f"not the list that it should be; missing: {sorted(missing)}")
    Path(file).write_bytes(text)
    print(f"{len(names)} components, CycloneDX {sbom['specVersion']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
