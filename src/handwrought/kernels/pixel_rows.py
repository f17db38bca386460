"""Rows of the first layer's transposed weights, for the pixels of one image that are not zero.

Two loops, each with its vectors spelt out for LLVM: left to itself it keeps the sums in memory and
pays more for the way there than for the arithmetic.  In plain NumPy, with ``x = scale[values]``::

    add_rows:   z += x @ W[columns]
    move_rows:  W[columns] += np.outer(x, step)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["LANES", "add_rows", "move_rows"]

LANES = 16
"""Numbers in a vector: one AVX-512 register, two of AVX2, four of NEON."""

_FLOAT, _BYTE, _SHORT = ir.FloatType(), ir.IntType(8), ir.IntType(16)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_FLAGS = ("contract",)


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _vector_at(builder: Any, row: Any, block: int) -> Any:
    return builder.gep(builder.bitcast(row, _VECTOR.as_pointer()), [ir.IntType(64)(block)])


def _pixel(builder: Any, addresses: Any, p: Any, stride: Any) -> tuple[Any, Any]:
    """The pixel's row of W, and its value in every lane."""
    W, columns, values, scale = addresses
    long = ir.IntType(64)
    at = builder.gep(_pointer(builder, columns, _SHORT), [p])
    column = builder.zext(builder.load(at), long)
    at = builder.gep(_pointer(builder, values, _BYTE), [p])
    value = builder.zext(builder.load(at), long)
    at = builder.gep(_pointer(builder, scale, _FLOAT), [value])
    x = builder.load(at)
    row = builder.gep(_pointer(builder, W, _FLOAT), [builder.mul(column, stride)])
    lanes = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), x, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return row, builder.shuffle_vector(lanes, ir.Constant(_VECTOR, ir.Undefined), zeros)


def _pixels(builder: Any, arguments: Any, blocks: int, adds: bool) -> None:
    """The loop over pixels for rows of ``blocks`` vectors."""
    *addresses, z, start, stop, stride = arguments
    slots: Any = cgutils.alloca_once  # in the function's entry, so that LLVM makes them registers
    held = [slots(builder, _VECTOR) for _ in range(blocks)]
    for b, slot in enumerate(held):
        builder.store(builder.load(_vector_at(builder, z, b), align=4), slot)
    with cgutils.for_range_slice(builder, start, stop, stop.type(1)) as (p, _):
        row, x = _pixel(builder, addresses, p, stride)
        for b, slot in enumerate(held):
            at = _vector_at(builder, row, b)
            w, h = builder.load(at, align=4), builder.load(slot)
            if adds:
                product = builder.fmul(x, w, flags=_FLAGS)
                builder.store(builder.fadd(h, product, flags=_FLAGS), slot)
            else:
                product = builder.fmul(x, h, flags=_FLAGS)
                builder.store(builder.fadd(w, product, flags=_FLAGS), at, align=4)
    if adds:
        for b, slot in enumerate(held):
            builder.store(builder.load(slot), _vector_at(builder, z, b), align=4)


def _kernel(adds: bool) -> Callable[..., Any]:
    """An intrinsic that chooses the loop for rows of 1 to ``_MOST`` vectors.

    It takes the addresses of W, columns, values, scale and z, and start, stop and the stride of W.
    """

    unpacked: Any = cgutils.unpack_tuple
    several: Any = types.UniTuple

    @intrinsic
    def loop(typing: Any, blocks: Any, addresses: Any, pixels: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            n_blocks, addresses, pixels = arguments
            W, columns, values, scale, z = unpacked(builder, addresses, 5)
            rest = unpacked(builder, pixels, 3)
            row = _pointer(builder, z, _FLOAT)
            after = builder.append_basic_block("after")
            switch = builder.switch(n_blocks, after)
            for blocks in range(1, _MOST + 1):
                case = builder.append_basic_block(f"blocks{blocks}")
                switch.add_case(n_blocks.type(blocks), case)
                builder.position_at_end(case)
                _pixels(builder, (W, columns, values, scale, row, *rest), blocks, adds)
                builder.branch(after)
            builder.position_at_end(after)
            return context.get_dummy_value()

        return types.void(types.int64, several(types.int64, 5), several(types.int64, 3)), generate

    return loop


_MOST = 8
_add, _move = _kernel(adds=True), _kernel(adds=False)


@njit(cache=True, nogil=True)
def add_rows(W: Any, columns: Any, values: Any, start: int, stop: int, scale: Any, z: Any) -> None:
    """z += Σ_p scale[values[p]] W[columns[p]], p from start to stop.

    Parameters
    ----------
    W : array of float32, shape (n_pixels, width)
        C-contiguous; width a multiple of ``LANES``.
    columns, values : arrays of uint16 and uint8
    scale : array of float32, shape (256,)
    z : array of float32, at least ``width`` long
    """
    for at in range(0, W.shape[1], _MOST * LANES):
        addresses = (
            W.ctypes.data + 4 * at, columns.ctypes.data, values.ctypes.data, scale.ctypes.data,
            z.ctypes.data + 4 * at,
        )  # fmt: skip
        _add(min(_MOST, (W.shape[1] - at) // LANES), addresses, (start, stop, W.shape[1]))


@njit(cache=True, nogil=True)
def move_rows(
    W: Any, columns: Any, values: Any, start: int, stop: int, scale: Any, step: Any
) -> None:
    """W[columns[p]] += scale[values[p]] step for each p; shapes as for :func:`add_rows`."""
    for at in range(0, W.shape[1], _MOST * LANES):
        addresses = (
            W.ctypes.data + 4 * at, columns.ctypes.data, values.ctypes.data, scale.ctypes.data,
            step.ctypes.data + 4 * at,
        )  # fmt: skip
        _move(min(_MOST, (W.shape[1] - at) // LANES), addresses, (start, stop, W.shape[1]))
