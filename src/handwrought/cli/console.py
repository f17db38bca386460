"""The consoles that commands print on."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from handwrought.cli.streams import printable, say_elsewhere

__all__ = ["new_console", "tell"]


class _Console(Console):
    """A console that takes texts as they are: no markup, no colour of its own, no control codes."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text, keep="\n\t"), **options)


def new_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """A console on standard output or standard error."""
    return _Console(stderr=stderr, soft_wrap=soft_wrap, highlight=False, markup=False, emoji=False)


def tell(console: Console, *lines: str) -> None:
    """Say how a work ended: on the console, or on standard error where nobody reads that any more."""
    for line in lines:
        console.print(line, soft_wrap=True)
    say_elsewhere(console.file, " ".join(lines))
