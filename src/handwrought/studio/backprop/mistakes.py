"""Break it: the classic mistakes, what to predict of each, what it does, and how it is caught.

The laboratory is small and always the same, so that every answer below can be, and is, tested:
784-30-10 with sigmoids and the quadratic cost on 100 digits, 60 steps of 10 digits each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from handwrought.errors import InvalidArgument
from handwrought.nn.equations import (
    BP1,
    BP2,
    Equations,
    Trace,
    backpropagate,
    follow,
    gradient_by_equations,
)  # fmt: skip
from handwrought.nn.faults import FAULTS
from handwrought.nn.gradient_check import STEPS, check_gradients, derivative_at
from handwrought.nn.network import Network
from handwrought.studio.backprop import formulas as f
from handwrought.studio.backprop.closeup import Line
from handwrought.studio.backprop.questions import DEEP, QUESTIONS, Question, wrong_formula
from handwrought.studio.server.formula import mathml

if TYPE_CHECKING:
    from handwrought.data.dataset import Split
    from handwrought.studio.backprop.closeup import Closeup

__all__ = ["Broken", "Checked", "Curve", "LayerState", "broken", "cost_at", "equations_for",
           "numeric_derivative", "questions", "with_mistake"]  # fmt: skip

_VALUE = Equations().value
_IMAGES, _BATCH, _STEPS, _EVERY = 100, 10, 60, 4
_RATE, _DEEP_RATE = 1.5, 0.1
_COMPARED = 40
_SATURATED = 0.05
"""Share of its largest slope below which a neuron counts as saturated."""


# --- the microscope with a mistake switched on ------------------------------------------------------


def equations_for(mistake: str | None, network: Network) -> Equations | None:
    """The equations with a mistake in them.

    Raises
    ------
    InvalidArgument
        If there is no such mistake, or this network cannot show it.
    """
    if mistake is None:
        return None
    if mistake not in FAULTS:
        raise InvalidArgument(f"mistake {mistake[:40]!r} is unknown: use {', '.join(FAULTS)}")
    plain = network.cost.name == "quadratic"
    sigmoid = all(σ.name == "sigmoid" for σ in network.activations)
    if mistake == "articles-sigmoid" and not (plain and sigmoid):
        raise InvalidArgument(
            "the article's sigmoid needs sigmoids and the quadratic cost: choose the small network"
        )
    if mistake in ("lost-half", "missing-sigma-prime-at-output") and not plain:
        raise InvalidArgument(
            "this mistake belongs to the quadratic cost: choose the small network"
        )
    return FAULTS[mistake].equations


def cost_at(trace: Trace, l: int, j: int, k: int | None, by: float) -> float:
    """The cost with one weight (or with k left out, one bias) moved by so much."""
    parameters = trace.network.parameters.copy()
    share = parameters[l - 2]
    if k is None:
        share.biases[j] += by
    else:
        share.weights[j, k] += by
    moved = trace.network.with_parameters(parameters)
    if trace.equations.value is not _VALUE:
        return follow(moved, trace.x, trace.y, trace.equations).C
    return float(moved.costs(trace.x[np.newaxis], trace.y[np.newaxis])[0])


def numeric_derivative(trace: Trace, l: int, j: int, k: int | None) -> float:
    """∂C/∂w or ∂C/∂b by a central difference: of the cost as the trace's own feedforward has it."""
    if trace.equations.value is _VALUE:
        x, y = trace.x[np.newaxis], trace.y[np.newaxis]
        return derivative_at(trace.network, x, y, l - 2, j, k)
    h = STEPS["central"]
    return (cost_at(trace, l, j, k, h) - cost_at(trace, l, j, k, -h)) / (2 * h)


def with_mistake(found: Closeup, trace: Trace, mistake: str) -> Closeup:
    """A close-up of the wrong equation: what it says, what it gives, and what would be right."""
    right = _right_value(found, trace, mistake)
    if right is None:
        return found
    l, j = found.layer, found.neuron
    symbol = f.a(l, j) if found.quantity == "a" else f.δ(l, j)
    formula, correct = wrong_formula(mistake, found.step, l, trace.L)
    return replace(
        found,
        says="A mistake is switched on, and this is the place where it sits.",
        lines=[
            Line("The mistake", mathml(formula)),
            Line("It gives", mathml(f"{symbol} = {f.num(found.value, found.quantity)}")),
            Line("Right is", mathml(correct)),
            Line("which gives", mathml(f"{symbol} = {f.num(right, found.quantity)}")),
        ],
        terms=[],
        columns=[],
        rest_count=0,
        factor=None,
    )


def _right_value(found: Closeup, trace: Trace, mistake: str) -> float | None:
    """What the step should give, from the same numbers; None where the mistake is elsewhere."""
    l, j, step = found.layer, found.neuron, found.step
    if mistake == "articles-sigmoid":
        if step == f"a{l}":
            return float(trace.σ[l].value(trace.z[l])[j])
        # s = σ(-z) falls where σ rises, so the derivative of what was computed is -σ'(z).
        return -found.value if step in ("BP1", f"BP2-{l}") else None
    if step == "BP1" and mistake in ("lost-half", "missing-sigma-prime-at-output"):
        dC_da = trace.network.cost.gradient(trace.a[l], trace.y)
        return float(BP1(dC_da, trace.σ[l], trace.z[l])[j])
    hidden = ("missing-sigma-prime-in-hidden-layers", "transposed-weights")
    if step == f"BP2-{l}" and mistake in hidden:
        return float(BP2(trace.W[l + 1], trace.δ[l + 1], trace.σ[l], trace.z[l])[j])
    return None


# --- the laboratory ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """The check of one array: relative errors, and one entry in both ways."""

    array: str
    wrong_error: float
    right_error: float
    analytic: float
    numeric: float


@dataclass(frozen=True)
class Curve:
    """Mean cost and share read right of the digits, after each of ``steps``."""

    steps: list[int]
    costs: list[float]
    accuracies: list[float]


@dataclass(frozen=True)
class LayerState:
    """A layer of the deep network as it begins: shares of saturated neurons, ‖δ‖, both ways."""

    layer: int
    wrong_saturated: float
    right_saturated: float
    wrong_error: float
    right_error: float


@dataclass(frozen=True)
class Broken:
    """What a mistake does."""

    mistake: str
    answer: int
    """Which choice was right."""
    why: str
    caught: str
    laboratory: str
    checks: list[Checked]
    layers: list[LayerState]
    wrong: Curve
    right: Curve
    twice: Curve | None
    """For the lost ½: the right equations at twice the learning rate."""


def questions() -> list[Question]:
    """The mistakes, each with three symptoms to choose from."""
    return [question for question, _ in QUESTIONS.values()]


def broken(mistake: str, digits: Split) -> Broken:
    """Work out what a mistake does, on the first of these digits.

    Raises
    ------
    InvalidArgument
        If there is no such mistake.
    """
    if mistake not in QUESTIONS:
        raise InvalidArgument(f"mistake {mistake[:40]!r} is unknown: use {', '.join(QUESTIONS)}")
    x = digits.inputs(slice(_IMAGES), np.float64)
    y = digits.labels[:_IMAGES]
    _, answer = QUESTIONS[mistake]
    if mistake == DEEP:
        wrong, right = _deep("normal"), _deep("lecun_normal")
        checks = _checks(wrong, Equations(), x[:3], y[:3], against=right)
        layers = _states(wrong, right, x, y)
        curves = [_learn(each, None, x, y, _DEEP_RATE) for each in (wrong, right)]
        network, rate = "784-60-60-60-60-10 with tanh and softmax", _DEEP_RATE
    else:
        equations = FAULTS[mistake].equations
        checks = _checks(_shallow(), equations, x[:3], y[:3])
        layers = []
        curves = [_learn(_shallow(), each, x, y, _RATE) for each in (equations, None)]
        network, rate = "784-30-10 with sigmoids and the quadratic cost", _RATE
    return Broken(
        mistake=mistake,
        answer=answer.index,
        why=answer.why,
        caught=answer.caught,
        laboratory=f"{network}, {_STEPS} steps of {_BATCH} digits at learning rate {rate:g}",
        checks=checks,
        layers=layers,
        wrong=curves[0],
        right=curves[1],
        twice=_learn(_shallow(), None, x, y, 2 * _RATE) if mistake == "lost-half" else None,
    )


def _shallow() -> Network:
    return Network([784, 30, 10], seed=1, dtype="float64")


def _deep(initializer: str) -> Network:
    sizes = [784, 60, 60, 60, 60, 10]
    return Network(sizes, "tanh", "softmax", seed=1, dtype="float64", initializer=initializer)


def _checks(
    network: Network, equations: Equations, x: Any, y: Any, against: Network | None = None
) -> list[Checked]:
    """For each array, the wrong and the right gradient against numeric ones."""
    if equations.value is not _VALUE:
        return _checks_of_feedforward(network, equations, x[0], int(y[0]))
    check = partial(check_gradients, max_per_array=_COMPARED)
    wrong = check(
        network, x, y,
        backpropagate=lambda net, x, y: gradient_by_equations(net, x, y, equations),
    )  # fmt: skip
    right = check(against or network, x, y)
    found = []
    for one, other in zip(wrong.arrays, right.arrays, strict=True):
        largest = int(np.abs(one.numeric).argmax())
        found.append(
            Checked(
                _called(one.name),
                one.relative_error,
                other.relative_error,
                float(one.analytic[largest]),
                float(one.numeric[largest]),
            )
        )
    return found


def _checks_of_feedforward(network: Network, equations: Equations, x: Any, y: int) -> list[Checked]:
    """Where the feedforward itself is wrong, the difference is taken of what it computes."""
    wrong, right = follow(network, x, y, equations), follow(network, x, y)
    found = []
    for l in range(2, wrong.L + 1):
        for weights in (True, False):
            errors, sample = [], (0.0, 0.0)
            for trace in (wrong, right):
                analytic, numeric = _compared(trace, l, weights)
                distance = np.linalg.norm(analytic - numeric)
                errors.append(float(distance / np.linalg.norm(numeric)))
                if trace is wrong:
                    at = int(np.abs(numeric).argmax())
                    sample = float(analytic[at]), float(numeric[at])
            name = f"layers[{l - 2}].{'weights' if weights else 'biases'}"
            found.append(Checked(_called(name), errors[0], errors[1], *sample))
    return found


def _compared(trace: Trace, l: int, weights: bool) -> tuple[Any, Any]:
    gradient = trace.dC_dw[l] if weights else trace.dC_db[l]
    largest = np.argsort(-np.abs(gradient), axis=None)[:_COMPARED]
    at = np.unravel_index(largest, gradient.shape)
    numeric = [
        numeric_derivative(trace, l, int(index[0]), int(index[1]) if weights else None)
        for index in zip(*at, strict=True)
    ]
    return gradient[at], np.array(numeric)


def _called(name: str) -> str:
    layer = int(name[len("layers[") : name.index("]")]) + 2
    return f"{'weights' if name.endswith('weights') else 'biases'} of layer {layer}"


def _states(wrong: Network, right: Network, x: Any, y: Any) -> list[LayerState]:
    pairs = []
    for network in (wrong, right):
        traces = backpropagate(network, x, y)
        rows = []
        for l in range(2, traces[0].L):
            steepest = traces[0].σ[l].derivative(np.zeros(1))[0]
            saturated = np.mean([t.σ_prime[l] < _SATURATED * steepest for t in traces])
            rows.append(
                (float(saturated), float(np.mean([np.linalg.norm(t.δ[l]) for t in traces])))
            )
        pairs.append(rows)
    return [
        LayerState(l, a[0], b[0], a[1], b[1])
        for l, (a, b) in enumerate(zip(*pairs, strict=True), start=2)
    ]


def _learn(network: Network, equations: Equations | None, x: Any, y: Any, η: float) -> Curve:
    at, costs, accuracies = [], [], []
    for step in range(_STEPS + 1):
        if step % _EVERY == 0:
            traces = backpropagate(network, x, y, equations)
            at.append(step)
            costs.append(float(np.mean([t.C for t in traces])))
            right = [t.a[t.L].argmax() == label for t, label in zip(traces, y, strict=True)]
            accuracies.append(float(np.mean(right)))
        rows = slice(_BATCH * step % len(x), _BATCH * step % len(x) + _BATCH)
        gradient = gradient_by_equations(network, x[rows], y[rows], equations)
        network.parameters.vector[:] -= η * gradient.vector
    return Curve(at, costs, accuracies)
