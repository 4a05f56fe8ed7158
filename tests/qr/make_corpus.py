#!/usr/bin/env python3
"""Makes the QR corpus: 16 kinds of degraded pictures of codes, and negatives.

The codes come from segno, an encoder that is independent of ours. Each picture is 1280×720 luma (PGM, binary P5);
`manifest.json` lists the expected texts. All randomness is seeded: one version of the libraries makes one corpus.

    pip install segno numpy Pillow
    python3 tests/qr/make_corpus.py OUT [--per-category 6] [--long] [--seed 1]
"""

import argparse
import base64
import io
import json
import math
import pathlib
import random
import string

import numpy as np
import segno
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1280, 720
NEGATIVES_PER_CATEGORY = 4 / 3  # 40 where there are 30 of each kind


# --- texts ------------------------------------------------------------------------------------------------------------


def base32(rng, size):
    return base64.b32encode(rng.randbytes(size)).decode().rstrip("=")


def otpauth(rng):
    issuer = rng.choice(["Example", "Acme%20Co", "Contoso", "Universit%C3%A4t", "bank.example"])
    name = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(4, 20)))
    text = f"otpauth://totp/{issuer}:{name}@example.org?secret={base32(rng, rng.choice([10, 20, 32]))}&issuer={issuer}"
    return text + rng.choice(["", "&algorithm=SHA256&digits=8", "&algorithm=SHA1&digits=6&period=30"])


def pipush(rng):
    serial = "PIPU%08X" % rng.getrandbits(32)
    key = base64.b64encode(rng.randbytes(170)).decode().replace("+", "%2B").replace("/", "%2F")
    return (
        f"otpauth://pipush/{serial}?url=https%3A//pi.example.org/ttype/push&ttl=10&issuer=privacyIDEA"
        f"&enrollment_credential={rng.randbytes(20).hex()}&v=1&serial={serial}&sslverify=1&key={key[:170]}"
    )


def migration(rng):
    return "otpauth-migration://offline?data=" + base64.b64encode(rng.randbytes(rng.randint(510, 720))).decode()


def short(rng):
    return rng.choice(["https://example.org/" + base32(rng, 5), "HELLO " + str(rng.randint(0, 99)), base32(rng, 10)])


def text_for(rng, kind):
    if kind == "dense":
        return migration(rng)
    return rng.choices([otpauth, pipush, migration, short], [60, 15, 5, 20])[0](rng)


# --- drawing ----------------------------------------------------------------------------------------------------------


def modules(text, rng, level=None):
    code = segno.make(text, error=level or rng.choice("LMQ"), micro=False, boost_error=False)
    return np.array([list(row) for row in code.matrix], dtype=np.uint8)


def tile(code, quiet, dark, light, logo=0.0, rng=None):
    """The code with its quiet zone, 8 pixels a module, as floats."""
    picture = np.where(np.pad(code, quiet), float(dark), float(light)).repeat(8, 0).repeat(8, 1)
    if logo:
        side = int(len(code) * 8 * logo)
        middle = len(picture) // 2
        image = Image.fromarray(picture.astype(np.uint8))
        draw = ImageDraw.Draw(image)
        box = [middle - side // 2, middle - side // 2, middle + side // 2, middle + side // 2]
        draw.rounded_rectangle(box, radius=side // 6, fill=int(light))
        inner = [box[0] + side // 8, box[1] + side // 8, box[2] - side // 8, box[3] - side // 8]
        draw.ellipse(inner, fill=rng.randint(40, 170))
        picture = np.asarray(image, dtype=float)
    return picture


def homography(source, target):
    """The 3×3 matrix that maps four source points to four target points."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)


def paste(scene, picture, corners, bend=0.0):
    """Draws the picture into the quadrilateral (clockwise from its top left), 3×3 samples a pixel.

    `bend`: how far, in picture heights, the middle of the picture is shifted up, as on a bottle's label.
    """
    height, width = picture.shape
    inverse = homography(corners, [(0, 0), (width, 0), (width, height), (0, height)])
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    margin = abs(bend) * (max(ys) - min(ys)) + 2
    left, right = max(0, int(min(xs) - margin)), min(WIDTH, int(max(xs) + margin) + 1)
    top, bottom = max(0, int(min(ys) - margin)), min(HEIGHT, int(max(ys) + margin) + 1)
    drawn = np.zeros((bottom - top, right - left))
    cover = np.zeros_like(drawn)
    for dy in (1 / 6, 3 / 6, 5 / 6):
        for dx in (1 / 6, 3 / 6, 5 / 6):
            x, y = np.meshgrid(np.arange(left, right) + dx, np.arange(top, bottom) + dy)
            w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
            u = (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) / w
            v = (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) / w
            if bend:
                across = u / width * 2 - 1
                v = v + bend * height * (1 - across**2)
                # A cylinder turned away: modules narrow towards the sides.
                u = width / 2 * (1 + np.arcsin(np.clip(across * math.sin(0.5), -1, 1)) / 0.5)
            inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
            sample = picture[np.clip(v, 0, height - 1).astype(int), np.clip(u, 0, width - 1).astype(int)]
            drawn += sample * inside
            cover += inside
    part = scene[top:bottom, left:right]
    part[:] = part * (1 - cover / 9) + drawn / 9


def square(cx, cy, side, angle=0.0):
    corners = [(-side / 2, -side / 2), (side / 2, -side / 2), (side / 2, side / 2), (-side / 2, side / 2)]
    c, s = math.cos(angle), math.sin(angle)
    return [(cx + x * c - y * s, cy + x * s + y * c) for x, y in corners]


def background(rng, base=None):
    """A desk: a gradient, soft blobs, some boxes."""
    noise = np.random.default_rng(rng.getrandbits(32))
    coarse = noise.normal(0, 14, (9, 16))
    blobs = np.asarray(Image.fromarray(coarse.astype(np.float32)).resize((WIDTH, HEIGHT), Image.BICUBIC), dtype=float)
    scene = blobs + (base if base is not None else rng.uniform(110, 200))
    scene += np.linspace(-1, 1, WIDTH)[None, :] * rng.uniform(-15, 15)
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(2, 6)):
        x, y = rng.randint(0, WIDTH), rng.randint(0, HEIGHT)
        draw.rectangle([x, y, x + rng.randint(20, 300), y + rng.randint(5, 120)], fill=rng.randint(30, 230))
    return np.asarray(image, dtype=float).copy()


def lines_of_text(rng, image, left, top, right, bottom):
    draw = ImageDraw.Draw(image)
    y = top
    while y < bottom:
        size = rng.choice([11, 12, 13, 14, 18])
        words = " ".join("".join(rng.choices(string.ascii_letters, k=rng.randint(2, 10))) for _ in range(40))
        font = ImageFont.load_default(size)
        while words and draw.textlength(words, font) > right - left:
            words = words[: int(len(words) * 0.95) - 1]
        draw.text((left, y), words, fill=rng.randint(10, 60), font=font)
        y += int(size * 1.4)


def sensor(scene, rng, noise=None, blur=None):
    """What a camera adds: a little blur and grain."""
    grain = np.random.default_rng(rng.getrandbits(32))
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(blur if blur is not None else rng.uniform(0.4, 0.8)))
    noisy = np.asarray(image, dtype=float) + grain.normal(0, noise if noise is not None else rng.uniform(1.5, 4), (HEIGHT, WIDTH))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def place(rng, side, slack=1.0):
    reach = side * slack / 2 + 8
    x = rng.uniform(reach, WIDTH - reach) if reach * 2 < WIDTH else WIDTH / 2
    y = rng.uniform(reach, HEIGHT - reach) if reach * 2 < HEIGHT else HEIGHT / 2
    return x, y


def side_for(rng, count, least, most, limit=640):
    """The side in pixels of a code of so many modules (quiet zone included), by a module's size in pixels."""
    return min(count * rng.uniform(least, most), limit)


# --- the sixteen kinds ------------------------------------------------------------------------------------------------


def make(kind, rng):
    text = text_for(rng, kind)
    level = "H" if kind == "logo" else "L" if kind == "dense" else None
    if kind in ("logo", "curved", "small", "blur", "moire") and len(text) > 450:
        text = otpauth(rng)
    code = modules(text, rng, level)
    quiet = 0 if kind == "noquiet" else 4
    count = len(code) + 2 * quiet
    dark, light = rng.uniform(15, 55), rng.uniform(200, 240)
    texts = [text]

    if kind == "clean":
        scene = np.full((HEIGHT, WIDTH), light)
        side = min(count * rng.randint(4, 8), 640 // count * count)
        paste(scene, tile(code, quiet, 0, 255), square(round(WIDTH / 2), round(HEIGHT / 2), side))
        return sensor(scene, rng, noise=1.0, blur=0.3), texts
    if kind == "page":
        image = Image.fromarray(np.full((HEIGHT, WIDTH), light, dtype=np.uint8))
        side = side_for(rng, count, 3.0, 5.0, 420)
        cx, cy = place(rng, side, 1.3)
        lines_of_text(rng, image, 40, 20, WIDTH - 40, HEIGHT - 20)
        scene = np.asarray(image, dtype=float).copy()
        paste(scene, tile(code, quiet, dark, light), square(cx, cy, side, rng.uniform(-0.1, 0.1)))
        return sensor(scene, rng), texts
    if kind == "two":
        other = otpauth(rng)
        texts.append(other)
        scene = background(rng)
        for each, cx in ((code, WIDTH * 0.26), (modules(other, rng), WIDTH * 0.74)):
            side = side_for(rng, len(each) + 8, 3.5, 7, 440)
            corners = square(cx + rng.uniform(-40, 40), HEIGHT / 2 + rng.uniform(-60, 60), side, rng.uniform(-0.5, 0.5))
            paste(scene, tile(each, 4, dark, light), corners)
        return sensor(scene, rng), texts

    scene = background(rng)
    if kind == "small":
        side = side_for(rng, count, 1.9, 2.8)
        paste(scene, tile(code, quiet, dark, light), square(*place(rng, side, 1.2), side, rng.uniform(-0.1, 0.1)))
        return sensor(scene, rng, blur=rng.uniform(0.3, 0.55)), texts
    if kind == "rotated":
        side = side_for(rng, count, 3.2, 7, 480)
        corners = square(*place(rng, side, 1.45), side, rng.uniform(0, 2 * math.pi))
        paste(scene, tile(code, quiet, dark, light), corners)
        return sensor(scene, rng), texts
    if kind == "perspective":
        side = side_for(rng, count, 4, 7.5, 560)
        corners = square(*place(rng, side, 1.2), side, rng.uniform(-0.5, 0.5))
        corners = [(x + rng.uniform(-0.14, 0.14) * side, y + rng.uniform(-0.14, 0.14) * side) for x, y in corners]
        paste(scene, tile(code, quiet, dark, light), corners)
        return sensor(scene, rng), texts
    if kind == "blur":
        side = side_for(rng, count, 4, 7, 600)
        paste(scene, tile(code, quiet, dark, light), square(*place(rng, side, 1.2), side, rng.uniform(-0.2, 0.2)))
        module = side / count
        sharp = sensor(scene, rng, noise=0, blur=module * rng.uniform(0.25, 0.65))
        if rng.random() < 0.3:  # motion
            length = max(2, int(module * rng.uniform(0.6, 1.1)))
            moved = [np.roll(sharp.astype(float), shift, axis=1) for shift in range(length)]
            sharp = np.mean(moved, axis=0)
        return sensor(sharp, rng, blur=0), texts
    if kind == "lowcontrast":
        middle, spread = rng.uniform(70, 190), rng.uniform(3, 8)
        scene = background(rng, base=middle) * 0.3 + middle * 0.7
        side = side_for(rng, count, 3.5, 7, 560)
        corners = square(*place(rng, side, 1.2), side, rng.uniform(-0.2, 0.2))
        paste(scene, tile(code, quiet, middle - spread, middle + spread), corners)
        return sensor(scene, rng, noise=rng.uniform(1, 2.5)), texts
    if kind == "inverted":
        scene = background(rng, base=rng.uniform(20, 60))
        side = side_for(rng, count, 3.5, 7, 560)
        corners = square(*place(rng, side, 1.2), side, rng.uniform(-0.3, 0.3))
        paste(scene, tile(code, quiet, light, dark), corners)
        return sensor(scene, rng), texts
    if kind == "gradient":
        side = side_for(rng, count, 3.5, 8, 620)
        cx, cy = place(rng, side, 1.2)
        paste(scene, tile(code, quiet, dark, light), square(cx, cy, side, rng.uniform(-0.3, 0.3)))
        x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
        angle = rng.uniform(0, 2 * math.pi)
        along = ((x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)) / side
        shade = np.clip(0.6 + along * rng.uniform(0.5, 0.9), 0.12, 1)
        if rng.random() < 0.5:  # a hard shadow
            shade = np.where(along > rng.uniform(-0.3, 0.3), 1, rng.uniform(0.3, 0.5))
        return sensor(scene * shade, rng), texts
    if kind == "jpeg":
        side = side_for(rng, count, 3.3, 6, 560)
        paste(scene, tile(code, quiet, dark, light), square(*place(rng, side, 1.2), side, rng.uniform(-0.2, 0.2)))
        stream = io.BytesIO()
        Image.fromarray(sensor(scene, rng)).save(stream, "JPEG", quality=rng.randint(6, 18))
        return np.asarray(Image.open(stream).convert("L")), texts
    if kind == "moire":
        side = side_for(rng, count, 4, 7.5, 600)
        paste(scene, tile(code, quiet, dark, light), square(*place(rng, side, 1.2), side, rng.uniform(-0.15, 0.15)))
        x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
        waves = np.zeros((HEIGHT, WIDTH))
        for _ in range(2):
            period, angle = rng.uniform(3, 11), rng.uniform(0, math.pi)
            waves += np.sin(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / period)
        return sensor(scene * (0.85 + waves * rng.uniform(0.04, 0.16)), rng), texts
    if kind == "logo":
        side = side_for(rng, count, 4, 8, 620)
        picture = tile(code, quiet, dark, light, logo=rng.uniform(0.18, 0.3), rng=rng)
        paste(scene, picture, square(*place(rng, side, 1.2), side, rng.uniform(-0.3, 0.3)))
        return sensor(scene, rng), texts
    if kind == "curved":
        side = side_for(rng, count, 4.5, 8, 540)
        corners = square(*place(rng, side, 1.4), side, rng.uniform(-0.15, 0.15))
        paste(scene, tile(code, quiet, dark, light), corners, bend=rng.uniform(-0.05, 0.05))
        return sensor(scene, rng), texts
    if kind == "noquiet":
        scene = scene * 0.8 + rng.choice([0, 30])
        side = side_for(rng, count, 4, 7, 560)
        paste(scene, tile(code, quiet, dark, light), square(*place(rng, side, 1.2), side, rng.uniform(-0.2, 0.2)))
        return sensor(scene, rng), texts
    if kind == "dense":
        side = side_for(rng, count, 4.0, 5.2, 700)
        corners = square(*place(rng, side, 1.02), side, rng.uniform(-0.02, 0.02))
        paste(scene, tile(code, quiet, dark, light), corners)
        return sensor(scene, rng), texts
    raise ValueError(kind)


KINDS = [
    "clean", "small", "rotated", "perspective", "blur", "lowcontrast", "inverted", "gradient",
    "jpeg", "moire", "logo", "curved", "noquiet", "dense", "two", "page",
]  # fmt: skip


def negative(rng, index):
    """Pictures without a readable code: desks, text, noise, checkers, codes with their middle gone."""
    what = index % 5
    if what == 0:
        return sensor(background(rng), rng)
    if what == 1:
        image = Image.fromarray(np.full((HEIGHT, WIDTH), 230, dtype=np.uint8))
        lines_of_text(rng, image, 20, 10, WIDTH - 20, HEIGHT - 10)
        return sensor(np.asarray(image, dtype=float), rng)
    if what == 2:
        coarse = np.random.default_rng(rng.getrandbits(32)).integers(0, 2, (HEIGHT // 4, WIDTH // 4)) * 200.0 + 20
        return sensor(coarse.repeat(4, 0).repeat(4, 1), rng)
    if what == 3:
        x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
        size = rng.randint(6, 40)
        return sensor(((x // size + y // size) % 2) * 180.0 + 30, rng)
    scene = background(rng)
    code = modules(otpauth(rng), rng, "L")
    count = len(code)
    code[9 : count - 9, :] = np.random.default_rng(rng.getrandbits(32)).integers(0, 2, (count - 18, count))
    side = (count + 8) * 6
    paste(scene, tile(code, 4, 30, 220), square(*place(rng, side, 1.1), side))
    return sensor(scene, rng)


def save(path, picture):
    path.write_bytes(b"P5\n%d %d\n255\n" % (WIDTH, HEIGHT) + np.ascontiguousarray(picture, dtype=np.uint8).tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--per-category", type=int, default=6)
    parser.add_argument("--long", action="store_true", help="30 pictures of each kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    per_category = 30 if options.long else options.per_category
    options.out.mkdir(parents=True, exist_ok=True)
    manifest = []
    for kind in KINDS:
        for index in range(per_category):
            # Seeded by a text, which is the same on each run and machine.
            picture, texts = make(kind, random.Random(f"{options.seed}/{kind}/{index}"))
            name = f"{kind}-{index:02}.pgm"
            save(options.out / name, picture)
            manifest.append({"file": name, "category": kind, "texts": texts})
    for index in range(round(per_category * NEGATIVES_PER_CATEGORY)):
        name = f"negative-{index:02}.pgm"
        save(options.out / name, negative(random.Random(f"{options.seed}/negative/{index}"), index))
        manifest.append({"file": name, "category": "negative", "texts": []})
    (options.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{len(manifest)} pictures in {options.out}")


if __name__ == "__main__":
    main()
