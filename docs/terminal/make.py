#!/usr/bin/env python3
"""Draws docs/terminal.svg: what `countersign demo` really prints, in a terminal's window.

    cargo build --release && python3 docs/terminal/make.py [COUNTERSIGN_BINARY]

Codes, times and ids differ from run to run (the demo's secrets are thrown away with it); the layout does not. Every word
group is stretched to its columns, so that no font can shift them.
"""
import os, pathlib, re, subprocess, sys
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "countersign"
COMMAND = "cargo run --release -- demo"
COLUMN, LINE, SIZE = 8.5, 19, 14
MARGIN, BAR = 18, 34

STYLE = f"""text {{ font: {SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #c9d1d9 }}
.head {{ fill: #79c0ff; font-weight: 600 }}
.good {{ fill: #7ee787 }}
.note {{ fill: #e3b341 }}
.dim {{ fill: #8b949e }}"""

# The first that matches gives a word group its colour.
COLOURS = [
    (r"\d+\. .*", "head"),
    (r"demo: ok .*|.*none found|.*each the same|.*all as they were last written|\d{6,10}|\$", "good"),
    (r"note: .*|byte \d+ of .* can't be read: .*", "note"),
    (r"\d+ s left|until used|.*, read in .* ms", "dim"),
]


def colour(words: str) -> str:
    return next((f' class="{name}"' for pattern, name in COLOURS if re.fullmatch(pattern, words)), "")


def drawn(lines: list[str]) -> str:
    columns = max(map(len, lines))
    width, height = round(columns * COLUMN + 2 * MARGIN), BAR + len(lines) * LINE + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        "<title>What countersign demo prints</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#0d1117"/>',
    ]
    for place, light in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        parts.append(f'<circle cx="{MARGIN + 6 + 20 * place}" cy="18" r="6" fill="{light}"/>')
    for row, line in enumerate(lines):
        for words in re.finditer(r"\S+(?: \S+)*", line):
            x, y = MARGIN + words.start() * COLUMN, BAR + (row + 1) * LINE - 5
            length = len(words.group()) * COLUMN
            parts.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"'
                f"{colour(words.group())}>{escape(words.group())}</text>"
            )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    binary = sys.argv[1] if len(sys.argv) > 1 else BINARY
    done = subprocess.run([binary, "demo"], capture_output=True, text=True, timeout=300, check=True)
    lines = done.stdout.strip("\n").split("\n")
    (ROOT / "docs" / "terminal.svg").write_text(drawn([f"$ {COMMAND}", "", *lines]), encoding="utf-8")


main()
