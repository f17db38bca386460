"""``handwrought export``: a model in another format."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from handwrought.cli.streams import printable
from handwrought.exchange.files import SUFFIXES, export
from handwrought.reading.recognizer import shipped_model

__all__ = ["run"]


def run(
    *,
    model: str,
    out: Path,
    pixels: bool,
    opset: int | None,
    stored: str | None,
    json_output: bool,
) -> int:
    """Write the file and say what it is; returns the exit code."""
    path = shipped_model() if model == "shipped" else Path(model)
    made = export(path, out, pixels=pixels, opset=opset, stored=stored)
    if json_output:
        sys.stdout.write(json.dumps({**made, "model": model}) + "\n")
        return 0
    kind = SUFFIXES[out.suffix.lower()]
    sys.stdout.write(
        f"{printable(str(out))}: the network {made['architecture']} for {kind}, {made['bytes']:,} bytes\n"
    )
    return 0
