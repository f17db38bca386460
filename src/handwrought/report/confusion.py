"""What it takes for what: the confusion matrix, with the images behind each cell."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.report.charts import percent
from handwrought.report.markup import Html, join, section, tag
from handwrought.report.pictures import data_uri, heat_uri
from handwrought.report.subject import Subject

__all__ = ["confusion_section"]

_MOST_CLASSES = 30
"""With more, a table of all pairs cannot be read: the most frequent mistakes are listed."""
_MOST_PAIRS = 40
_PER_CELL = 12
_MOST_BYTES = 1_500_000
_LEVELS = 5
_RUST, _BLUE = (194, 84, 38), (60, 130, 200)


def confusion_section(subject: Subject) -> Html:
    """The matrix, or the list of the most frequent mistakes, and the place for images."""
    confusion = subject.result.confusion
    if len(confusion) <= _MOST_CLASSES:
        cells = [(i, j) for i, j in np.argwhere(confusion).tolist()]
        shown = _matrix(subject)
        how = (
            "Each row is what the images are, each column what the network says. The diagonal is "
            "right; a coloured cell off it is a mistake, the stronger the more frequent."
        )
    else:
        cells = _frequent(confusion)
        shown = join((_overview(confusion), _list(subject, cells)))
        how = (
            "The square has a row for what the images are and a column for what the network says; "
            "a red point off the diagonal is a mistake. The table lists the most frequent ones."
        )
    if not subject.has_images:
        return section("confusion", "What it takes for what", how, shown, _no_images())
    how += " Choose a number to see its images"
    how += "; the arrow keys move between cells." if len(confusion) <= _MOST_CLASSES else "."
    panel = tag(
        "div",
        tag("h3", "Images", id="cell-title"),
        tag("p", class_="note", id="cell-note"),
        tag("ul", class_="pictures", id="cell-images"),
        id="cell",
        role="region",
        aria_live="polite",
        aria_labelledby="cell-title",
        hidden=True,
    )
    return section(
        "confusion", "What it takes for what", how, tag("div", shown, panel, class_="beside"),
        _script(_cells(subject, cells)),
    )  # fmt: skip


def _matrix(subject: Subject) -> Html:
    confusion, names = subject.result.confusion, subject.names
    mistakes = confusion * ~np.eye(len(confusion), dtype=bool)
    # The root brings rare mistakes out beside frequent ones.
    levels = np.ceil(_LEVELS * np.sqrt(mistakes / max(1, mistakes.max()))).astype(int)
    upright = max(map(len, names)) > 3
    head = [tag("th", tag("span", name), scope="col") for name in names]
    rows = []
    for i, row in enumerate(confusion.tolist()):
        made = []
        for j, count in enumerate(row):
            kind = "right" if i == j else f"heat{levels[i, j]}"
            label = f"{_pair(subject, i, j)}: {_images(count, subject.things)}"
            text: object = count if count or i == j else tag("span", "·", aria_hidden="true")
            if count and subject.has_images:
                text = tag(
                    "button", count, type="button", data_cell=f"{i},{j}", aria_label=label,
                    aria_pressed="false",
                )  # fmt: skip
            made.append(tag("td", text, class_=kind))
        rows.append(tag("tr", tag("th", names[i], scope="row"), *made))
    corner = tag("td", tag("span", "is ↓ says →", class_="axes"))
    caption = "Confusion matrix: rows are what is true, columns what the network says"
    made_table = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", corner, *head)),
        tag("tbody", *rows),
        class_="confusion upright" if upright else "confusion",
    )
    return tag("div", made_table, class_="scroll", role="region", tabindex=0, aria_label=caption)


def _frequent(confusion: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The cells off the diagonal with most images, the most first."""
    mistakes = confusion * ~np.eye(len(confusion), dtype=bool)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:_MOST_PAIRS]
    pairs = zip(*np.unravel_index(order, mistakes.shape), strict=True)
    return [(int(i), int(j)) for i, j in pairs if mistakes[i, j]]


def _list(subject: Subject, cells: list[tuple[int, int]]) -> Html:
    if not cells:
        return tag("p", "There was no mistake.")
    rows = []
    for i, j in cells:
        count = int(subject.result.confusion[i, j])
        name = _pair(subject, i, j)
        number: object = count
        if subject.has_images:
            number = tag(
                "button", count, type="button", data_cell=f"{i},{j}", aria_pressed="false",
                aria_label=f"{name}: {_images(count, subject.things)}",
            )  # fmt: skip
        share = count / int(subject.result.confusion[i].sum())
        rows.append(
            tag(
                "tr",
                tag("th", subject.names[i], scope="row"),
                tag("td", subject.names[j]),
                tag("td", number, class_=f"heat{_LEVELS - 2}"),
                tag("td", percent(share, 1)),
            )
        )
    head = ("is", "says", subject.things, "of its class")
    caption = f"The {len(cells)} most frequent mistakes"
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head))),
        tag("tbody", *rows),
        class_="mistakes",
    )
    return tag("div", made, class_="scroll tall", role="region", tabindex=0, aria_label=caption)


def _overview(confusion: NDArray[np.int64]) -> Html:
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    # One image of a class can be seen, too.
    levels = np.where(confusion > 0, np.maximum(0.3, np.sqrt(confusion / totals)), 0)
    on_diagonal = np.eye(len(confusion), dtype=bool)[:, :, None]
    colours = np.where(on_diagonal, _BLUE, _RUST).astype(np.uint8)
    label = f"Confusion matrix of {len(confusion)} classes as a picture; the table has its numbers"
    return tag("img", src=heat_uri(levels, colours), alt=label, class_="overview")


def _cells(subject: Subject, cells: list[tuple[int, int]]) -> dict[str, Any]:
    """What the page's script shows of each cell: the surest mistakes, the least sure right ones."""
    result = subject.result
    members = {cell: subject.cell(*cell)[:_PER_CELL].tolist() for cell in cells}
    images: dict[tuple[int, int], list[dict[str, Any]]] = {cell: [] for cell in cells}
    left = _MOST_BYTES
    # One image of each cell before the second of any, so that a full page leaves no cell empty.
    for rank in range(_PER_CELL):
        for cell, found in members.items():
            if rank < len(found) and left > 0:
                n = found[rank]
                uri = data_uri(subject.split.images[n])
                left -= len(uri)
                images[cell].append({"at": n, "sure": percent(subject.confidence[n]), "src": uri})
    mistakes = _frequent(result.confusion)
    return {
        "first": ",".join(map(str, mistakes[0])) if mistakes else "",
        "cells": {
            f"{i},{j}": {
                "title": _pair(subject, i, j),
                "count": int(result.confusion[i, j]),
                "order": "the least sure first" if i == j else "the surest first",
                "images": found,
            }
            for (i, j), found in images.items()
        },
    }


def _script(data: dict[str, Any]) -> Html:
    # Within a script only "</" and "<!--" end or change it; no "<" is left.
    text = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="cells">{text}</script>')


def _pair(subject: Subject, i: int, j: int) -> str:
    names = subject.names
    return f"{names[i]}, rightly" if i == j else f"{names[i]} taken for {names[j]}"


def _images(count: int, things: str) -> str:
    return f"{count:,} {things if count != 1 else things.removesuffix('s')}"


def _no_images() -> Html:
    return tag(
        "p", "This data set is a table of numbers, not of images: there are none to show.",
        class_="note",
    )  # fmt: skip
