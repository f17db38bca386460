"""A network as an ONNX graph of plain operators, which any runtime has.

Every layer is a ``Gemm`` (z = a Wᵀ + b) and the few operators of its activation; they are written
out where a runtime may lack the operator of that name, or lack it in float64.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument, MissingExtra
from handwrought.nn.activations import LeakyReLU
from handwrought.nn.network import Network
from handwrought.storage.header import new_header

__all__ = ["DEFAULT_OPSET", "OLDEST_OPSET", "to_onnx"]

DEFAULT_OPSET = 17
OLDEST_OPSET = 13
"""Since then Softmax works along one axis and ReduceSum takes its axes as an input."""
_LEAST = 1e-30
"""An output of 0 is taken as this before a power is taken of it, as the Recognizer does."""
_MOST_BYTES = 2_000_000_000


def to_onnx(
    network: Network,
    header: Mapping[str, Any] | None = None,
    *,
    pixels: bool = False,
    opset: int = DEFAULT_OPSET,
) -> Any:
    """The network as an ``onnx.ModelProto``, checked in full.

    Parameters
    ----------
    network : Network
    header : dict, optional
        Of its model file: gives labels, temperature, digest and recipe.
    pixels : bool
        Whether the graph takes uint8 pictures, ``pixels`` (n, height, width), and gives calibrated
        ``probabilities`` (n, n_outputs); else it takes ``x`` (n, n_inputs), as ``feedforward``
        does, and gives ``a`` (n, n_outputs).
    opset : int
        Version of the operators, from 13 to what the installed ``onnx`` knows.

    Raises
    ------
    InvalidArgument
        If there is no such opset, or pixels are asked for and the model does not take pictures.
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
    if header is None:
        header = new_header(network, str(network.dtype))
    if network.parameters.vector.nbytes > _MOST_BYTES:
        raise InvalidArgument("the network is larger than 2 GB, which an ONNX file cannot be")
    if not np.isfinite(network.parameters.vector).all():
        raise InvalidArgument("the network holds values that are not finite: it was not exported")

    graph = _Graph(onnx, network.dtype)
    n_in, n_out = network.n_inputs, network.n_outputs
    if pixels:
        height, width = _picture(header)
        given: tuple[str, int, list[object]] = (
            "pixels",
            onnx.TensorProto.UINT8,
            ["n", height, width],
        )
        a = graph.add("Flatten", "pixels", axis=1)
        a = graph.add("Cast", a, to=graph.type)
        a = graph.add("Mul", a, graph.constant("pixel_scale", 1 / 255))
    else:
        given = ("x", graph.type, ["n", n_in])
        a = "x"
    last = len(network.layers) - 1
    temperature = float(header["calibration"]["temperature"]) if pixels else 1.0
    for l, layer in enumerate(network.layers):
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
    if pixels and network.activations[-1].name != "softmax":
        a = graph.odds(a, temperature)
    given_out = ("probabilities" if pixels else "a", graph.type, ["n", n_out])
    graph.add("Identity", a, output=given_out[0])

    model = graph.model(given, given_out, opset)
    for key, value in _metadata(network, header, pixels).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model, full_check=True)
    return model


def _picture(header: Mapping[str, Any]) -> tuple[int, int]:
    if header["view"] != "as-is":
        raise InvalidArgument(
            f"--pixels is for models that see pictures as they are, and this one sees them "
            f"{header['view']!r}: export it without"
        )
    made = header["preprocessing"]
    if made is None:
        raise InvalidArgument(
            "--pixels is for models whose file says how their inputs are made of pixels: export it "
            "without, and prepare the inputs yourself"
        )
    return made["height"], made["width"]


def _metadata(network: Network, header: Mapping[str, Any], pixels: bool) -> dict[str, str]:
    labels = header["labels"] or [str(i) for i in range(network.n_outputs)]
    found = {
        "labels": json.dumps(labels, ensure_ascii=False),
        "activations": ",".join(activation.name for activation in network.activations),
        "cost": network.cost.name,
        "temperature": str(header["calibration"]["temperature"]),
        "input": "uint8 pixels, ink bright on black" if pixels else "pixels divided by 255",
        "recipe": json.dumps(header["record"], ensure_ascii=False),
        "digest": header.get("digest", ""),
    }
    if not pixels and header["preprocessing"] is None:
        found["input"] = "numbers"
    return found


class _Graph:
    """Nodes and constants of one dtype, added in order; each node's output has a name of its own."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.type: int = onnx.helper.np_dtype_to_tensor_dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        """A constant under this name, once."""
        array = np.ascontiguousarray(value, dtype or self.dtype)
        array = array.reshape(np.shape(value))  # ascontiguousarray makes a scalar a vector
        self.constants[name] = self.onnx.numpy_helper.from_array(array, name)
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """A node; returns the name of its output."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        node = self.onnx.helper.make_node(operator, inputs, [name], name=f"n_{name}", **attributes)
        self.nodes.append(node)
        return name

    def activation(self, name: str, z: str) -> str:
        """a = f(z), of the activations in :mod:`handwrought.nn.activations`."""
        if name == "identity":
            return z
        if name in ("sigmoid", "tanh", "relu"):
            return self.add(name.capitalize(), z)
        if name == "softmax":
            return self.add("Softmax", z, axis=-1)
        if name == "leaky-relu":  # onnxruntime has LeakyRelu in float32 alone
            slope = self.constant("slope", LeakyReLU.slope)
            return self.add("Max", z, self.add("Mul", z, slope))
        if name == "silu":
            return self.add("Mul", z, self.add("Sigmoid", z))
        if name == "gelu":  # Φ(z) = ½ (1 + erf(z / √2)); Gelu itself came with opset 20
            inner = self.add("Mul", z, self.constant("root_half", np.sqrt(0.5)))
            single = self.onnx.TensorProto.FLOAT
            if self.type != single:  # nor has onnxruntime Erf in float64
                inner = self.add("Cast", inner, to=single)
            erf = self.add("Erf", inner)
            if self.type != single:
                erf = self.add("Cast", erf, to=self.type)
            twice = self.add("Add", erf, self.constant("one", 1.0))
            return self.add("Mul", z, self.add("Mul", twice, self.constant("half", 0.5)))
        raise InvalidArgument(f"activation {name!r} has no counterpart in ONNX yet")

    def odds(self, a: str, temperature: float) -> str:
        """p^(1/T) divided by its sum, in float64, as :meth:`Recognizer.probabilities` has it."""
        double = np.float64
        a = self.add("Cast", a, to=self.onnx.TensorProto.DOUBLE)
        a = self.add("Max", a, self.constant("least", _LEAST, double))
        a = self.add("Pow", a, self.constant("power", 1 / temperature, double))
        total = self.add("ReduceSum", a, self.constant("axis", [1], np.int64), keepdims=1)
        return self.add("Cast", self.add("Div", a, total), to=self.type)

    def model(self, given: Any, result: Any, opset: int) -> Any:
        """The model around the nodes."""
        from handwrought import __version__

        helper = self.onnx.helper
        graph = helper.make_graph(
            self.nodes,
            "handwrought",
            [helper.make_tensor_value_info(*given)],
            [helper.make_tensor_value_info(*result)],
            list(self.constants.values()),
        )
        operators = [helper.make_opsetid("", opset)]
        return helper.make_model(
            graph,
            opset_imports=operators,
            # The oldest format that holds this opset: older runtimes refuse newer ones.
            ir_version=helper.find_min_ir_version_for(operators),
            producer_name="handwrought",
            producer_version=__version__,
            doc_string="A multi-layer perceptron, trained by backpropagation.",
        )
