"""What a step looks like close up, for one neuron or weight, and the parts that all steps share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from handwrought.nn.equations import Sum, Term
from handwrought.studio.backprop import formulas as f
from handwrought.studio.server.formula import mathml

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handwrought.nn.equations import Trace

__all__ = [
    "IN_LINE",
    "Closeup",
    "Line",
    "Panel",
    "TermSeen",
    "columns_of",
    "curve_around",
    "floats",
    "in_numbers",
    "lines_of",
    "rest_of",
    "table_of",
]

TERMS = 8
"""Terms that are listed."""
IN_LINE = 3
"""And put into the equation."""


@dataclass(frozen=True)
class Line:
    """One equation, as MathML, and what it is."""

    what: str
    mathml: str


@dataclass(frozen=True)
class TermSeen:
    """left × right, from neuron ``index``."""

    index: int
    left: float
    right: float
    product: float


@dataclass(frozen=True, eq=False)
class Panel:
    """A picture of numbers, one for each neuron of a layer; ``quantity`` is its colour's name."""

    title: str
    quantity: str
    layer: int
    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Closeup:
    """A step for one neuron, or one weight."""

    step: str
    layer: int
    neuron: int
    source: int
    says: str
    lines: list[Line]
    value: float
    quantity: str
    terms: list[TermSeen] = field(default_factory=list)
    """The largest first."""
    columns: list[Line] = field(default_factory=list)
    """What left, right and product are."""
    terms_from: int | None = None
    """The layer that the terms' indices count in."""
    rest: float = 0.0
    rest_count: int = 0
    offset: float | None = None
    factor: float | None = None
    panels: list[Panel] = field(default_factory=list)
    curve: list[list[float]] = field(default_factory=list)
    """z, σ(z) and σ'(z) at some points."""


def floats(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """For a picture."""
    return values.astype(np.float32)


def lines_of(general: str, what: str, one: str, numbers: str) -> list[Line]:
    """An equation in general, for one neuron or weight, and with its numbers; LaTeX."""
    return [
        Line("In general", mathml(general)),
        Line(what, mathml(one)),
        Line("With its numbers", mathml(numbers)),
    ]


def columns_of(*heads: str) -> list[Line]:
    """Heads of a table of terms; LaTeX."""
    return [Line("", mathml(head)) for head in heads]


def table_of(total: Sum, heads: list[str]) -> dict[str, Any]:
    """A sum's fields of a Closeup, the largest terms first."""
    ordered = total.largest_first().terms
    first, others = ordered[:TERMS], ordered[TERMS:]
    return {
        "terms": [TermSeen(t.index, t.left, t.right, t.product) for t in first],
        "rest": float(sum(t.product for t in others)),
        "rest_count": len(others),
        "columns": columns_of(*heads),
    }


def in_numbers(total: Sum, left: str, right: str, product: str) -> str:
    """The largest terms of a sum with their numbers, and the others as one."""
    ordered = total.largest_first().terms
    first = " + ".join(
        rf"{f.num(t.left, left, brackets=i > 0)} \cdot {f.num(t.right, right, brackets=True)}"
        for i, t in enumerate(ordered[:IN_LINE])
    )
    return first + rest_of(ordered[IN_LINE:], product)


def rest_of(others: tuple[Term, ...], quantity: str = "z") -> str:
    """The terms left over, as one number under a brace; LaTeX."""
    if not others:
        return ""
    rest = float(sum(t.product for t in others))
    return (
        rf" + \underbrace{{{f.num(rest, quantity, brackets=True)}}}"
        rf"_{{{len(others)} \text{{ more}}}}"
    )


def curve_around(trace: Trace, l: int, at: float) -> list[list[float]]:
    """σ and σ' around z, at 61 points."""
    reach = max(6.0, 1.2 * abs(at))
    z = np.linspace(-reach, reach, 61)
    σ = trace.σ[l]
    return [z.tolist(), σ.value(z).tolist(), σ.derivative(z).tolist()]
