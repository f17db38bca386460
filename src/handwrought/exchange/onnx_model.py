"""A network as an ONNX graph of plain operators, which any runtime has.

Every layer is a ``Gemm`` (z = a Wᵀ + b) and the few operators of its activation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from handwrought.data.representations import REPRESENTATIONS, n_features
from handwrought.errors import InvalidArgument, MissingExtra
from handwrought.exchange.onnx_graph import Graph
from handwrought.exchange.onnx_representations import add_representation
from handwrought.model import Model
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network
from handwrought.storage.header import PIXELS

__all__ = ["DEFAULT_OPSET", "OLDEST_OPSET", "to_onnx"]

DEFAULT_OPSET = 17
OLDEST_OPSET = 13
"""Since then Softmax works along one axis and ReduceSum takes its axes as an input."""
_MOST_BYTES = 2_000_000_000


def to_onnx(
    model: Network | Model,
    *,
    pixels: bool = False,
    opset: int = DEFAULT_OPSET,
) -> Any:
    """The network as an ``onnx.ModelProto``, checked in full.

    Parameters
    ----------
    model : Model or Network
    pixels : bool
        Whether the graph takes uint8 pictures, ``pixels`` (n, height, width), sees them in the
        model's representation and gives calibrated ``probabilities`` (n, n_outputs); else it takes ``x``
        (n, n_inputs), as ``feedforward`` does, and gives ``a`` (n, n_outputs).
    opset : int
        Version of the operators, from 13 to what the installed ``onnx`` knows.

    Raises
    ------
    InvalidArgument
        If there is no such opset, or pixels are asked for and it is not known how the model's
        inputs are made of them.
    MissingExtra
        If ``onnx`` is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtra("ONNX export", "onnx") from None
    newest = onnx.defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not OLDEST_OPSET <= opset <= newest:
        raise InvalidArgument(f"opset is {opset!r}: use one from {OLDEST_OPSET} to {newest}")
    made = Model.of(model)
    network = made.network
    if network.parameters.vector.nbytes > _MOST_BYTES:
        raise InvalidArgument("the network is larger than 2 GB, which an ONNX file cannot be")
    if not np.isfinite(network.parameters.vector).all():
        raise InvalidArgument("the network holds values that are not finite: it was not exported")

    graph = Graph(onnx, network.dtype)
    n_in, n_out = network.n_inputs, network.n_outputs
    if pixels:
        shape = _picture(made)
        given: tuple[str, int, list[object]] = (
            "pixels",
            onnx.TensorProto.UINT8,
            ["n", *shape],
        )
        a = add_representation(graph, "pixels", REPRESENTATIONS[made.representation], shape)
        a = graph.add("Cast", graph.add("Flatten", a, axis=1), to=graph.type)
        a = graph.add("Mul", a, graph.constant("pixel_scale", 1 / 255))
    else:
        given = ("x", graph.type, ["n", n_in])
        a = "x"
    layers = dense_layers(network.layers, "this export to ONNX")
    last = len(layers) - 1
    temperature = made.temperature if pixels else 1.0
    for l, layer in enumerate(layers):
        z = graph.add(
            "Gemm",
            a,
            graph.constant(f"layers.{l}.weights", layer.weights),
            graph.constant(f"layers.{l}.biases", layer.biases),
            transB=1,
        )
        if l == last and pixels and layer.activation.name == "softmax":
            # softmax(z / T), exactly.
            z = graph.add("Div", z, graph.constant("temperature", temperature))
        a = graph.activation(layer.activation.name, z)
    if pixels and network.output_activation.name != "softmax":
        a = graph.odds(a, temperature)
    given_out = ("probabilities" if pixels else "a", graph.type, ["n", n_out])
    graph.add("Identity", a, output=given_out[0])

    proto = graph.model(given, given_out, opset)
    for key, value in _metadata(made, pixels).items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _picture(model: Model) -> tuple[int, int]:
    """Height and width of the pictures of which the inputs are made."""
    representation, n_inputs = model.representation, model.network.n_inputs
    made = model.preprocessing
    if made is None and n_inputs == prod(_sides(PIXELS)):
        made = PIXELS
    if representation not in REPRESENTATIONS:
        raise InvalidArgument(
            f"--pixels is for models of the representations {', '.join(REPRESENTATIONS)}, and this "
            f"one sees pictures {representation!r}: export it without"
        )
    if made is None and REPRESENTATIONS[representation].strokes:
        made = PIXELS  # a model file tells of pixels only where they are the inputs
    if made is None or n_features(_sides(made), representation) != n_inputs:
        raise InvalidArgument(
            "--pixels is for models whose file says how their inputs are made of pixels: export it "
            "without, and prepare the inputs yourself"
        )
    return _sides(made)


def _sides(made: Mapping[str, Any]) -> tuple[int, int]:
    return made["height"], made["width"]


def _metadata(model: Model, pixels: bool) -> dict[str, str]:
    network = model.network
    return {
        "class_names": json.dumps(model.class_names, ensure_ascii=False),
        "activations": ",".join(activation.name for activation in network.activations),
        "cost": network.cost.name,
        "temperature": str(model.temperature),
        "representation": model.representation,
        "input": _input(model, pixels),
        "recipe": json.dumps(model.record, ensure_ascii=False),
        "digest": model.digest or "",
    }


def _input(model: Model, pixels: bool) -> str:
    if pixels:
        return "uint8 pixels, ink bright on black"
    if model.representation != "as-is":
        return f"the representation {model.representation!r} of pixels, divided by 255"
    return "numbers" if model.preprocessing is None else "pixels divided by 255"
