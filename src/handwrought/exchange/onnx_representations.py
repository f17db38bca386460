"""The representations of :mod:`handwrought.data.representations`, as operators of an ONNX graph.

Every step is in float32 and in the order in which it is taken there.  Sums of many terms, in moments
and in smoothing, may still come out an ulp apart, and then a grey level may be rounded to its neighbour.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from handwrought.data.representations import INK, MOST, Representation
from handwrought.data.strokes import DIRECTIONS, sampled
from handwrought.exchange.onnx_graph import Graph

__all__ = ["add_representation"]

Shape = tuple[int, int]


def add_representation(
    graph: Graph, pixels: str, representation: Representation, shape: Shape
) -> str:
    """The pictures as a network of this representation sees them: whole numbers from 0 to 255.

    Parameters
    ----------
    graph : Graph
    pixels : str
        The name of uint8 pictures (n, height, width).
    representation : Representation
    shape : (int, int)
        height, width; even where strokes are seen.

    Returns
    -------
    str
        The name of what is seen: float32, or the pictures themselves where they stay as they are.
    """
    if representation == Representation():
        return pixels
    op = _Float32(graph)
    x = op("Cast", pixels, to=op.type)
    if representation.deskew:
        x = _upright(op, x, shape)
        if representation.width:
            x = _widened(op, x, representation.width, shape)
        x = op("Round", x)
    if representation.strokes:
        x = _stroke_maps(op, op("Mul", x, 1 / 255), shape)
        x = op("Round", op("Mul", x, 255.0))
    return x


class _Float32:
    """Adds nodes whose inputs are names, or numbers: int64 if they are whole, else float32."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.type: int = graph.onnx.TensorProto.FLOAT

    def __call__(self, operator: str, *inputs: Any, **attributes: Any) -> str:
        names = [x if isinstance(x, str) else self._constant(np.asarray(x)) for x in inputs]
        return self.graph.add(operator, *names, **attributes)

    def _constant(self, value: Any) -> str:
        dtype = np.int64 if value.dtype.kind == "i" else np.float32
        return self.graph.constant(f"representation.{len(self.graph.constants)}", value, dtype)


def _centre(op: _Float32, x: str, shape: Shape) -> tuple[str, str]:
    """How much ink there is, and the column of its centre; each (n, 1, 1)."""
    height, width = shape
    in_columns = op("MatMul", np.ones((1, height)), x)
    total = op("Max", op("MatMul", in_columns, np.ones((width, 1))), 1e-6)
    return total, op("Div", op("MatMul", in_columns, np.arange(width, dtype="f4")[:, None]), total)


def _upright(op: _Float32, x: str, shape: Shape) -> str:
    """Sheared so that rows and columns of the ink vary independently."""
    height, width = shape
    down, right = np.arange(height, dtype="f4"), np.arange(width, dtype="f4")
    total, column = _centre(op, x, shape)
    in_rows = op("MatMul", x, np.ones((width, 1)))  # (n, height, 1)
    row = op("Div", op("MatMul", down[None], in_rows), total)
    from_row = op("Sub", down[None], row)  # (n, 1, height)
    from_column = op("Sub", right[:, None], column)  # (n, width, 1)
    both = op("Div", op("MatMul", from_row, op("MatMul", x, from_column)), total)
    alone = op("Div", op("MatMul", op("Mul", from_row, from_row), in_rows), total)
    lean = op("Clip", op("Div", both, op("Max", alone, 1e-3)), -1.0, 1.0)
    moved = op("Mul", lean, op("Sub", down[:, None], row))  # (n, height, 1)
    return _sample(op, x, op("Add", right, moved), shape)


def _widened(op: _Float32, x: str, width: int, shape: Shape) -> str:
    """Stretched about the centre of mass until the ink is ``width`` pixels wide."""
    _, column = _centre(op, x, shape)
    ink = op("Cast", op("Greater", x, float(INK)), to=op.type)
    ink = op("Min", op("MatMul", np.ones((1, shape[0])), ink), 1.0)  # (n, 1, width)
    last = op("ArgMax", ink, axis=2, select_last_index=1)
    own = op("Cast", op("Sub", op("Add", last, 1), op("ArgMax", ink, axis=2)), to=op.type)
    factor = op("Clip", op("Div", float(width), own), 1 / MOST, MOST)
    to = np.arange(shape[1], dtype="f4") - shape[1] / 2
    columns = op("Add", column, op("Div", to, factor))  # (n, 1, width)
    return _sample(op, x, op("Expand", columns, [1, shape[0], 1]), shape)


def _sample(op: _Float32, x: str, columns: str, shape: Shape) -> str:
    """Linear interpolation of each row at ``columns`` (n, height, width); black outside."""
    padded = op("Pad", x, [0, 0, 1, 0, 0, 2])
    columns = op("Clip", op("Add", columns, 1.0), 0.0, shape[1] + 1.0)
    floor = op("Floor", columns)
    at = op("Cast", floor, to=op.graph.onnx.TensorProto.INT64)
    left = op("GatherElements", padded, at, axis=2)
    right = op("GatherElements", padded, op("Add", at, 1), axis=2)
    return op("Add", left, op("Mul", op("Sub", columns, floor), op("Sub", right, left)))


def _stroke_maps(op: _Float32, x: str, shape: Shape) -> str:
    """Eight maps of half the height and width, side by side in two rows of four, from 0 to 1."""
    height, width = shape
    right, down = _sobel(op, x, shape)  # (n, 1, height, width)
    turn = np.float32(np.cos(2 * np.pi / DIRECTIONS))
    steep = op("Add", op("Mul", right, right), op("Mul", down, down))
    least = op("Mul", op("Sqrt", steep), turn)
    angles = 2 * np.pi * np.arange(DIRECTIONS // 2)[:, None, None] / DIRECTIONS
    along = op("Add", op("Mul", right, np.cos(angles)), op("Mul", down, np.sin(angles)))
    ahead, behind = op("Sub", along, least), op("Sub", op("Neg", along), least)
    facing = op("Max", op("Concat", ahead, behind, axis=1), 0.0)  # (n, 8, height, width)
    low = op("MatMul", sampled(height), facing)
    found = op("Sqrt", op("MatMul", low, sampled(width).T * (1 / (4 * (1 - turn)))))
    maps = op("Reshape", found, [0, 2, DIRECTIONS // 2, height // 2, width // 2])
    return op("Reshape", op("Transpose", maps, perm=[0, 1, 3, 2, 4]), [0, height, 2 * width])


def _sobel(op: _Float32, x: str, shape: Shape) -> tuple[str, str]:
    """How much brighter the image becomes to the right and downwards; outside, it is black."""

    def three(p: str, axis: int) -> list[str]:
        """What stands before, at and after each pixel along an axis."""
        n = shape[axis - 2]
        return [op("Slice", p, [start], [start + n], [axis]) for start in range(3)]

    def smooth(p: str, axis: int) -> str:
        before, at, after = three(p, axis)
        return op("Add", op("Add", before, after), op("Mul", at, 2.0))

    p = op("Pad", op("Unsqueeze", x, [1]), [0, 0, 1, 1, 0, 0, 1, 1])
    left, _, right = three(smooth(p, 2), 3)
    above, _, below = three(smooth(p, 3), 2)
    return op("Sub", right, left), op("Sub", below, above)
