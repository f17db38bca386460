"""The gradient and the update, close up: BP3, BP4 and one step of descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handwrought.studio.backprop import formulas as f
from handwrought.studio.backprop.closeup import (
    Closeup,
    Line,
    Panel,
    floats,
    lines_of,
)
from handwrought.studio.server.formula import mathml
from handwrought.studio.server.input_names import place

if TYPE_CHECKING:
    from handwrought.nn.equations import Trace

__all__ = ["bias_gradient", "update", "weight_gradient"]


def bias_gradient(trace: Trace, l: int, j: int, k: int) -> Closeup:
    """BP3 for neuron j of layer l."""
    value = trace.sum_for_dC_db(l, j).value
    general = rf"{f.dC(f.b(l))} = {f.δ(l)}"
    one = rf"{f.dC(f.b(l, j))} = {f.δ(l, j)}"
    return Closeup(
        "BP3", l, j, k,
        "A bias adds straight to z, so the cost changes with it just as it changes with z.",
        lines_of(general, f"Neuron {j} of layer {l}", one, f"{one} = {f.num(value, 'grad')}"),
        value, "grad",
        panels=[Panel("errors of this layer", "delta", l, floats(trace.δ[l]))],
    )  # fmt: skip


def weight_gradient(trace: Trace, l: int, j: int, k: int) -> Closeup:
    """BP4 for the weight from neuron k to neuron j of layer l."""
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
        lines_of(general, _weight(trace, l, j, k), one, numbers),
        total.value, "grad",
        panels=[
            Panel("activations below", "a", l - 1, floats(trace.a[l - 1])),
            Panel(f"gradient of neuron {j}'s weights", "grad", l - 1, floats(trace.dC_dw[l][j])),
        ],
    )  # fmt: skip


def update(trace: Trace, l: int, j: int, k: int, η: float) -> Closeup:
    """One step of gradient descent for that weight, and for its neuron's bias."""
    gradient, before = float(trace.dC_dw[l][j, k]), float(trace.W[l][j, k])
    bias, of_bias = float(trace.b[l][j]), float(trace.dC_db[l][j])
    # As nn.equations.update has it; one number does not need the whole network moved.
    after, bias_after = before - η * gradient, bias - η * of_bias
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
        rf"{f.num(of_bias, 'grad', brackets=True)} = {f.num(bias_after, 'b')}"
    )
    return Closeup(
        "update", l, j, k,
        "Every weight and bias takes a small step against its gradient, and the cost falls.",
        [
            *lines_of(general, _weight(trace, l, j, k), one, numbers),
            Line("Its neuron's bias", mathml(bias_line)),
        ],
        after, "w",
        panels=[
            Panel("weights before", "w", l - 1, floats(trace.W[l][j])),
            Panel("gradient", "grad", l - 1, floats(trace.dC_dw[l][j])),
            Panel("weights after", "w", l - 1, floats(trace.W[l][j] - η * trace.dC_dw[l][j])),
        ],
    )  # fmt: skip


def _weight(trace: Trace, l: int, j: int, k: int) -> str:
    below = place(k, len(trace.x)) if l == 2 else f"neuron {k}"
    return f"The weight from {below} to neuron {j}"
