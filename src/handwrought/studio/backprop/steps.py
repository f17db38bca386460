"""The algorithm's steps, in their order, and which close-up each of them has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handwrought.errors import InvalidArgument
from handwrought.studio.backprop.backward import error
from handwrought.studio.backprop.closeup import Closeup
from handwrought.studio.backprop.forward import activation, cost_of, input_, weighted_input
from handwrought.studio.backprop.gradient import bias_gradient, update, weight_gradient

if TYPE_CHECKING:
    from handwrought.nn.equations import Trace

__all__ = ["Step", "close_up", "steps"]

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
        return input_(trace, k)
    l = known[step].layer or l
    trace._check(l, j, k)
    if step == f"z{l}":
        return weighted_input(trace, l, j, k)
    if step == f"a{l}":
        return activation(trace, l, j, k)
    if step == "cost":
        return cost_of(trace, j, k)
    if step in ("BP1", f"BP2-{l}"):
        return error(trace, step, l, j, k)
    if step == "BP3":
        return bias_gradient(trace, l, j, k)
    if step == "BP4":
        return weight_gradient(trace, l, j, k)
    return update(trace, l, j, k, η)
