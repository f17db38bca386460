"""Text from outside, as it can be shown and kept."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]


def printable(text: str, keep: str = "") -> str:
    r"""Text from outside as it can be shown: escaped as in ``"\x1b"`` where it is no visible character.

    A file's name may hold newlines, what moves the cursor or recolours the terminal, and bytes
    that are no text.

    Parameters
    ----------
    text : str
    keep : str
        Characters that stay as they are.
    """
    return "".join(
        c if c.isprintable() or c in keep or unicodedata.category(c) == "Zs" else repr(c)[1:-1]
        for c in text
    )
