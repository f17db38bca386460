"""Pictures of validation digits, made as strangers make them: one digit each."""

import numpy as np
from PIL import Image, ImageDraw

from .pages import jpeg, paper, pen, ruled, written


def centre_line(digit, side):
    """A line of one pixel along the middle of the strokes (Zhang and Suen 1984), in a square."""
    ink = np.pad(pen(digit, side - 2), 2) > 127
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            p = [np.roll(ink, at, (0, 1)) for at in
                 ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))]  # fmt: skip
            around = np.sum(p, axis=0)
            turns = np.sum([~p[i] & p[(i + 1) % 8] for i in range(8)], axis=0)
            if first:
                open_ = ~(p[0] & p[2] & p[4]) & ~(p[2] & p[4] & p[6])
            else:
                open_ = ~(p[0] & p[2] & p[6]) & ~(p[0] & p[4] & p[6])
            gone = ink & (around >= 2) & (around <= 6) & (turns == 1) & open_
            if gone.any():
                ink, changed = ink & ~gone, True
    return ink


def placed(ink, height, width, rng, edge=False):
    """Ink at a random place on an empty canvas; at its border with ``edge``."""
    out, ink = np.zeros((height, width), np.float32), ink[:height, :width]
    y = 0 if edge else int(rng.integers(0, height - ink.shape[0] + 1))
    x = int(rng.integers(0, width - ink.shape[1] + 1))
    out[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    return out


def _drawn(digit, height, rng, weight=0.5):
    return pen(digit, height, weight).astype(np.float32) / 255


def _on_white(ink):
    return np.round(255 * (1 - ink)).astype(np.uint8)


def _photo(digit, rng, weight=0.5, strength=1.0, colour=(0.12, 0.12, 0.2), rules=0, **light):
    seed = int(rng.integers(1 << 30))
    ink = strength * placed(_drawn(digit, 110, rng, weight), 200, 220, rng)
    sheet = paper(ink.shape, seed, **light)
    if rules:
        sheet = ruled(sheet, rules, upright=True)
    return jpeg(written(ink, sheet, colour), 50, 0.8)


def _cell(digit, rng):
    """A form's cell as it is cut out: its borders at the edge, a neighbour's end beside them."""
    out = np.zeros((84, 76), np.float32)
    ink = _drawn(digit, int(rng.integers(44, 58)), rng)[:, :56]
    y, x = 42 - ink.shape[0] // 2, 38 - ink.shape[1] // 2
    y, x = y + int(rng.integers(-5, 6)), x + int(rng.integers(-5, 6))
    out[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    image = Image.fromarray(out)
    draw = ImageDraw.Draw(image)
    a, b, c, d = rng.integers(0, 5, 4)
    sides = [((a, 0), (a + rng.integers(-2, 3), 84)), ((75 - b, 0), (75 - b + rng.integers(-2, 3), 84)),
             ((0, c), (76, c)), ((0, 83 - d), (76, 83 - d))]  # fmt: skip
    for start, stop in sides:
        if rng.random() < 0.8:
            draw.line((*start, *stop), fill=0.8, width=int(rng.integers(1, 4)))
    if rng.random() < 0.5:  # the end of a neighbour's stroke
        at = int(rng.integers(20, 60))
        draw.line((70, at, 76, at + int(rng.integers(-9, 10))), fill=1.0, width=4)
    return jpeg(_on_white(np.asarray(image) * 0.85), 75)


def _line(digit, rng, side, within):
    return _on_white(placed(centre_line(digit, side), within, within, rng))


def _hairline(digit, rng, within=1000):
    """One pixel wide and hundreds high, from point to point of a small line."""
    points = np.argwhere(centre_line(digit, 48)).tolist()
    factor = rng.uniform(8, 19)
    image = Image.new("L", (within, within), 255)
    draw = ImageDraw.Draw(image)
    for y, x in points:
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
            if [y + dy, x + dx] in points:
                ends = (x, y, x + dx, y + dy)
                draw.line([round(20 + factor * each) for each in ends], fill=40)
    return np.asarray(image)


def _filled(digit, side, binary=False, stretched=True):
    """Cut to its box and scaled to a whole square, as USPS's and Semeion's digits are."""
    ink = pen(digit, 60)
    ink = ink[2:-2, 2:-2] if min(ink.shape) > 8 else ink
    if not stretched and ink.shape[0] > ink.shape[1]:
        room = ink.shape[0] - ink.shape[1]
        ink = np.pad(ink, ((0, 0), (room // 2, room - room // 2)))
    small = Image.fromarray(ink).resize((side, side), Image.Resampling.BOX)
    out = np.asarray(small, np.float32) / 255
    return (out > 0.5).astype(np.float32) if binary else out


def _small_scan(digit, rng):
    """28 x 28 cut out of an old book: noise, stained paper, a neighbour's edge."""
    tall = int(rng.integers(20, 28))
    ink = _drawn(digit, tall, rng, rng.uniform(0.3, 0.65))[:28, :28]
    out = placed(ink, 28, 28, rng)
    if rng.random() < 0.4:
        at = int(rng.integers(4, 24))
        out[at : at + 3, -2:] = np.maximum(out[at : at + 3, -2:], 0.8)
    sheet = paper((28, 28), int(rng.integers(1 << 30)), colour=(0.8,) * 3, shade=0.2, grain=0.04)
    return written(out * rng.uniform(0.6, 0.95), sheet)


def _broken(digit, rng):
    ink = _drawn(digit, 110, rng, 0.65)
    for _ in range(5):
        y, x = rng.integers(0, ink.shape[0]), rng.integers(0, ink.shape[1])
        ink[y : y + 4, x : x + 18] = 0
    return _on_white(placed(ink, 160, 170, rng))


KINDS = {
    "pencil": lambda d, r: _photo(d, r, 0.68, 0.4, grain=0.025, shade=0.3),
    "marker": lambda d, r: _photo(d, r, 0.12, vignette=0.5),
    "ball-pen on yellow": lambda d, r: _photo(d, r, 0.7, 0.9, (0.1, 0.15, 0.5)),
    "creased and shaded": lambda d, r: _photo(d, r, shade=0.5, creases=4, grain=0.02),
    "squared paper": lambda d, r: _photo(d, r, rules=40),
    "cell of a form": _cell,
    "mouse, 1 pixel in 64": lambda d, r: _line(d, r, int(r.integers(34, 60)), 64),
    "mouse, 1 pixel in 28": lambda d, r: _line(d, r, int(r.integers(18, 26)), 28),
    "hairline in 1000": _hairline,
    "tiny in 1000": lambda d, r: _on_white(placed(_drawn(d, 30, r), 1000, 1000, r)),
    "brush": lambda d, r: _on_white(placed(_drawn(d, 200, r, 0.08), 320, 320, r)),
    "at the border": lambda d, r: _on_white(placed(_drawn(d, 90, r)[4:], 100, 150, r, edge=True)),
    "white on black": lambda d, r: 255 - _on_white(placed(_drawn(d, 90, r), 190, 190, r)),
    "broken": _broken,
    "8 x 8": lambda d, r: np.round(_filled(d, 8, stretched=False) * 16) / 16,
    "16 x 16 grey": lambda d, r: _filled(d, 16, stretched=False),
    "16 x 16 inverted": lambda d, r: 1 - _filled(d, 16, stretched=False),
    "16 x 16 stretched, binary": lambda d, r: _filled(d, 16, binary=True),
    "28 x 28 from a book": _small_scan,
}


def pictures(kind, n, seed=0):
    """n pictures of a kind and their digits."""
    from .pages import validation

    rng, split = np.random.default_rng(seed), validation()
    chosen = rng.integers(0, len(split), n)
    return [KINDS[kind](split.images[i], rng) for i in chosen], split.labels[chosen]
