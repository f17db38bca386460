"""Pictures of validation digits, made as strangers make them."""

import numpy as np
from PIL import Image, ImageFilter

import handwrought as hw


def validation():
    return hw.load_dataset("mnist").validation


def canvas(digit, size=120, place=(0.5, 0.5), side=60):
    """Ink 0 to 1 of one digit on a square canvas: its 28 x 28 drawn ``side`` pixels large."""
    image = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    cover = Image.new("L", (size, size), 0)
    cover.paste(image, (round(place[0] * (size - side)), round(place[1] * (size - side))))
    return np.asarray(cover, np.float32) / 255


def page(seed, rows=3, columns=8, size=60, gap=12, slant=0, ruled=False, squared=False, shade=0.0,
         noise=0.0, blur=0.0, inverted=False, ink=0.15, specks=0):  # fmt: skip
    """A page as uint8, and its text."""
    rng, split = np.random.default_rng(seed), validation()
    width, height = columns * (size + gap) + 80, int(rows * size * 1.7) + 80
    cover, text = Image.new("L", (width, height), 0), []
    for row in range(rows):
        chosen = rng.integers(0, len(split), columns)
        text.append("".join(str(label) for label in split.labels[chosen]))
        for column, i in enumerate(chosen):
            digit = Image.fromarray(split.images[i])
            digit = digit.resize((round(size * 1.4),) * 2, Image.Resampling.BICUBIC)
            x = 40 + column * (size + gap) - round(0.2 * size)
            cover.paste(255, (x, 30 + round(row * size * 1.7) + int(rng.integers(-4, 5))), digit)
    if slant:
        cover = cover.rotate(slant, expand=True, resample=Image.Resampling.BICUBIC)
    drawn = np.asarray(cover, np.float32) / 255
    height, width = drawn.shape
    y, x = np.mgrid[:height, :width]
    paper = 0.85 * (1 - shade * x / width * (0.5 + 0.5 * y / height))
    if ruled:
        for at in range(30, height, round(size * 0.85)):
            paper[at : at + 2] *= 0.75
    if squared:
        paper[30 :: round(size * 0.5)] *= 0.8
        paper[:, 30 :: round(size * 0.5)] *= 0.8
    out = paper * (1 - drawn * (1 - ink))
    for _ in range(specks):
        at = rng.integers(0, height - 3), rng.integers(0, width - 3)
        out[at[0] : at[0] + 2, at[1] : at[1] + 2] = 0.3
    picture = Image.fromarray((np.clip(out, 0, 1) * 255).astype(np.uint8))
    if blur:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    out = np.asarray(picture, np.float32) + 255 * noise * rng.standard_normal((height, width))
    out = np.clip(out, 0, 255).astype(np.uint8)
    return (255 - out if inverted else out), "\n".join(text)


def character_errors(found, expected):
    """Edits (Levenshtein 1966) that turn one into the other, by the characters expected."""
    row = list(range(len(expected) + 1))
    for i, a in enumerate(found, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(expected, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1] / len(expected)
