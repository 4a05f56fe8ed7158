"""Makes the pictures of tests/fuzz/corpus/picture: one of each kind of file, written by another program (Pillow), and
files of a few bytes that claim to be huge.

    python tests/fuzz/make_pictures.py      (with tests/requirements.txt)
"""

import io
import struct
import zlib
from pathlib import Path

import segno
from PIL import Image

FOLDER = Path(__file__).parent / "corpus" / "picture"
TEXT = "otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Example"


def code() -> Image.Image:
    png = io.BytesIO()
    segno.make(TEXT, error="m").save(png, kind="png", scale=2, border=4)
    return Image.open(png).convert("L")


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, depth: int, colour: int, interlaced: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def with_size(jpeg: bytes, side: int) -> bytes:
    """The same file, whose frame header claims another size."""
    frame = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: frame + 5] + struct.pack(">HH", side, side) + jpeg[frame + 9 :]


def files() -> dict[str, bytes]:
    grey = code()
    colour = Image.merge("RGB", (grey, grey.point(lambda v: v // 2 + 64), grey))
    clear = Image.merge("RGBA", (*grey.point(lambda v: 0).convert("RGB").split(), grey.point(lambda v: 255 - v)))
    lossless = encoded(clear, "WEBP", lossless=True)
    baseline = encoded(grey, "JPEG", quality=60)
    progressive = encoded(colour, "JPEG", quality=60, progressive=True)
    return {
        "grey.png": encoded(grey, "PNG"),
        "bits.png": encoded(grey.convert("1"), "PNG"),
        "palette.png": encoded(colour.quantize(16), "PNG"),
        "colour.png": encoded(colour, "PNG"),
        "clear.png": encoded(clear, "PNG"),
        "interlaced-16.png": png_of(32, 32, 16, 0, 1, b"\0" * 4096),
        "baseline.jpg": baseline,
        "progressive.jpg": progressive,
        "cmyk.jpg": encoded(colour.convert("CMYK"), "JPEG", quality=50),
        "restarts.jpg": encoded(colour, "JPEG", quality=60, restart_marker_blocks=4),
        "lossy.webp": encoded(colour, "WEBP", quality=40),
        "lossy-alpha.webp": encoded(clear, "WEBP", quality=40),
        "lossless.webp": lossless,
        "animated.webp": encoded(colour, "WEBP", save_all=True, append_images=[colour.rotate(90)], quality=30),
        "huge.png": png_of(8000, 8000, 8, 0, 0, b"\0" * 8001),
        "huge-colour.png": png_of(8000, 8000, 16, 6, 0, b"\0" * 8001),
        # Over 4 megapixels: read in another way. Over 64: refused. Sizes between them cost half a second each.
        "large.jpg": with_size(baseline, 2100),
        "large-progressive.jpg": with_size(progressive, 2100),
        "huge.jpg": with_size(baseline, 8100),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (FOLDER / name).write_bytes(content)


main()
