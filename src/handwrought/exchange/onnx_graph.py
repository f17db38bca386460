"""Nodes and constants of an ONNX graph, and a network's activations made of them.

Activations are written out where a runtime may lack the operator of that name, or lack it in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from handwrought.errors import InvalidArgument
from handwrought.nn.activations import LeakyReLU

__all__ = ["Graph"]

_LEAST = 1e-30
"""An output of 0 is taken as this before a power is taken of it, as the Recognizer does."""


class Graph:
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
