"""A model file in another format, chosen by the suffix of the file to write."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import Any, Final

from handwrought.errors import InvalidArgument
from handwrought.exchange.html_page import to_html
from handwrought.exchange.onnx_model import DEFAULT_OPSET, to_onnx
from handwrought.model import Model
from handwrought.storage.atomic import write_atomically
from handwrought.storage.header import FORMAT, STORED
from handwrought.storage.model_file import model_bytes, read_model
from handwrought.storage.nielsen import nielsen_bytes

__all__ = ["SUFFIXES", "export"]

SUFFIXES: Final = {
    ".onnx": "ONNX",
    ".html": "a page with a drawing pad",
    ".json": "Nielsen's network2.py",
    ".safetensors": "handwrought's own",
}


def export(
    model: str | PathLike[str],
    out: str | PathLike[str],
    *,
    pixels: bool = False,
    opset: int | None = None,
    stored: str | None = None,
) -> dict[str, Any]:
    """Write a model as what the suffix of ``out`` says, durably and atomically.

    Parameters
    ----------
    model : path
        A model file, or Nielsen's JSON.
    out : path
        Ends in .onnx, .html, .json or .safetensors.
    pixels, opset
        For .onnx, as :func:`to_onnx` takes them.
    stored : {"float16", "float32", "float64"}, optional
        For .safetensors: how the numbers are stored; by default as they were.

    Returns
    -------
    dict
        ``model``, ``file``, ``format``, ``bytes``, ``digest`` of the model, ``architecture``, ``sizes``.

    Raises
    ------
    InvalidArgument
        If the suffix is unknown, an option belongs to another, the format has no such network, or
        ``out`` cannot be written.
    ModelFileError
        If the model cannot be read.
    MissingExtra
        If the format needs a package that is not installed.
    """
    out = Path(out)
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidArgument(
            f"{out} ends in {suffix or 'nothing'}: name a file that ends in {', '.join(SUFFIXES)}"
        )
    for asked, option, its in (
        (pixels, "--pixels", ".onnx"),
        (opset is not None, "--opset", ".onnx"),
        (stored is not None, "--stored", ".safetensors"),
    ):
        if asked and suffix != its:
            raise InvalidArgument(f"{option} is for {its} files, and {out} is none: leave it out")
    if stored is not None and stored not in STORED:
        raise InvalidArgument(f"--stored is {stored!r}: use one of {', '.join(STORED)}")
    if os.path.isdir(out):
        raise InvalidArgument(
            f"{out} is a folder: name a file in it, such as {out / 'model'}{suffix}"
        )
    if not os.path.isdir(out.parent):
        raise InvalidArgument(f"{out}: there is no folder {out.parent}; make it first")
    header, network = read_model(model)
    if os.path.exists(out) and os.path.samefile(out, model):
        raise InvalidArgument(f"{out} is the model itself: name another file")
    if suffix == ".onnx":
        made = to_onnx(
            Model.of_header(header, network), pixels=pixels, opset=opset or DEFAULT_OPSET
        )
        content = made.SerializeToString()
    elif suffix == ".html":
        content = to_html(Model.of_header(header, network)).encode("utf-8")
    elif suffix == ".json":
        content = nielsen_bytes(network)
    else:
        content = model_bytes(network, _for_storage(header, stored))
    try:
        write_atomically(out, content)
    except OSError as error:
        raise InvalidArgument(
            f"{out} cannot be written ({error.strerror or error}): name another place"
        ) from None
    return {
        "model": str(model),
        "file": str(out),
        "format": suffix.removeprefix("."),
        "bytes": len(content),
        "digest": header["digest"],
        "architecture": network.architecture,
        "sizes": list(network.sizes) if network.is_dense else None,
    }


def _for_storage(header: dict[str, Any], stored: str | None) -> dict[str, Any]:
    """The header as the present format has it; who made the model, and how, stays."""
    kept = {name: value for name, value in header.items() if name != "digest"}
    return {**kept, "format": FORMAT, "stored": stored or header["stored"]}
