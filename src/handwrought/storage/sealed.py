"""JSON of ours that people may read, with a digest in it: no bit of it can change unnoticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["sealed", "unsealed"]


def sealed(values: Mapping[str, Any], *, after: str = "", indent: int | None = None) -> bytes:
    """The JSON of an object, with the SHA-256 of it and of ``after``, the digest before it."""
    text = json.dumps(dict(values), indent=indent)
    digest = hashlib.sha256((after + text).encode()).hexdigest()
    return json.dumps({**values, "digest": digest}, indent=indent).encode()


def unsealed(
    content: bytes, *, after: str = "", indent: int | None = None
) -> tuple[dict[str, Any], str | None]:
    """The object that :func:`sealed` made these bytes of, and its digest.

    The digest is None where there is none, as earlier versions wrote: then nothing was checked.

    Raises
    ------
    ValueError
        If it is no such JSON, or the digest is not that of these very bytes.
    """
    values = json.loads(content.decode("utf-8"))
    if not isinstance(values, dict):
        raise ValueError("it is no JSON object")
    if "digest" not in values:
        return values, None
    digest = values.pop("digest")
    if sealed(values, after=after, indent=indent) != content:
        raise ValueError("the digest does not match: the file was changed or damaged")
    return values, str(digest)
