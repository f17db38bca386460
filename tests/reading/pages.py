"""Pictures of validation digits, made as strangers make them: pages."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import handwrought as hw


@cache
def validation():
    return hw.load_dataset("mnist").validation


def canvas(digit, size=120, place=(0.5, 0.5), side=60):
    """Ink 0 to 1 of one digit on a square canvas: its 28 x 28 drawn ``side`` pixels large."""
    image = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    cover = Image.new("L", (size, size), 0)
    cover.paste(image, (round(place[0] * (size - side)), round(place[1] * (size - side))))
    return np.asarray(cover, np.float32) / 255


def pen(digit, height, weight=0.5):
    """A digit's ink as uint8, cut to its box, ``height`` pixels tall, with a pen's crisp edge."""
    rows, columns = np.flatnonzero(digit.max(1) > 60), np.flatnonzero(digit.max(0) > 60)
    cut = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    image = Image.fromarray(np.pad(cut, 1))
    factor = height / len(rows)
    size = tuple(max(3, round(side * factor)) for side in image.size)
    smooth = image.resize(size, Image.Resampling.BICUBIC).filter(
        ImageFilter.GaussianBlur(0.35 * factor if factor > 1 else 0)
    )
    ink = np.asarray(smooth, np.float32) / 255
    steep = max(1.0, 0.4 * factor, 0.6 / weight)  # no ink at all where there was none
    return np.round(255 * np.clip((ink - weight) * steep + 0.5, 0, 1)).astype(np.uint8)


def lines(seed, rows=3, columns=8, size=60, gap=16, leading=1.7, unequal=0.0, rise=0.0, middle=0,
          touching=False, margin=50):  # fmt: skip
    """Ink 0 to 1 of lines of digits, and their text.

    ``unequal``: share by which heights vary; ``rise``: pixels up per pixel along, the digits
    staying upright; ``middle``: space between two columns.
    """
    rng, split = np.random.default_rng(seed), validation()
    width = columns * round(size * 0.9 + gap) + middle + 2 * margin
    height = round(rows * size * leading + abs(rise) * width) + 2 * margin
    cover, text = Image.new("L", (width, height), 0), []
    for row in range(rows):
        chosen, x = rng.integers(0, len(split), columns), margin
        text.append("".join(str(label) for label in split.labels[chosen]))
        for column, i in enumerate(chosen):
            tall = max(12, round(size * (1 + unequal * rng.uniform(-1, 1))))
            digit = Image.fromarray(pen(split.images[i], tall, rng.uniform(0.4, 0.6)))
            down = row * size * leading + (size - tall) / 2 + (width * rise if rise > 0 else 0)
            y = margin + round(down - rise * x + rng.uniform(-0.06, 0.06) * size)
            x += middle if column == columns // 2 else 0
            cover.paste(255, (x, y), digit)
            x += digit.width + (-2 if touching else gap)
    return np.asarray(cover, np.float32) / 255, "\n".join(text)


def rotated(ink, degrees):
    image = Image.fromarray((255 * ink).astype(np.uint8))
    turned = image.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
    return np.asarray(turned, np.float32) / 255


def paper(shape, seed=0, colour=(0.86, 0.85, 0.82), shade=0.0, vignette=0.0, creases=0, grain=0.01):
    """Light that comes back from a sheet, (height, width, 3)."""
    rng = np.random.default_rng(seed)
    height, width = shape
    y, x = (np.mgrid[:height, :width] / np.array([height, width])[:, None, None]).astype(np.float32)
    light = 1 - shade * (0.7 * x + 0.3 * y) - vignette * 2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    for _ in range(creases):
        angle, far = rng.uniform(0, np.pi), rng.uniform(-0.3, 0.3)
        across = ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) - far) * max(shape)
        side = rng.uniform(0.04, 0.12)
        light -= side * np.exp(-np.abs(across) / 40) * (across > 0) - 0.05 * np.exp(
            -(across**2) / 8
        )
    light = light + grain * rng.standard_normal(shape)
    return np.clip(light[:, :, None] * np.asarray(colour), 0, 1).astype(np.float32)


def written(ink, sheet, colour=(0.12, 0.12, 0.2)):
    """Ink on a sheet, as uint8 (height, width, 3)."""
    depth = 1 - np.asarray(colour, np.float32)
    return np.round(255 * sheet * (1 - ink[:, :, None] * depth)).astype(np.uint8)


def jpeg(pixels, quality=40, blur=0.0):
    import io

    out = io.BytesIO()
    Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(blur)).save(
        out, "JPEG", quality=quality
    )
    return np.asarray(Image.open(out))


def ruled(sheet, every, dark=0.25, width=2, upright=False):
    """The sheet with blue-grey rules; squared paper with ``upright``."""
    out = sheet.copy()
    depth = dark * np.array([1.0, 0.8, 0.4], np.float32)
    for at in range(every // 2, out.shape[0], every):
        out[at : at + width] *= 1 - depth
    if upright:
        for at in range(every // 2, out.shape[1], every):
            out[:, at : at + width] *= 1 - depth
    return out


def on_desk(pixels, seed=0, lean=0.12, turn=6):
    """A photograph of the sheet lying on a wooden desk, seen at an angle."""
    rng = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    across, down = round(1.5 * width), round(1.5 * height)
    y, x = np.mgrid[:down, :across].astype(np.float32)
    waves = np.sin(y / 9 + 3 * np.sin(x / 170) + rng.uniform(0, 6)) * 0.05
    waves += np.sin(y / 2.3 + 2 * np.sin(x / 60)) * 0.03
    grain = np.asarray(
        Image.fromarray((rng.random((down, across // 12)) * 255).astype(np.uint8)).resize(
            (across, down), Image.Resampling.BICUBIC
        ),
        np.float32,
    )
    wood = (0.42 + waves + (grain / 255 - 0.5) * 0.12)[:, :, None] * np.array([1.0, 0.7, 0.45])
    desk = Image.fromarray((255 * np.clip(wood, 0, 1)).astype(np.uint8))
    # The sheet's corners: the far edge shorter than the near one, and all of it turned.
    half = np.array([width, height]) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    corners[:2, 0] *= 1 - lean
    angle = np.deg2rad(turn)
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners + np.array([across, down]) / 2 + rng.uniform(-10, 10, (4, 2))
    source = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, values = [], []
    for (u, v), (a, b) in zip(corners, source, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -a * u, -a * v], [0, 0, 0, u, v, 1, -b * u, -b * v]]
        values += [a, b]
    terms = np.linalg.solve(np.array(rows), np.array(values))
    how = (Image.Transform.PERSPECTIVE, tuple(terms), Image.Resampling.BICUBIC)
    sheet = Image.fromarray(pixels).transform((across, down), *how)
    cover = Image.new("L", (width, height), 255).transform((across, down), *how)
    shadow = cover.filter(ImageFilter.GaussianBlur(14)).point(lambda v: v // 3)
    desk = Image.composite(Image.new("RGB", desk.size), desk, shadow)
    return np.asarray(Image.composite(sheet, desk, cover))


def print_through(seed, shape, depth=0.3):
    """Faint mirrored text of the other side, as ink 0 to 1."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (shape[1], shape[0]), 0)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(max(14, shape[0] // 22))
    words = [
        "the",
        "sum",
        "of",
        "all",
        "that",
        "was",
        "written",
        "on",
        "the",
        "other",
        "side",
        "of",
        "this",
        "sheet",
    ]
    for y in range(20, shape[0] - 30, max(22, shape[0] // 15)):
        draw.text((20, y), " ".join(rng.choice(words, 14)), fill=255, font=font)
    mirrored = np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)), np.float32)[:, ::-1]
    return depth * mirrored / 255


WORDS = (
    *(
        "Rechnung",
        "Mwfkx",
        "invoice",
        "total",
        "number",
        "street",
        "quantity",
        "Peter",
        "Betrag",
        "Summe",
    ),
    *(
        "please",
        "return",
        "within",
        "thirty",
        "Konto",
        "Klasse",
        "Telefon",
        "Figure",
        "answer",
        "Nr.",
    ),
)


def with_letters(seed, size=60):
    """A line of digits below two words, and a word before the digits."""
    ink, text = lines(seed, rows=1, columns=6, size=size)
    height, width = ink.shape
    image = Image.new("L", (width + 6 * size, height + 3 * size), 0)
    image.paste(Image.fromarray((255 * ink).astype(np.uint8)), (6 * size, round(1.5 * size)))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(round(0.8 * size))
    first, second, third = np.random.default_rng(seed).choice(WORDS, 3, replace=False)
    draw.text((30, 20), f"{first} {second}", fill=255, font=font)
    draw.text((30, 1.5 * size + 50), third, fill=255, font=font)
    return np.asarray(image, np.float32) / 255, text


def form_row(seed, columns=6, size=60, line=2):
    """A form's row of cells, a digit in each, touching its cell's border at times."""
    rng, split = np.random.default_rng(seed), validation()
    side = round(1.35 * size)
    cover = Image.new("L", (columns * side + 80, side + 80), 0)
    draw = ImageDraw.Draw(cover)
    chosen = rng.integers(0, len(split), columns)
    for column, i in enumerate(chosen):
        left = 40 + column * side
        draw.rectangle((left, 40, left + side, 40 + side), outline=150, width=line)
        digit = Image.fromarray(pen(split.images[i], round(size * rng.uniform(0.8, 1.05))))
        x = left + side // 2 - digit.width // 2 + int(rng.integers(-4, 5))
        cover.paste(255, (x, 40 + side // 2 - digit.height // 2 + int(rng.integers(-6, 7))), digit)
    return np.asarray(cover, np.float32) / 255, "".join(str(d) for d in split.labels[chosen])


def _photo(ink, seed, ground=None, colour=(0.12, 0.12, 0.2), **light):
    sheet = paper(ink.shape, seed, **light) if ground is None else ground
    return jpeg(written(ink, sheet, colour), 60, 0.6)


def _of(make, **light):
    def picture(seed):
        ink, text = make(seed)
        return _photo(ink, seed, **light), text

    return picture


def _desk(seed, grey=False):
    ink, text = lines(seed, rows=2, columns=6)
    photograph = on_desk(written(ink, paper(ink.shape, seed)), seed)
    if grey:
        photograph = np.repeat(photograph.mean(2, keepdims=True).astype(np.uint8), 3, 2)
    return jpeg(photograph, 70), text


def _through(seed, depth=0.3):
    ink, text = lines(seed, rows=3, columns=7)
    return _photo(np.maximum(ink, print_through(seed, ink.shape, depth)), seed), text


def _on_rules(seed, upright, every, **more):
    ink, text = lines(seed, columns=7, **more)
    sheet = ruled(paper(ink.shape, seed, shade=0.2), every, upright=upright)
    return _photo(ink, seed, sheet), text


def askew(pixels, degrees):
    """A photograph turned, cut so that paper fills it."""
    image = Image.fromarray(pixels)
    cut = round(abs(np.tan(np.deg2rad(degrees))) * max(image.size) / 2)
    turned = image.rotate(degrees, resample=Image.Resampling.BICUBIC)
    return np.asarray(turned.crop((cut, cut, image.width - cut, image.height - cut)))


def _askew(seed, make, degrees):
    pixels, text = make(seed)
    return jpeg(askew(np.pad(pixels, ((40, 40), (40, 40), (0, 0)), mode="edge"), degrees), 70), text


def _on_dark_rules(seed):
    ink, text = lines(seed, columns=7)
    return _photo(ink, seed, ruled(paper(ink.shape, seed), 34, dark=0.6)), text


def _clutter(seed):
    """A sheet on a desk with a pen beside it and a shadow across it."""
    ink, text = lines(seed, rows=3, columns=6)
    photograph = on_desk(written(ink, paper(ink.shape, seed, shade=0.3)), seed, 0.25, 12)
    image = Image.fromarray(photograph)
    draw = ImageDraw.Draw(image)
    height = image.height
    draw.line((18, 0.1 * height, 40, 0.8 * height), fill=(20, 20, 90), width=12)
    draw.ellipse((image.width - 70, 10, image.width - 10, 70), fill=(230, 230, 225))
    return jpeg(np.asarray(image), 70), text


def _hard_shadow(seed):
    """Something between lamp and sheet: half of it dark, with a sharp edge."""
    ink, text = lines(seed, rows=3)
    height, width = ink.shape
    y, x = np.mgrid[:height, :width]
    across = (x - 0.55 * width) + 0.4 * (y - height / 2)
    light = 1 - 0.45 / (1 + np.exp(-across / 2))
    sheet = paper(ink.shape, seed) * light[:, :, None].astype(np.float32)
    return _photo(ink, seed, sheet), text


def _scribbles(seed):
    ink, text = lines(seed, rows=2)
    rng = np.random.default_rng(seed)
    image = Image.new("L", (ink.shape[1], ink.shape[0] + 160), 0)
    image.paste(Image.fromarray((255 * ink).astype(np.uint8)))
    draw = ImageDraw.Draw(image)
    at = np.array([image.width / 2, ink.shape[0] + 60])
    points = [tuple(at + rng.normal(0, (70, 20))) for _ in range(25)]
    draw.line(points, fill=255, width=4)
    return _photo(np.asarray(image, np.float32) / 255, seed), text


def _broken(seed):
    ink, text = lines(seed)
    rng = np.random.default_rng(seed)
    for _ in range(90):
        y, x = rng.integers(0, ink.shape[0]), rng.integers(0, ink.shape[1])
        ink[y : y + 3, x : x + 14] = 0
    return _photo(ink, seed), text


PHOTOGRAPHS = {
    "photograph": _of(lines),
    "vignette": _of(lambda s: lines(s, rows=1, columns=4, size=150, gap=40), vignette=0.6),
    "shade and creases": _of(lines, shade=0.5, creases=4),
    "blue on yellow": _of(lines, colour=(0.15, 0.2, 0.5)),
    "pencil on grey": _of(lambda s: (lambda i, t: (i * 0.45, t))(*lines(s)), shade=0.3, grain=0.02),
    "ruled": lambda s: _on_rules(s, False, 51),
    "rules through digits": lambda s: _on_rules(s, False, 34),
    "squared": lambda s: _on_rules(s, True, 30),
    "on a desk": _desk,
    "print through": _through,
    "strong print through": lambda s: _through(s, 0.5),
    "rules askew": lambda s: _askew(s, lambda s: _on_rules(s, False, 51, margin=80), 2.5),
    "dark rules": _on_dark_rules,
    "form askew": lambda s: _askew(s, _of(form_row), 3),
    "desk with a pen": _clutter,
    "hard shadow": _hard_shadow,
    "grey desk": lambda s: _desk(s, grey=True),
    "scribbles": _scribbles,
    "letters beside": _of(with_letters),
    "form": _of(form_row),
    "turned by 40": _of(lambda s: (lambda i, t: (rotated(i, 40), t))(*lines(s, rows=1))),
    "rising by 40": _of(lambda s: lines(s, rows=1, rise=0.84, gap=30)),
    "unequal": _of(lambda s: lines(s, unequal=0.35)),
    "wide spaces": _of(lambda s: lines(s, columns=5, gap=150)),
    "two columns": _of(lambda s: lines(s, rows=4, middle=260)),
    "broken": _broken,
    "touching": _of(lambda s: lines(s, rows=2, touching=True)),
    "a hundred, tilted": _of(
        lambda s: (lambda i, t: (rotated(i, 4), t))(*lines(s, rows=10, columns=10, size=48))
    ),
    "small": _of(lambda s: lines(s, size=22, gap=8)),
}  # fmt: skip


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
