"""Pages of PDF files as pictures; by pdfium, an optional extra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handwrought.errors import DataError, MissingExtra

__all__ = ["is_pdf", "pages"]

_SIDE = 1600
"""Pixels of a page's longer side."""


def is_pdf(content: bytes) -> bool:
    """Whether a file that begins so is a PDF; some have a few bytes before the mark."""
    return b"%PDF-" in content[:1024]


def pages(content: bytes, name: str) -> Iterator[tuple[str, Any]]:
    """Each page's name ("form.pdf, page 2") and picture (PIL.Image.Image).

    Raises
    ------
    MissingExtra
        If pypdfium2 is not installed.
    DataError
        If the file is damaged, locked by a password, or has no pages; or a page is damaged, after
        those before it.
    """
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtra(f"reading {name}", "pdf") from None
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DataError(f"{name} is locked by a password: save it without one") from None
        raise DataError(f"{name} is damaged and cannot be opened: save it anew") from None
    try:
        if not len(document):
            raise DataError(f"{name} has no pages")
        for i in range(len(document)):
            where = f"{name}, page {i + 1}"
            try:
                page = document[i]
                scale = _SIDE / max(1.0, *page.get_size())
                image = page.render(scale=scale).to_pil()
            except pypdfium2.PdfiumError:
                raise DataError(f"{where} is damaged: save the file anew") from None
            yield where, image
    finally:
        document.close()
