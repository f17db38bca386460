"""HTML by composition: every string is escaped unless it was made here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["Html", "join", "printable", "section", "shortened", "table", "tag"]

_VOID = {"meta", "link", "img", "br", "col"}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(text: object) -> Html:
    """Markup that shows this text: no tag, no attribute and no control character gets through."""
    if isinstance(text, Html):
        return text
    return Html(html.escape(printable(text), quote=True))


def printable(text: object) -> str:
    """The text without what no page should hold: control characters, marks that turn the
    direction of writing, and the half surrogates of file names that no encoder takes."""
    whole = str(text).encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() or c in " \n" else "\ufffd" for c in whole)


def join(parts: Iterable[object]) -> Html:
    """Parts after each other, each escaped."""
    return Html("".join(escaped(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element.  ``class_`` and ``aria_label`` become class and aria-label; None leaves out."""
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written.append(f" {key}" if value is True else f' {key}="{escaped(value)}"')
    start = f"<{name}{''.join(written)}>"
    return Html(start) if name in _VOID else Html(f"{start}{join(children)}</{name}>")


def section(identity: str, title: str, how_to_read: object, *content: object) -> Html:
    """A part of the page: its heading, a sentence on how to read it, and what there is to read."""
    heading = tag("h2", title, id=f"{identity}-title")
    lead = tag("p", how_to_read, class_="lead")
    return tag("section", heading, lead, *content, id=identity, aria_labelledby=f"{identity}-title")


def table(
    caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], *, tall: bool = False
) -> Html:
    """A table whose first column names the rows; a tall one scrolls in a box of its own."""
    body = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest))
        for first, *rest in rows
    ]
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head))),
        tag("tbody", *body),
    )
    kind = "scroll tall" if tall else "scroll"
    return tag("div", made, class_=kind, tabindex=0, role="region", aria_label=caption)


def shortened(text: object, most: int = 24) -> str:
    """The text, cut with an ellipsis where it is longer."""
    whole = printable(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"
