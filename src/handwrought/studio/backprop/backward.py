"""Backward, close up: BP1 and BP2, with softmax too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handwrought.studio.backprop import formulas as f
from handwrought.studio.backprop.closeup import (
    Closeup,
    Line,
    Panel,
    curve_around,
    floats,
    in_numbers,
    lines_of,
    table_of,
)
from handwrought.studio.server.formula import mathml

if TYPE_CHECKING:
    from handwrought.nn.equations import Sum, Trace

__all__ = ["error"]


def error(trace: Trace, step: str, l: int, j: int, k: int) -> Closeup:
    """δ of neuron j of layer l: BP1 at the output, else BP2."""
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
    sum_ = in_numbers(total, "w", "delta", "delta")
    numbers = (
        rf"{head} \left({sum_}\right) \cdot {f.num(total.factor, 'z', brackets=True)}"
        rf" = {f.num(total.value, 'delta')}"
    )
    return Closeup(
        step, l, j, k,
        f"The errors of layer {above} run back through the same weights: how much neuron {j} is to "
        f"blame for each of them.",
        [*lines_of(general, f"Neuron {j} of layer {l}", one, numbers), slope],
        total.value, "delta",
        **table_of(
            total, [f.W(above, "k", j), f.δ(above, "k"), "=" + f.q("delta", r"w \, \delta")]
        ),
        terms_from=above,
        factor=total.factor,
        panels=[
            Panel("weights upwards", "w", above, floats(trace.W[above][:, j])),
            Panel("errors above", "delta", above, floats(trace.δ[above])),
            Panel("weight × error", "delta", above, floats(trace.W[above][:, j] * trace.δ[above])),
        ],
        curve=curve_around(trace, l, float(trace.z[l][j])),
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
        *lines_of(general, f"Output {j}", one, numbers),
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
        curve=curve_around(trace, L, float(trace.z[L][j])),
    )  # fmt: skip


def _error_through_softmax(trace: Trace, step: str, l: int, j: int, k: int, total: Sum) -> Closeup:
    by_z = rf"\frac{{\partial {f.a(l, 'k')}}}{{\partial {f.z(l, j)}}}"
    by_a = f.dC(f.a(l, "k"), "cost")
    general = (
        rf"{f.δ(l, 'j')} = \sum_k {by_a} \frac{{\partial {f.a(l, 'k')}}}{{\partial {f.z(l, 'j')}}}"
    )
    one = rf"{f.δ(l, j)} = \sum_k {by_z} \, {by_a}"
    sum_ = in_numbers(total, "z", "cost", "delta")
    numbers = rf"{f.δ(l, j)} = {sum_} = {f.num(total.value, 'delta')}"
    slope = rf"{by_z} = {f.a(l, 'k')} \left([k = {j}] - {f.a(l, j)}\right)"
    form = f.COST[trace.network.cost.name][1].format(a=f.a(l, "k"), y="y_k")
    lines = [
        *lines_of(general, f"Neuron {j} of layer {l}", one, numbers),
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
        **table_of(total, [by_z, by_a, "=" + f.q("delta", r"\text{product}")]),
        terms_from=l,
    )  # fmt: skip


def _pair(trace: Trace, j: int) -> list[Line]:
    """δ^L = a - y, where cost and output activation are a pair."""
    cost, L = trace.network.cost, trace.L
    if cost.pair != trace.σ[L].name:
        return []
    a, y, δ = float(trace.a[L][j]), float(trace.y[j]), float(trace.δ[L][j])
    short = (
        rf"{f.δ(L, j)} = {f.a(L, j)} - y_{{{j}}} = {f.num(a, 'a', brackets=True)} - {y:g}"
        rf" = {f.num(δ, 'delta')}"
    )
    return [Line("All of which shortens to", mathml(short))]
