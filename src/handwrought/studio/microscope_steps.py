"""The algorithm's steps, and each of them close up: its equation, then with numbers put in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from handwrought.errors import InvalidArgument
from handwrought.nn.equations import Sum, Term
from handwrought.studio import microscope_formulas as f
from handwrought.studio.formula import mathml

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handwrought.nn.equations import Trace

__all__ = ["Closeup", "Line", "Panel", "Step", "TermSeen", "close_up", "steps"]

TERMS = 8
"""Terms that are listed."""
_IN_LINE = 3
"""And put into the equation."""
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Step:
    """One step; ``phase`` is forward, cost, backward, gradient or update."""

    name: str
    label: str
    title: str
    phase: str
    layer: int | None
    """The layer that it works out, if it is one."""


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


def _up(l: int) -> str:
    return str(l).translate(_RAISED)


def steps(sizes: tuple[int, ...]) -> list[Step]:
    """All steps for a network of these sizes, in their order."""
    L = len(sizes)
    found = [Step("input", "Input", "The input", "forward", 1)]
    for l in range(2, L + 1):
        found += [
            Step(f"z{l}", f"z{_up(l)}", f"Weighted inputs of layer {l}", "forward", l),
            Step(f"a{l}", f"a{_up(l)}", f"Activations of layer {l}", "forward", l),
        ]
    found.append(Step("cost", "C", "The cost", "cost", L))
    found.append(Step("BP1", "BP1", "BP1: the error at the output", "backward", L))
    for l in range(L - 1, 1, -1):
        title = f"BP2: the error goes back to layer {l}"
        found.append(Step(f"BP2-{l}", f"BP2 δ{_up(l)}", title, "backward", l))
    return [
        *found,
        Step("BP3", "BP3", "BP3: the gradient of the biases", "gradient", None),
        Step("BP4", "BP4", "BP4: the gradient of the weights", "gradient", None),
        Step("update", "Update", "Update: one step down the gradient", "update", None),
    ]


def close_up(trace: Trace, step: str, l: int, j: int, k: int, η: float) -> Closeup:
    """A step for neuron j of layer l, and the weight from neuron k below.

    Raises
    ------
    InvalidArgument
        If there is no such step, layer or neuron.
    """
    known = {each.name: each for each in steps(trace.network.sizes)}
    if step not in known:
        raise InvalidArgument(f"the network has no step {step[:40]!r}: use {', '.join(known)}")
    if step == "input":
        return _input(trace, k)
    l = known[step].layer or l
    trace._check(l, j, k)
    if step == f"z{l}":
        return _weighted_input(trace, l, j, k)
    if step == f"a{l}":
        return _activation(trace, l, j, k)
    if step == "cost":
        return _cost(trace, j, k)
    if step in ("BP1", f"BP2-{l}"):
        return _error(trace, step, l, j, k)
    if step == "BP3":
        return _bias_gradient(trace, l, j, k)
    if step == "BP4":
        return _weight_gradient(trace, l, j, k)
    return _update(trace, l, j, k, η)


# --- forward -------------------------------------------------------------------------------------


def _input(trace: Trace, k: int) -> Closeup:
    trace._check(2, 0, k)
    x = float(trace.x[k])
    shown = rf"{f.a(1, k)} = \frac{{{round(255 * x)}}}{{255}} = {f.num(x, 'a')}"
    n = len(trace.x)
    return Closeup(
        "input", 1, k, k,
        f"The image is the first layer: {n} pixels, a number from 0 (black) to 1 (white) for each.",
        [Line("In general", mathml(rf"{f.a(1)} = x")), Line(_pixel(k), mathml(shown))],
        x, "a",
    )  # fmt: skip


def _pixel(k: int) -> str:
    return f"Pixel in row {k // 28}, column {k % 28}"


def _weighted_input(trace: Trace, l: int, j: int, k: int) -> Closeup:
    total = trace.sum_for_z(l, j)
    below = l - 1
    head = f"{f.z(l, j)} = "
    general = rf"{f.z(l)} = {f.W(l)} \, {f.a(below)} + {f.b(l)}"
    one = rf"{head} \sum_k {f.W(l, j, 'k')} \, {f.a(below, 'k')} + {f.b(l, j)}"
    sum_ = _in_numbers(total, "w", "a", "z")
    bias = f.num(total.offset, "b", brackets=True)
    numbers = rf"{head} {sum_} + {bias} = {f.num(total.value, 'z')}"
    return Closeup(
        f"z{l}", l, j, k,
        f"Neuron {j} weighs all {len(total.terms)} activations below, adds them up, and adds "
        f"its bias.",
        _lines(general, f"Neuron {j} of layer {l}", one, numbers),
        total.value, "z",
        **_table(total, [f.W(l, j, "k"), f.a(below, "k"), "=" + f.q("z", r"w \, a")]),
        terms_from=below,
        offset=total.offset,
        panels=[
            Panel("weights", "w", below, _floats(trace.W[l][j])),
            Panel("activations below", "a", below, _floats(trace.a[below])),
            Panel("weight × activation", "z", below, _floats(trace.W[l][j] * trace.a[below])),
        ],
    )  # fmt: skip


def _activation(trace: Trace, l: int, j: int, k: int) -> Closeup:
    σ, here = trace.σ[l], float(trace.z[l][j])
    value = float(trace.a[l][j])
    head = f"{f.a(l, j)} = "
    if σ.elementwise:
        formula = f.ACTIVATION[σ.name]
        general = rf"{f.a(l)} = \sigma({f.z(l)})"
        one = rf"{head} \sigma({f.z(l, j)}) = {formula.format(z=f.z(l, j))}"
        put_in = f.num(here, "z", brackets=True)
        numbers = rf"{head} {formula.format(z=put_in)} = {f.num(value, 'a')}"
        return Closeup(
            f"a{l}", l, j, k,
            f"The activation function of this layer, {σ.name}, bends the weighted input.",
            _lines(general, f"Neuron {j} of layer {l}", one, numbers),
            value, "a",
            curve=_curve(trace, l, here),
        )  # fmt: skip
    top = float(trace.z[l].max()) if float(trace.z[l].max()) > 100 else 0.0
    powers = np.exp(trace.z[l] - top)
    total = Sum(
        "", tuple(Term(i, float(p), 1.0) for i, p in enumerate(powers)), float(powers.sum())
    )
    ordered = total.largest_first().terms
    less = rf" - {f.num(top)}" if top else ""
    general = rf"{f.a(l, 'j')} = \frac{{e^{{{f.z(l, 'j')}}}}}{{\sum_k e^{{{f.z(l, 'k')}}}}}"
    one = rf"{head} \frac{{e^{{{f.z(l, j)}{less}}}}}{{\sum_k e^{{{f.z(l, 'k')}{less}}}}}"
    under = " + ".join(f.num(t.left, "z") for t in ordered[:_IN_LINE]) + _more(ordered[_IN_LINE:])
    numbers = rf"{head} \frac{{{f.num(float(powers[j]), 'z')}}}{{{under}}} = {f.num(value, 'a')}"
    return Closeup(
        f"a{l}", l, j, k,
        "Softmax turns the weighted inputs of the whole layer into shares that add up to 1.",
        _lines(general, f"Neuron {j} of layer {l}", one, numbers),
        value, "a",
        terms=[
            TermSeen(t.index, float(trace.z[l][t.index]), t.left, float(trace.a[l][t.index]))
            for t in ordered[:10]
        ],
        columns=_columns(f.z(l, "k"), f"e^{{{f.z(l, 'k')}}}", f.a(l, "k")),
        terms_from=l,
        rest=float(sum(trace.a[l][t.index] for t in ordered[10:])),
        rest_count=len(ordered[10:]),
    )  # fmt: skip


def _cost(trace: Trace, j: int, k: int) -> Closeup:
    cost, L = trace.network.cost, trace.L
    whole, _, share = f.COST[cost.name]
    a, y = trace.a[L], trace.y
    # Every cost here is a sum over the outputs, so one output alone has its share of it.
    shares = [float(cost.value(a[i : i + 1], y[i : i + 1])) for i in range(len(a))]
    order = sorted(range(len(a)), key=lambda i: -abs(shares[i]))
    general = f"{f.cost()} = {whole.format(a=f.a(L, 'j'), y='y_j')}"
    one = rf"{f.q('cost', f'C_{{{j}}}')} = {share.format(a=f.a(L, j), y=f'y_{{{j}}}')}"
    put_in = share.format(a=f.num(float(a[j]), "a"), y=f"{y[j]:g}")
    numbers = rf"{f.q('cost', f'C_{{{j}}}')} = {put_in} = {f.num(shares[j], 'cost')}"
    listed = order[:_IN_LINE]
    parts = " + ".join(f.num(shares[i], "cost") for i in listed)
    rest = sum(shares[i] for i in order[_IN_LINE:])
    everything = (
        rf"{f.cost()} = {parts} + \underbrace{{{f.num(rest)}}}"
        rf"_{{{len(order) - _IN_LINE} \text{{ more}}}} = {f.num(trace.C, 'cost')}"
    )
    return Closeup(
        "cost", L, j, k,
        "One number says how far the output is from what it should have been. Learning makes it "
        "smaller.",
        [
            *_lines(general, f"Output {j}'s share", one, numbers),
            Line("All outputs", mathml(everything)),
        ],
        trace.C, "cost",
        terms=[TermSeen(i, float(a[i]), float(y[i]), shares[i]) for i in order],
        columns=_columns(f.a(L, "j"), "y_j", f.q("cost", "C_j")),
        terms_from=L,
    )  # fmt: skip


# --- backward ------------------------------------------------------------------------------------


def _error(trace: Trace, step: str, l: int, j: int, k: int) -> Closeup:
    total = trace.sum_for_δ(l, j)
    if not trace.σ[l].elementwise:
        return _error_through_softmax(trace, step, l, j, k, total)
    prime = f.PRIME[trace.σ[l].name]
    head = f"{f.δ(l, j)} = "
    rule, slope_here = prime.format(z=f.z(l, j)), f.num(total.factor, "z")
    equal = rf"{slope_here} \quad ({rule})" if r"\text{" in rule else f"{rule} = {slope_here}"
    slope = Line("Where", mathml(rf"\sigma'({f.z(l, j)}) = {equal}"))
    if l == trace.L:
        return _error_at_output(trace, j, k, total, slope)
    above = l + 1
    general = (
        rf"{f.δ(l)} = \left(\left({f.W(above)}\right)^T {f.δ(above)}\right) \odot "
        rf"\sigma'({f.z(l)})"
    )
    one = (
        rf"{head} \left(\sum_k {f.W(above, 'k', j)} \, {f.δ(above, 'k')}\right) "
        rf"\sigma'({f.z(l, j)})"
    )
    sum_ = _in_numbers(total, "w", "delta", "delta")
    numbers = (
        rf"{head} \left({sum_}\right) \cdot {f.num(total.factor, 'z', brackets=True)}"
        rf" = {f.num(total.value, 'delta')}"
    )
    return Closeup(
        step, l, j, k,
        f"The errors of layer {above} run back through the same weights: how much neuron {j} is to "
        f"blame for each of them.",
        [*_lines(general, f"Neuron {j} of layer {l}", one, numbers), slope],
        total.value, "delta",
        **_table(
            total, [f.W(above, "k", j), f.δ(above, "k"), "=" + f.q("delta", r"w \, \delta")]
        ),
        terms_from=above,
        factor=total.factor,
        panels=[
            Panel("weights upwards", "w", above, _floats(trace.W[above][:, j])),
            Panel("errors above", "delta", above, _floats(trace.δ[above])),
            Panel("weight × error", "delta", above, _floats(trace.W[above][:, j] * trace.δ[above])),
        ],
        curve=_curve(trace, l, float(trace.z[l][j])),
    )  # fmt: skip


def _error_at_output(trace: Trace, j: int, k: int, total: Sum, slope: Line) -> Closeup:
    cost, L = trace.network.cost, trace.L
    by_a = f.dC(f.a(L, j), "cost")
    a, y, slope_of_C = float(trace.a[L][j]), float(trace.y[j]), float(trace.dC_da[L][j])
    general = rf"{f.δ(L)} = {f.dC(f.a(L), 'cost')} \odot \sigma'({f.z(L)})"
    one = rf"{f.δ(L, j)} = {by_a} \, \sigma'({f.z(L, j)})"
    numbers = (
        rf"{f.δ(L, j)} = {f.num(slope_of_C, 'cost', brackets=True)} \cdot "
        rf"{f.num(total.factor, 'z', brackets=True)} = {f.num(total.value, 'delta')}"
    )
    form = f.COST[cost.name][1]
    put_in = form.format(a=f.num(a, "a", brackets=True), y=f"{y:g}")
    dC_da = (
        rf"{by_a} = {form.format(a=f.a(L, j), y=f'y_{{{j}}}')} = {put_in}"
        rf" = {f.num(slope_of_C, 'cost')}"
    )
    lines = [
        *_lines(general, f"Output {j}", one, numbers),
        Line("Where", mathml(dC_da)),
        Line("And", slope.mathml),
    ]
    return Closeup(
        "BP1", L, j, k,
        "How fast the cost changes with each output's weighted input: how fast it changes with the "
        "activation, times how fast the activation changes.",
        [*lines, *_pair(trace, j)],
        total.value, "delta",
        factor=total.factor,
        curve=_curve(trace, L, float(trace.z[L][j])),
    )  # fmt: skip


def _error_through_softmax(trace: Trace, step: str, l: int, j: int, k: int, total: Sum) -> Closeup:
    by_z = rf"\frac{{\partial {f.a(l, 'k')}}}{{\partial {f.z(l, j)}}}"
    by_a = f.dC(f.a(l, "k"), "cost")
    general = (
        rf"{f.δ(l, 'j')} = \sum_k {by_a} \frac{{\partial {f.a(l, 'k')}}}{{\partial {f.z(l, 'j')}}}"
    )
    one = rf"{f.δ(l, j)} = \sum_k {by_z} \, {by_a}"
    sum_ = _in_numbers(total, "z", "cost", "delta")
    numbers = rf"{f.δ(l, j)} = {sum_} = {f.num(total.value, 'delta')}"
    slope = rf"{by_z} = {f.a(l, 'k')} \left([k = {j}] - {f.a(l, j)}\right)"
    form = f.COST[trace.network.cost.name][1].format(a=f.a(l, "k"), y="y_k")
    lines = [
        *_lines(general, f"Neuron {j} of layer {l}", one, numbers),
        Line("Where", mathml(slope)),
    ]
    if l == trace.L:
        lines += [Line("And", mathml(f"{by_a} = {form}")), *_pair(trace, j)]
    return Closeup(
        step, l, j, k,
        "With softmax every activation depends on every weighted input of its layer, so the sum "
        "over all of them stays.",
        lines,
        total.value, "delta",
        **_table(total, [by_z, by_a, "=" + f.q("delta", r"\text{product}")]),
        terms_from=l,
    )  # fmt: skip


def _pair(trace: Trace, j: int) -> list[Line]:
    """δ^L = a - y, where cost and output activation are a pair."""
    cost, L = trace.network.cost, trace.L
    if cost.pair != trace.σ[L].name:
        return []
    a, y, error = float(trace.a[L][j]), float(trace.y[j]), float(trace.δ[L][j])
    short = (
        rf"{f.δ(L, j)} = {f.a(L, j)} - y_{{{j}}} = {f.num(a, 'a', brackets=True)} - {y:g}"
        rf" = {f.num(error, 'delta')}"
    )
    return [Line("All of which shortens to", mathml(short))]


# --- gradient and update -------------------------------------------------------------------------


def _bias_gradient(trace: Trace, l: int, j: int, k: int) -> Closeup:
    value = trace.sum_for_dC_db(l, j).value
    general = rf"{f.dC(f.b(l))} = {f.δ(l)}"
    one = rf"{f.dC(f.b(l, j))} = {f.δ(l, j)}"
    return Closeup(
        "BP3", l, j, k,
        "A bias adds straight to z, so the cost changes with it just as it changes with z.",
        _lines(general, f"Neuron {j} of layer {l}", one, f"{one} = {f.num(value, 'grad')}"),
        value, "grad",
        panels=[Panel("errors of this layer", "delta", l, _floats(trace.δ[l]))],
    )  # fmt: skip


def _weight_gradient(trace: Trace, l: int, j: int, k: int) -> Closeup:
    total = trace.sum_for_dC_dw(l, j, k)
    (term,) = total.terms
    by_w = f.dC(f.W(l, j, k))
    general = rf"{f.dC(f.W(l))} = {f.δ(l)} \left({f.a(l - 1)}\right)^T"
    one = rf"{by_w} = {f.δ(l, j)} \, {f.a(l - 1, k)}"
    numbers = (
        rf"{by_w} = {f.num(term.left, 'delta')} \cdot {f.num(term.right, 'a', brackets=True)}"
        rf" = {f.num(total.value, 'grad')}"
    )
    says = "A weight's share is the error at its one end times the activation at its other."
    if term.right == 0:
        says += " Here that activation is 0, so this image has nothing to teach this weight."
    return Closeup(
        "BP4", l, j, k,
        says,
        _lines(general, _weight(l, j, k), one, numbers),
        total.value, "grad",
        panels=[
            Panel("activations below", "a", l - 1, _floats(trace.a[l - 1])),
            Panel(f"gradient of neuron {j}'s weights", "grad", l - 1, _floats(trace.dC_dw[l][j])),
        ],
    )  # fmt: skip


def _update(trace: Trace, l: int, j: int, k: int, η: float) -> Closeup:
    gradient, before = float(trace.dC_dw[l][j, k]), float(trace.W[l][j, k])
    bias, bias_gradient = float(trace.b[l][j]), float(trace.dC_db[l][j])
    # As nn.equations.update has it; one number does not need the whole network moved.
    after, bias_after = before - η * gradient, bias - η * bias_gradient
    w, b = f.W(l, j, k), f.b(l, j)
    general = rf"{f.W(l)} \leftarrow {f.W(l)} - \eta \, {f.dC(f.W(l))}"
    one = rf"{w} \leftarrow {w} - \eta \, {f.dC(w)}"
    rate = f"{η:g}"
    numbers = (
        rf"{w} \leftarrow {f.num(before, 'w')} - {rate} \cdot "
        rf"{f.num(gradient, 'grad', brackets=True)} = {f.num(after, 'w')}"
    )
    bias_line = (
        rf"{b} \leftarrow {f.num(bias, 'b')} - {rate} \cdot "
        rf"{f.num(bias_gradient, 'grad', brackets=True)} = {f.num(bias_after, 'b')}"
    )
    return Closeup(
        "update", l, j, k,
        "Every weight and bias takes a small step against its gradient, and the cost falls.",
        [
            *_lines(general, _weight(l, j, k), one, numbers),
            Line("Its neuron's bias", mathml(bias_line)),
        ],
        after, "w",
        panels=[
            Panel("weights before", "w", l - 1, _floats(trace.W[l][j])),
            Panel("gradient", "grad", l - 1, _floats(trace.dC_dw[l][j])),
            Panel("weights after", "w", l - 1, _floats(trace.W[l][j] - η * trace.dC_dw[l][j])),
        ],
    )  # fmt: skip


# --- parts ---------------------------------------------------------------------------------------


def _weight(l: int, j: int, k: int) -> str:
    below = f"pixel {k // 28}, {k % 28}" if l == 2 else f"neuron {k}"
    return f"The weight from {below} to neuron {j}"


def _floats(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype(np.float32)


def _lines(general: str, what: str, one: str, numbers: str) -> list[Line]:
    return [
        Line("In general", mathml(general)),
        Line(what, mathml(one)),
        Line("With its numbers", mathml(numbers)),
    ]


def _columns(*heads: str) -> list[Line]:
    return [Line("", mathml(head)) for head in heads]


def _table(total: Sum, heads: list[str]) -> dict[str, Any]:
    ordered = total.largest_first().terms
    first, others = ordered[:TERMS], ordered[TERMS:]
    return {
        "terms": [TermSeen(t.index, t.left, t.right, t.product) for t in first],
        "rest": float(sum(t.product for t in others)),
        "rest_count": len(others),
        "columns": _columns(*heads),
    }


def _in_numbers(total: Sum, left: str, right: str, product: str) -> str:
    """The largest terms of a sum with their numbers, and the others as one."""
    ordered = total.largest_first().terms
    first = " + ".join(
        rf"{f.num(t.left, left, brackets=i > 0)} \cdot {f.num(t.right, right, brackets=True)}"
        for i, t in enumerate(ordered[:_IN_LINE])
    )
    return first + _more(ordered[_IN_LINE:], product)


def _more(others: tuple[Term, ...], quantity: str = "z") -> str:
    if not others:
        return ""
    rest = float(sum(t.product for t in others))
    return (
        rf" + \underbrace{{{f.num(rest, quantity, brackets=True)}}}"
        rf"_{{{len(others)} \text{{ more}}}}"
    )


def _curve(trace: Trace, l: int, at: float) -> list[list[float]]:
    """σ and σ' around z, at 61 points."""
    reach = max(6.0, 1.2 * abs(at))
    z = np.linspace(-reach, reach, 61)
    σ = trace.σ[l]
    return [z.tolist(), σ.value(z).tolist(), σ.derivative(z).tolist()]
