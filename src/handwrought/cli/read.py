"""``handwrought read``: pictures in, digits out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from handwrought.cli.streams import complain, printable
from handwrought.errors import DataError, HandwroughtError
from handwrought.reading.pdf import is_pdf, pages
from handwrought.reading.pictures import (
    Picture,
    count_pages,
    open_pages,
    open_picture,
    picture_bytes,
)
from handwrought.reading.recognizer import Page, Reading, Recognizer
from handwrought.storage.atomic import write_atomically

__all__ = ["names_of", "page_of", "pictures_of", "run"]

_SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".pbm",
    ".pdf",
}  # fmt: skip
_STANDARD_INPUT = "standard input"


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
    names = list(names_of(images))
    if annotate is not None:
        _check_annotation(annotate, names)
    recognizer = Recognizer.load(model)
    recognizer.threshold = threshold
    failed, answers = 0, []
    for name, found in pictures_of(names):
        try:
            if isinstance(found, Exception):
                raise found
            page = page_of(recognizer, found, single=digits == 1)
            if annotate is not None:
                from handwrought.reading.annotation import annotated

                write_atomically(annotate, annotated(found, page, annotate))
        except (HandwroughtError, OSError) as error:
            failed += 1
            answers.append({"file": name, **_as_json(Page()), "error": str(error)})
            complain(error)
            continue
        answers.append({"file": name, **_as_json(page)})
        if not json_output:
            alone = len(names) == 1 and name in (names[0], _STANDARD_INPUT)  # no page of several
            text = page.text if alone else f"{printable(name)}\t{page.text.replace(chr(10), ' / ')}"
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
    if json_output:
        json.dump(answers, sys.stdout)
        sys.stdout.write("\n")
    return 1 if failed else 0


def _check_annotation(annotate: Path, names: Sequence[str]) -> None:
    from handwrought.reading.annotation import file_format

    file_format(annotate)
    if len(names) != 1:
        raise DataError(f"--annotate writes one picture: {len(names)} files were given; name one")
    if names[0].lower().endswith(".pdf"):
        raise DataError("--annotate writes one picture, and a PDF was given: name one picture")
    if names[0].lower().endswith((".tif", ".tiff")) and Path(names[0]).is_file():
        n = count_pages(picture_bytes(names[0], names[0]))
        if n > 1:
            raise DataError(
                f"--annotate writes one picture, and {names[0]} has {n} pages: split it"
            )
    if names[0] != "-" and annotate.exists() and annotate.samefile(names[0]):
        raise DataError(f"--annotate {annotate} would overwrite the picture: name another file")


def page_of(recognizer: Recognizer, picture: Picture, *, single: bool) -> Page:
    if not single:
        return recognizer.read(picture)
    reading = recognizer.read_digit(picture)
    return Page([[reading]] if reading.digit is not None else [])


def names_of(images: Sequence[str]) -> Iterator[str]:
    """Files; folders give their pictures, "-" is standard input."""
    for name in images:
        if name != "-" and Path(name).is_dir():
            found = sorted(
                p for p in Path(name).rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file()
            )
            if not found:
                raise DataError(f"{name} holds no picture: name a folder with PNG or JPEG files")
            yield from map(str, found)
        else:
            yield name


def pictures_of(names: Sequence[str]) -> Iterator[tuple[str, Picture | Exception]]:
    """Each picture, or page of several, with its name; or why it cannot be had, and on with the next."""
    for name in names:
        shown = _STANDARD_INPUT if name == "-" else name
        try:
            content = picture_bytes(sys.stdin.buffer if name == "-" else name, shown)
        except DataError as error:
            yield shown, error
            continue
        try:
            if is_pdf(content):
                for where, image in pages(content, shown):
                    yield where, open_picture(image, where)
            else:
                yield from open_pages(content, shown)
        except HandwroughtError as error:
            yield shown, error


def _as_json(page: Page) -> dict[str, Any]:
    return {
        "text": page.text,
        "digits": [
            {**_reading(reading), "line": i}
            for i, line in enumerate(page.lines)
            for reading in line
        ],
        "lines": ["".join(reading.text for reading in line) for line in page.lines],
        "others": [list(reading.box) for reading in page.others if reading.box],
        "turned": page.turned,
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "digit": reading.digit,
        "confidence": round(reading.confidence, 4),
        "box": reading.box and list(reading.box),
        "refused": reading.refused,
        "alternatives": [[d, round(p, 4)] for d, p in reading.alternatives[:3]],
    }
