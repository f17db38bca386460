"""A network and a drawing pad as one HTML page that needs no server and asks nothing of the web.

The page's own files stand in ``page/``; the pad, the bars and the colours are those of
:mod:`handwrought.web`, put into the page as they are.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from handwrought import web
from handwrought.data.representations import REPRESENTATIONS, n_features
from handwrought.errors import InvalidArgument
from handwrought.floating_point import default_errstate
from handwrought.model import Model
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network

__all__ = ["to_html"]

_PAGE: Final = Path(__file__).with_name("page")
_SHARED_STYLES: Final = ("base.css", "reading.css")
_SHARED_SCRIPTS: Final = (  # each after those it imports
    "dom.js",
    "arrays.js",
    "numbers.js",
    "bars.js",
    "pixels.js",
    "pad.js",
)
_SCRIPTS: Final = ("forward.js", "prepare.js", "representations.js", "page.js")
_MOST_CLASSES = 100


def to_html(model: Network | Model) -> str:
    """The page, whole: style, script and the network in it, its numbers in half precision.

    Its content security policy lets the browser load nothing else and run no other script.

    Parameters
    ----------
    model : Model or Network
        From what its representation makes of 28 x 28 pixels to at most 100 classes.

    Raises
    ------
    InvalidArgument
        If the network takes no pictures of 28 x 28, or half precision cannot hold its numbers.
    """
    model = Model.of(model)
    network = model.network
    n_inputs = n_features((28, 28), model.representation)
    if network.n_inputs != n_inputs or not 2 <= network.n_outputs <= _MOST_CLASSES:
        raise InvalidArgument(
            f"a page reads drawings of 28 x 28 pixels, {n_inputs} numbers in representation "
            f"{model.representation!r}, into 2 to {_MOST_CLASSES} classes, and this network goes from "
            f"{network.n_inputs} numbers to {network.n_outputs}"
        )
    with default_errstate(over="ignore"):  # an infinity is answered below
        half = network.parameters.vector.astype("<f2")
    if not np.isfinite(half).all():
        raise InvalidArgument(
            "the network holds values that half precision cannot (above 65,504): it was not exported"
        )
    layers = dense_layers(network.layers, "a page")
    said = {
        "sizes": [n_inputs, *(layer.n_out for layer in layers)],
        "activations": [activation.name for activation in network.activations],
        "representation": asdict(REPRESENTATIONS[model.representation]),
        "temperature": model.temperature,
        "class_names": model.class_names,
        "facts": _facts(model),
        "weights": b64encode(half.tobytes()).decode("ascii"),
    }
    style = "\n".join([*map(web.text, _SHARED_STYLES), _text("page.css")])
    scripts = [*map(web.text, _SHARED_SCRIPTS), *map(_text, _SCRIPTS)]
    theme, script = web.text("theme.js"), "\n".join(map(_inlined, scripts))
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(theme)} {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    what = "Draw a digit" if model.given_names is None else "Draw"
    parts = {
        "policy": policy,
        "title": html.escape(f"{what}: {'-'.join(map(str, network.sizes[:8]))}"),
        "style": style,
        "theme": theme,
        "icon": web.text("icon.svg").strip(),
        # No tag can begin in it, whatever a label says.
        "model": json.dumps(said, separators=(",", ":")).replace("<", "\\u003c"),
        "script": script,
    }
    return re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], _text("page.html"))


def _text(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _inlined(script: str) -> str:
    """A module without its imports and exports: all of them share the page's one module."""
    text = re.sub(r"^import .*;\n", "", script, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", text, flags=re.MULTILINE)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _facts(model: Model) -> list[list[str]]:
    """What is told of the network below the pad."""
    network, record = model.network, model.record
    found = [
        ["Network", network.architecture],
        ["Weights and biases", f"{network.parameters.vector.size:,}, in half precision"],
    ]
    accuracy = record.get("validation_accuracy")
    if isinstance(accuracy, float) and 0 <= accuracy <= 1:
        found.append(["Accuracy on validation images", f"{accuracy:.2%}"])
    if model.temperature != 1:
        found.append(["Temperature", f"{model.temperature:.3f}"])
    for key, name in (("dataset", "Trained on"), ("recipe", "Recipe")):
        if isinstance(record.get(key), str):
            found.append([name, record[key][:80]])
    if model.digest:
        found.append(["Digest", model.digest[:16]])
    return found
