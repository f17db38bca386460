"""``handwrought collect``: digits of one's own, labelled and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from handwrought.cli.prompts import Asked, ask, is_terminal
from handwrought.cli.read import names_of, page_of, pictures_of
from handwrought.cli.streams import complain, printable
from handwrought.data.collection import Collection
from handwrought.errors import DataError, HandwroughtError, InvalidArgument
from handwrought.reading.recognizer import Reading, Recognizer
from handwrought.storage.regular import read_regular

__all__ = ["run"]

_MOST_BYTES = 16 << 20
"""Of the file of --labels."""


@dataclass(eq=False)
class _Picture:
    """The digits found in a picture, in reading order, and what they truly are if that is known."""

    name: str
    readings: list[Reading]
    labels: list[int | None] | None = None


def run(
    *,
    images: Sequence[str],
    out: Path,
    model: Path | None,
    labels: str | None,
    digits: int | None,
    only_wrong: bool,
    json_output: bool,
) -> int:
    """Read the pictures, learn the true digits, keep them; returns the exit code."""
    if digits not in (None, 1):
        raise InvalidArgument(
            f"--digits is {digits}: 1 reads each picture as one digit; or leave it out"
        )
    if labels is None and not is_terminal():
        raise InvalidArgument(
            "nobody can be asked, for standard input is no terminal: give the true digits with "
            "--labels 5021, or --labels FILE with a line for each picture"
        )
    if labels is None and "-" in images:
        raise InvalidArgument(
            "the picture comes from standard input, where the answers would: give --labels, too"
        )
    collection = Collection.open(out)
    recognizer = Recognizer.load(model)
    errors: list[dict[str, str]] = []
    pictures = _read(recognizer, images, digits == 1, errors)
    if labels is not None:
        pictures = _labelled(pictures, _true_texts(labels, pictures, digits == 1), errors)
    for error in errors:
        complain(error["error"])

    screen = sys.stderr if json_output else sys.stdout
    every = [
        Asked(p.name, reading, None if p.labels is None else p.labels[i])
        for p in pictures
        for i, reading in enumerate(p.readings)
    ]
    stopped = False
    if labels is None:
        stopped = ask(every, collection, screen, only_wrong=only_wrong)
    else:
        for each in every:
            each.settle(collection, each.label, only_wrong=only_wrong)
    _tell(every, collection, screen, errors, json_output)
    if stopped:
        return 130
    return 1 if errors else 0


def _read(
    recognizer: Recognizer, images: Sequence[str], single: bool, errors: list[dict[str, str]]
) -> list[_Picture]:
    found = []
    for name, picture in pictures_of(list(names_of(images))):
        readings: list[Reading] = []
        try:
            if isinstance(picture, Exception):
                raise picture
            readings = page_of(recognizer, picture, single=single).digits
            problem = "" if readings else f"{name} holds no digit that could be found"
        except (HandwroughtError, OSError) as error:
            problem = str(error)
        if problem:
            errors.append({"file": name, "error": problem})
        found.append(_Picture(name, readings))
    return found


def _labelled(
    pictures: list[_Picture], texts: list[str], errors: list[dict[str, str]]
) -> list[_Picture]:
    """Those whose true text has as many digits as were found; the others become errors."""
    kept = []
    for each, text in zip(pictures, texts, strict=True):
        if not each.readings:
            continue
        if len(text) == len(each.readings):
            each.labels = [None if c == "?" else int(c) for c in text]
            kept.append(each)
            continue
        reading = "".join(str(r.digit) for r in each.readings)
        errors.append(
            {
                "file": each.name,
                "error": f"{each.name}: --labels gives {len(text)} digits ({text}), and "
                f"{len(reading)} were found ({reading}): nothing was kept from it",
            }
        )
    return kept


def _true_texts(labels: str, pictures: list[_Picture], single: bool) -> list[str]:
    """The true digits of each picture, "?" where one is to be left out.

    ``labels`` is the text itself, or a file: the text of one picture, a line for each picture, or
    lines of a picture's name, a tab and its text, as ``handwrought read`` prints them.
    """
    path = Path(labels)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a character no name has
        is_file = False
    where = f"--labels {labels}" if is_file else "--labels"
    try:
        content = read_regular(path, _MOST_BYTES).decode("utf-8") if is_file else labels
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{where} cannot be read as text: {error}") from None
    lines = [line for line in content.splitlines() if line.strip()]
    if lines and all("\t" in line for line in lines):
        named = dict(line.split("\t")[:2] for line in lines)
        names = [printable(p.name) for p in pictures]
        found = [named.get(name, named.get(Path(name).name)) for name in names]
        for each, line in zip(pictures, found, strict=True):
            if each.readings and line is None:
                raise DataError(f"{where} has no line for {each.name}")
        return [_text(line or "", where) for line in found]
    if len(pictures) == 1:
        return [_text("".join(lines), where)]
    if single and len(lines) == 1:
        lines = list(_text(lines[0], where))
    if len(lines) != len(pictures):
        raise DataError(
            f"{where} gives {len(lines)} lines, and {len(pictures)} pictures were named: give a "
            f"file with a line for each picture"
        )
    return [_text(line, where) for line in lines]


def _text(line: str, where: str) -> str:
    text = "".join(line.replace("/", " ").split())
    wrong = [c for c in text if c not in "0123456789?"]
    if wrong:
        raise DataError(
            f"{where} holds {wrong[0]!r} in {line.strip()[:40]!r}: give digits, or ? for one to "
            f"leave out; or the name of a file that is there"
        )
    return text


def _tell(
    every: list[Asked],
    collection: Collection,
    screen: TextIO,
    errors: list[dict[str, str]],
    json_output: bool,
) -> None:
    kept = [each for each in every if each.path is not None]
    counts = collection.counts()
    wrong = sum(each.label != each.reading.digit for each in kept)
    screen.write(
        f"{len(kept)} of {len(every)} digits kept, {wrong} of them misread; "
        f"{printable(str(collection.folder))} holds {sum(counts)}: "
        + ", ".join(f"{n} x {digit}" for digit, n in enumerate(counts) if n)
        + ("\n" if sum(counts) else "none\n")
    )
    if json_output:
        report: dict[str, Any] = {
            "folder": str(collection.folder),
            "kept": len(kept),
            "counts": counts,
            "digits": [each.as_json() for each in every],
            "errors": errors,
        }
        sys.stdout.write(json.dumps(report) + "\n")
