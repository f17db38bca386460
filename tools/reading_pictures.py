"""Draw docs/images/reading.png and reading-steps.png: a page as it is read, and how.

    python tools/reading_pictures.py

The pages are made of MNIST's validation digits (see tests/reading/pages.py).
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import handwrought as hw
from handwrought.reading.annotation import annotated
from handwrought.reading.ink import find_ink
from handwrought.reading.pictures import open_picture
from handwrought.reading.ruled_lines import remove_ruled_lines
from handwrought.reading.sheet import find_sheet

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.reading.pages import PHOTOGRAPHS, jpeg, lines, on_desk, paper, ruled, written  # noqa: E402

SIDE_BY_SIDE = ["on a desk", "form askew", "hard shadow", "rising by 40"]


def tiled(pictures: list[Image.Image], columns: int, size: tuple[int, int], gap: int = 12):
    """Pictures in rows on white, each scaled into a tile."""
    rows = -(-len(pictures) // columns)
    width, height = (columns * (size[0] + gap) + gap, rows * (size[1] + gap) + gap)
    out = Image.new("RGB", (width, height), "white")
    for i, picture in enumerate(pictures):
        picture = picture.convert("RGB")
        picture.thumbnail(size, Image.Resampling.LANCZOS)
        x = gap + (i % columns) * (size[0] + gap) + (size[0] - picture.width) // 2
        y = gap + (i // columns) * (size[1] + gap) + (size[1] - picture.height) // 2
        out.paste(picture, (x, y))
    return out


def read(reader: hw.Recognizer, pixels: np.ndarray) -> Image.Image:
    opened = open_picture(pixels)
    drawn = annotated(opened, reader.read(opened), Path("page.png"))
    return Image.open(io.BytesIO(drawn))


def steps(reader: hw.Recognizer) -> list[Image.Image]:
    """Photograph; sheet; ink without rules; what the network sees of each digit."""
    ink, _ = lines(12, rows=2, columns=5)
    sheet_of_paper = ruled(paper(ink.shape, 12, shade=0.3), 51)
    photograph = jpeg(on_desk(written(ink, sheet_of_paper), 12), 80)
    opened = open_picture(photograph)
    sheet = find_sheet(opened.pixels)
    assert sheet is not None
    amount = remove_ruled_lines(find_ink(opened.pixels, reach=60, pad=8, sheet=sheet))
    page = reader.read(opened)
    digits = Image.new("RGB", (5 * 64, 2 * 84), (40, 40, 40))
    draw, font = ImageDraw.Draw(digits), ImageFont.load_default(16)
    for row, line in enumerate(page.lines):
        for column, reading in enumerate(line[:5]):
            tile = Image.fromarray(reading.normalized).resize((56, 56), Image.Resampling.NEAREST)
            digits.paste(tile, (column * 64 + 4, row * 84 + 4))
            label = f"{reading.text}  {reading.confidence:.0%}"
            draw.text((column * 64 + 32, row * 84 + 71), label, "white", font, anchor="mm")
    pale = np.where(sheet[:, :, None], photograph, photograph // 4)
    return [
        Image.fromarray(photograph),
        Image.fromarray(pale),
        Image.fromarray((255 * (1 - amount)).astype(np.uint8)),
        digits.resize((digits.width * 2, digits.height * 2), Image.Resampling.LANCZOS),
    ]


def main() -> None:
    reader = hw.Recognizer.load()
    folder = ROOT / "docs" / "images"
    pages = [read(reader, PHOTOGRAPHS[kind](101)[0]) for kind in SIDE_BY_SIDE]
    pictures = {"reading.png": pages, "reading-steps.png": steps(reader)}
    for name, parts in pictures.items():
        image = tiled(parts, 2, (480, 330)).quantize(160, dither=Image.Dither.NONE)
        image.save(folder / name, optimize=True)
        print(f"{folder / name}: {(folder / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
