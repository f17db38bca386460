"""A page with boxes around its digits and what was read above them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import DataError
from handwrought.reading.recognizer import Page

__all__ = ["annotated"]


def annotated(picture: NDArray[Any], page: Page, path: Path) -> bytes:
    """The picture (height, width, channels; 0 to 1) with boxes and readings, as ``path`` names it.

    Raises
    ------
    DataError
        If the file's name ends in no format that pictures are written in.
    """
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(np.round(picture * 255).astype(np.uint8).squeeze()).convert("RGB")
    draw = ImageDraw.Draw(image)
    for reading in page.digits:
        if reading.box is None:
            continue
        x, y, width, height = reading.box
        line = max(1, height // 40)
        gap = max(2, height // 12)
        colour = (196, 60, 40) if reading.refused else (30, 120, 140)
        draw.rectangle(
            (x - gap, y - gap, x + width + gap, y + height + gap), outline=colour, width=line
        )
        size = max(10, round(0.45 * height))
        font = ImageFont.load_default(size)
        label = f"{reading.text}"
        above = y - gap - size * 1.15
        draw.text((x, above if above >= 0 else y + height + gap), label, fill=colour, font=font)
    out = io.BytesIO()
    kind = {v: k for k, v in (("PNG", ".png"), ("JPEG", ".jpg"), ("JPEG", ".jpeg"))}
    if path.suffix.lower() not in kind:
        raise DataError(f"--annotate {path}: end the name in .png or .jpg")
    image.save(out, kind[path.suffix.lower()])
    return out.getvalue()
