"""Scripts, styles and the icon that the studio's views and the exported page share."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER", "text"]

FOLDER = Path(__file__).parent


def text(name: str) -> str:
    """A file of this folder, for example ``"pad.js"``."""
    return (FOLDER / name).read_text(encoding="utf-8")
