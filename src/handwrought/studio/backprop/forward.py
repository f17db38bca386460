"""Forward, close up: the input, weighted inputs, activations and the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handwrought.nn.equations import Sum, Term
from handwrought.studio.backprop import formulas as f
from handwrought.studio.backprop.closeup import (
    IN_LINE,
    Closeup,
    Line,
    Panel,
    TermSeen,
    columns_of,
    curve_around,
    floats,
    in_numbers,
    lines_of,
    rest_of,
    table_of,
)
from handwrought.studio.server.formula import mathml
from handwrought.studio.server.input_names import SIDE, place

if TYPE_CHECKING:
    from handwrought.nn.equations import Trace

__all__ = ["activation", "cost_of", "input_", "weighted_input"]


def input_(trace: Trace, k: int) -> Closeup:
    """A number that the network is given of the image: a pixel, unless it sees strokes."""
    trace._check(2, 0, k)
    x = float(trace.x[k])
    shown = rf"{f.a(1, k)} = \frac{{{round(255 * x)}}}{{255}} = {f.num(x, 'a')}"
    n = len(trace.x)
    what = place(k, n)
    return Closeup(
        "input", 1, k, k,
        _first_layer(n),
        [
            Line("In general", mathml(rf"{f.a(1)} = x")),
            Line(what[0].upper() + what[1:], mathml(shown)),
        ],
        x, "a",
    )  # fmt: skip


def _first_layer(n: int) -> str:
    if n == 2 * SIDE * SIDE:
        return (
            f"What the network sees of the image is its first layer: eight maps of {n // 8} "
            f"numbers. Each map's arrow is a direction, and its numbers say how strongly the image "
            f"grows brighter that way, from 0 to 1, in every second row and column."
        )
    return (
        f"What the network sees of the image is its first layer: {n} pixels, named by row and "
        f"column, a number from 0 (black) to 1 (white) for each."
    )


def weighted_input(trace: Trace, l: int, j: int, k: int) -> Closeup:
    """z of neuron j of layer l, a sum."""
    total = trace.sum_for_z(l, j)
    below = l - 1
    head = f"{f.z(l, j)} = "
    general = rf"{f.z(l)} = {f.W(l)} \, {f.a(below)} + {f.b(l)}"
    one = rf"{head} \sum_k {f.W(l, j, 'k')} \, {f.a(below, 'k')} + {f.b(l, j)}"
    sum_ = in_numbers(total, "w", "a", "z")
    bias = f.num(total.offset, "b", brackets=True)
    numbers = rf"{head} {sum_} + {bias} = {f.num(total.value, 'z')}"
    return Closeup(
        f"z{l}", l, j, k,
        f"Neuron {j} weighs all {len(total.terms)} activations below, adds them up, and adds "
        f"its bias.",
        lines_of(general, f"Neuron {j} of layer {l}", one, numbers),
        total.value, "z",
        **table_of(total, [f.W(l, j, "k"), f.a(below, "k"), "=" + f.q("z", r"w \, a")]),
        terms_from=below,
        offset=total.offset,
        panels=[
            Panel("weights", "w", below, floats(trace.W[l][j])),
            Panel("activations below", "a", below, floats(trace.a[below])),
            Panel("weight × activation", "z", below, floats(trace.W[l][j] * trace.a[below])),
        ],
    )  # fmt: skip


def activation(trace: Trace, l: int, j: int, k: int) -> Closeup:
    """a of neuron j of layer l."""
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
            lines_of(general, f"Neuron {j} of layer {l}", one, numbers),
            value, "a",
            curve=curve_around(trace, l, here),
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
    under = " + ".join(f.num(t.left, "z") for t in ordered[:IN_LINE]) + rest_of(ordered[IN_LINE:])
    numbers = rf"{head} \frac{{{f.num(float(powers[j]), 'z')}}}{{{under}}} = {f.num(value, 'a')}"
    return Closeup(
        f"a{l}", l, j, k,
        "Softmax turns the weighted inputs of the whole layer into shares that add up to 1.",
        lines_of(general, f"Neuron {j} of layer {l}", one, numbers),
        value, "a",
        terms=[
            TermSeen(t.index, float(trace.z[l][t.index]), t.left, float(trace.a[l][t.index]))
            for t in ordered[:10]
        ],
        columns=columns_of(f.z(l, "k"), f"e^{{{f.z(l, 'k')}}}", f.a(l, "k")),
        terms_from=l,
        rest=float(sum(trace.a[l][t.index] for t in ordered[10:])),
        rest_count=len(ordered[10:]),
    )  # fmt: skip


def cost_of(trace: Trace, j: int, k: int) -> Closeup:
    """C, and the share that output j has in it."""
    cost, L = trace.network.cost, trace.L
    whole, _, share = f.COST[cost.name]
    a, y = trace.a[L], trace.y
    # Every cost here is a sum over the outputs, so one output alone has its share of it; from z
    # where that is its own, since an a of 1 has lost what its logarithm asks for.
    z, σ = trace.z[L], trace.σ[L]
    each = [slice(i, i + 1) for i in range(len(a))]
    shares = [
        float(cost.value_at(σ, z[i], a[i], y[i]) if σ.elementwise else cost.value(a[i], y[i]))
        for i in each
    ]
    order = sorted(range(len(a)), key=lambda i: -abs(shares[i]))
    general = f"{f.cost()} = {whole.format(a=f.a(L, 'j'), y='y_j')}"
    one = rf"{f.q('cost', f'C_{{{j}}}')} = {share.format(a=f.a(L, j), y=f'y_{{{j}}}')}"
    put_in = share.format(a=f.num(float(a[j]), "a"), y=f"{y[j]:g}")
    numbers = rf"{f.q('cost', f'C_{{{j}}}')} = {put_in} = {f.num(shares[j], 'cost')}"
    listed = order[:IN_LINE]
    parts = " + ".join(f.num(shares[i], "cost") for i in listed)
    rest = sum(shares[i] for i in order[IN_LINE:])
    everything = (
        rf"{f.cost()} = {parts} + \underbrace{{{f.num(rest)}}}"
        rf"_{{{len(order) - IN_LINE} \text{{ more}}}} = {f.num(trace.C, 'cost')}"
    )
    return Closeup(
        "cost", L, j, k,
        "One number says how far the output is from what it should have been. Learning makes it "
        "smaller.",
        [
            *lines_of(general, f"Output {j}'s share", one, numbers),
            Line("All outputs", mathml(everything)),
        ],
        trace.C, "cost",
        terms=[TermSeen(i, float(a[i]), float(y[i]), shares[i]) for i in order],
        columns=columns_of(f.a(L, "j"), "y_j", f.q("cost", "C_j")),
        terms_from=L,
    )  # fmt: skip
