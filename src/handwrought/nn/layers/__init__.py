"""The kinds of layers, each in its file, behind one protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from handwrought.errors import InvalidArgument
from handwrought.nn.layers.dense import Dense, dense_layers
from handwrought.nn.layers.protocol import Layer, LayerState

__all__ = ["LAYERS", "Dense", "Layer", "LayerState", "dense_layers", "described", "layer_of"]

LAYERS: Final[dict[str, type[Layer]]] = {kind.kind: kind for kind in (Dense,)}


def described(layer: Layer) -> dict[str, Any]:
    """Kind and settings of a layer, as JSON values."""
    return {"kind": layer.kind, **layer.settings()}


def layer_of(description: Mapping[str, Any]) -> Layer:
    """The layer that :func:`described` told of, not placed yet.

    Raises
    ------
    InvalidArgument
        If there is no such kind, or it has no such settings.
    """
    settings = dict(description)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str) or kind not in LAYERS:
        raise InvalidArgument(f"layer kind {kind!r} is unknown: use one of {', '.join(LAYERS)}")
    try:
        return LAYERS[kind](**settings)
    except TypeError:
        raise InvalidArgument(f"a layer of kind {kind!r} is not made of {settings!r}") from None
