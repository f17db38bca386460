"""``handwrought read``: pictures in, digits out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from handwrought.errors import DataError, HandwroughtError
from handwrought.reading.annotation import annotated
from handwrought.reading.pictures import picture
from handwrought.reading.recognizer import Page, Reading, Recognizer
from handwrought.storage.atomic import write_atomically

__all__ = ["page_of", "run", "sources_of"]

_SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".pbm",
}  # fmt: skip


def run(
    *,
    images: Sequence[str],
    model: Path | None,
    digits: int | None,
    threshold: float,
    annotate: Path | None,
    json_output: bool,
) -> int:
    """Print what each picture says; returns the exit code, 1 where one could not be read."""
    if digits not in (None, 1):
        raise DataError(f"--digits is {digits}: 1 reads each picture as one digit; or leave it out")
    if not 0 <= threshold <= 1:
        raise DataError(f"--threshold is {threshold}: it must lie from 0 to 1")
    recognizer = Recognizer.load(model)
    recognizer.threshold = threshold
    failed, answers = 0, []
    sources = list(sources_of(images))
    if annotate is not None and len(sources) != 1:
        raise DataError(f"--annotate writes one picture, and {len(sources)} were given: name one")
    for name, source in sources:
        try:
            pixels = picture(source, name)
            page = page_of(recognizer, pixels, single=digits == 1)
            if annotate is not None:
                write_atomically(annotate, annotated(pixels, page, annotate))
        except (HandwroughtError, OSError) as error:
            failed += 1
            if json_output:
                answers.append({"file": name, "error": str(error)})
            sys.stderr.write(f"handwrought: {error}\n")
            continue
        if json_output:
            answers.append({"file": name, **_as_json(page)})
        elif len(sources) == 1:
            sys.stdout.write(page.text + "\n")
        else:
            sys.stdout.write(f"{name}\t{page.text.replace(chr(10), ' / ')}\n")
    if json_output:
        json.dump(answers, sys.stdout)
        sys.stdout.write("\n")
    return 1 if failed else 0


def page_of(recognizer: Recognizer, pixels: Any, *, single: bool) -> Page:
    """The page; a single digit as a page of one, or of none where there is no ink."""
    if not single:
        return recognizer.read(pixels)
    reading = recognizer.read_digit(pixels)
    return Page([[reading]] if reading.digit is not None else [])


def sources_of(images: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Names, and what to read them from; folders give their pictures, "-" standard input."""
    for name in images:
        if name == "-":
            yield "standard input", sys.stdin.buffer.read()
        elif Path(name).is_dir():
            found = sorted(p for p in Path(name).rglob("*") if p.suffix.lower() in _SUFFIXES)
            if not found:
                raise DataError(f"{name} holds no picture: name a folder with PNG or JPEG files")
            yield from ((str(path), path) for path in found)
        else:
            yield name, Path(name)


def _as_json(page: Page) -> dict[str, Any]:
    return {"text": page.text, "lines": [[_reading(r) for r in line] for line in page.lines]}


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "digit": reading.digit,
        "confidence": round(reading.confidence, 4),
        "refused": reading.refused,
        "box": reading.box and list(reading.box),
        "alternatives": [[d, round(p, 4)] for d, p in reading.alternatives[:3]],
    }
