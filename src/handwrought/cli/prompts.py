"""Asking what a digit is: the pictures in characters, an answer a line, each kept at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from handwrought.cli.drawing import draw_gallery
from handwrought.cli.streams import printable
from handwrought.data.collection import Collection
from handwrought.reading.recognizer import Reading

__all__ = ["Asked", "ask", "is_terminal"]

_BESIDE = 3
"""Digits in a row of 80 characters."""
_HELP = "Enter: right as read or kept; 0 to 9: what it is; s: skip; b: back one; q: end\n"


def is_terminal() -> bool:
    """Whether somebody sits at the other end of standard input."""
    return sys.stdin.isatty()


@dataclass(eq=False)
class Asked:
    """A digit that was read, and what is known about it.

    Attributes
    ----------
    source : str
        Its picture's name.
    reading : Reading
    label : int or None
        What it truly is.
    path : Path or None
        Its file, once it is kept.
    """

    source: str
    reading: Reading
    label: int | None = None
    path: Path | None = None
    before: int | None = None
    """The label under which it was kept already, when it was first settled."""
    settled: bool = False

    def settle(self, collection: Collection, label: int | None, *, only_wrong: bool) -> None:
        """Keep it under this label; with None, leave the collection as it was before."""
        pixels, reading = self.reading.normalized, self.reading
        if not self.settled:
            self.before, self.settled = collection.label_of(pixels), True
        self.label = label
        wanted = label
        if label is None or (only_wrong and label == reading.digit):
            wanted = self.before
        if wanted is None:
            collection.remove(pixels)
            self.path = None
            return
        path = collection.add(
            pixels,
            wanted,
            source=self.source,
            box=reading.box,
            reading=reading.digit,
            confidence=reading.confidence,
        )
        self.path = path if wanted == label else None

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        reading = self.reading
        return {
            "file": self.source,
            "box": reading.box and list(reading.box),
            "reading": reading.digit,
            "confidence": round(reading.confidence, 4),
            "label": self.label,
            "kept": None if self.path is None else str(self.path),
        }


def ask(
    every: Sequence[Asked], collection: Collection, screen: TextIO, *, only_wrong: bool
) -> bool:
    """Ask for each digit, the doubtful ones first; returns whether Ctrl-C ended it.

    Each answer is on the disk before the next question.
    """
    order = sorted(every, key=lambda each: each.reading.confidence)
    colour = screen.isatty()
    screen.write(_HELP)
    at, shown = 0, -1
    try:
        while at < len(order):
            if at // _BESIDE != shown:
                shown = at // _BESIDE
                screen.write("\n" + _row(order, shown * _BESIDE, colour) + "\n")
            screen.write(_question(order[at], at, len(order), collection))
            screen.flush()
            answer = sys.stdin.readline()
            if not answer or answer.strip().lower() == "q":  # nothing at all: Ctrl-D
                screen.write("" if answer else "\n")
                break
            at += _answered(order[at], answer.strip().lower(), collection, screen, only_wrong)
            at = max(at, 0)
    except KeyboardInterrupt:
        screen.write("\nStopped; every answer given is kept.\n")
        return True
    return False


def _answered(
    each: Asked, answer: str, collection: Collection, screen: TextIO, only_wrong: bool
) -> int:
    """Do as the answer says; returns by how many digits to go on."""
    if answer == "b":
        return -1
    if answer == "":
        each.settle(collection, _default(each, collection), only_wrong=only_wrong)
    elif answer == "s":
        each.settle(collection, None, only_wrong=only_wrong)
    elif len(answer) == 1 and answer in "0123456789":
        each.settle(collection, int(answer), only_wrong=only_wrong)
    else:
        screen.write(f"{answer[:20]!r} is no answer.  {_HELP}")
        return 0
    return 1


def _default(each: Asked, collection: Collection) -> int | None:
    """What Enter means: the label it is kept under, or else the reading."""
    kept = collection.label_of(each.reading.normalized)
    return each.reading.digit if kept is None else kept


def _row(order: Sequence[Asked], start: int, colour: bool) -> str:
    some = order[start : start + _BESIDE]
    captions = [
        f"{start + i}: reads {each.reading.digit}, {each.reading.confidence:.0%}"
        for i, each in enumerate(some, 1)
    ]
    images = [each.reading.normalized for each in some]
    return draw_gallery(images, captions, columns=_BESIDE, colour=colour).rstrip()


def _question(each: Asked, at: int, n: int, collection: Collection) -> str:
    others = ", ".join(f"{d} ({p:.1%})" for d, p in each.reading.alternatives[1:3])
    kept = collection.label_of(each.reading.normalized)
    was = "" if kept is None else f", kept as {kept}"
    return (
        f"{at + 1} of {n}, {printable(Path(each.source).name)}: reads {each.reading.digit} "
        f"({each.reading.confidence:.1%}), or {others}{was} > "
    )
