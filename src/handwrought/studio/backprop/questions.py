"""The classic mistakes as questions: three symptoms to choose from, one of them right.

Which one is right was measured in :mod:`handwrought.studio.backprop.mistakes`'s laboratory; the
tests measure it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handwrought.studio.backprop import formulas as f
from handwrought.studio.server.formula import mathml

__all__ = ["DEEP", "QUESTIONS", "Answer", "Question", "wrong_formula"]

DEEP = "normal-weights-in-a-deep-network"


@dataclass(frozen=True)
class Question:
    """A mistake, and what may come of it."""

    mistake: str
    title: str
    wrong: str
    """The wrong formula, as MathML; and the right one."""
    right: str
    story: str
    choices: list[str]
    switchable: bool
    """Whether the microscope can show it, step by step."""


@dataclass(frozen=True)
class Answer:
    """Which choice is right, why, and what catches the mistake."""

    index: int
    why: str
    caught: str


def wrong_formula(mistake: str, step: str, l: int | str, L: int | str) -> tuple[str, str]:
    """What the mistake writes at a step, and what is right, in LaTeX."""
    z, up = f.z(l), (l + 1 if isinstance(l, int) else "l+1")
    forward = rf"\left({f.W(up)}\right)^T {f.δ(up)}"
    prime = rf"\odot \sigma'({z})"
    if mistake == "articles-sigmoid":
        s = r"\frac{1}{1 + e^{"
        if step.startswith("a"):
            return rf"{f.a(l)} = {s} {z}}}}}", rf"{f.a(l)} = {s}-{z}}}}}"
        sums = f.dC(f.a(l), "cost") if step == "BP1" else rf"\left({forward}\right)"
        return (
            rf"{f.δ(l)} = {sums} \odot s(1 - s), \; s = {s} {z}}}}}",
            rf"{f.δ(l)} = {sums} \odot \left(-s(1 - s)\right)",
        )
    if mistake == "lost-half":
        return (
            rf"{f.δ(l)} = 2 \left({f.a(l)} - y\right) {prime}",
            rf"{f.δ(l)} = \left({f.a(l)} - y\right) {prime}",
        )
    if mistake == "missing-sigma-prime-at-output":
        by_a = f.dC(f.a(l), "cost")
        return rf"{f.δ(l)} = {by_a}", rf"{f.δ(l)} = {by_a} {prime}"
    right = rf"{f.δ(l)} = \left({forward}\right) {prime}"
    if mistake == "missing-sigma-prime-in-hidden-layers":
        return rf"{f.δ(l)} = {forward}", right
    return rf"{f.δ(l)} = \left({f.W(up)} \, {f.δ(up)}\right) {prime}", right


def _asked(mistake: str, title: str, step: str, l: str, story: str, choices: list[str]) -> Question:
    wrong, right = wrong_formula(mistake, step, l, "L")
    return Question(mistake, title, mathml(wrong), mathml(right), story, choices, True)


QUESTIONS: Final[dict[str, tuple[Question, Answer]]] = {
    question.mistake: (question, answer)
    for question, answer in (
        (
            _asked(
                "articles-sigmoid", "The article's sigmoid", "a", "l",
                "The article's code forgets the minus in the exponent, and keeps σ' = s(1 − s). "
                "What happens to the cost when it trains?",
                [
                    "Nothing: a mirrored sigmoid is as good as another.",
                    "It climbs: the output layer walks uphill.",
                    "It falls, but half as fast.",
                ],
            ),
            Answer(
                1,
                "Turned over, s falls where z rises, so its slope is −s(1 − s). With the plus, "
                "every δ at the output has the wrong sign, and the step down the gradient leads up.",
                "Backpropagation and the difference have the same size and opposite signs at the "
                "output: a relative error of 2. A layer below, the two wrong signs cancel.",
            ),
        ),
        (
            _asked(
                "missing-sigma-prime-at-output", "σ′ missing at the output", "BP1", "L",
                "BP1 without its second factor, on the quadratic cost. What will you see?",
                [
                    "The cost becomes infinite within a few steps.",
                    "Nothing is learned at all.",
                    "It learns, even faster here: nothing but a check would tell.",
                ],
            ),
            Answer(
                2,
                "σ' is at most ¼, so every error grows at least fourfold: as if the learning rate "
                "were larger, and saturated outputs are not held back. It is the right gradient of "
                "another cost, cross-entropy, and the wrong one of this cost.",
                "The gradient is several times the difference, in every layer.",
            ),
        ),
        (
            _asked(
                "missing-sigma-prime-in-hidden-layers", "σ′ missing in hidden layers", "BP2", "l",
                "BP2 without σ'(z). The output layer is right. What will you see?",
                [
                    "It learns: only the check knows that the hidden layer is wrong.",
                    "The cost climbs from the first step.",
                    "The hidden layer stops learning, its gradient is 0.",
                ],
            ),
            Answer(
                0,
                "σ' of a sigmoid is positive, so each hidden error keeps its sign and only its size "
                "is wrong: still downhill, mostly. A deeper network, or other activations, would not "
                "be so kind.",
                "The output layer passes; the hidden layer is several times too large.",
            ),
        ),
        (
            _asked(
                "transposed-weights", "W not transposed", "BP2", "l",
                "The error should run back through Wᵀ; the code uses the numbers of W in their own "
                "order. What will you see?",
                [
                    "It cannot run: the shapes never fit.",
                    "It still learns, but slower: the last layer does it alone.",
                    "The cost climbs.",
                ],
            ),
            Answer(
                1,
                "The errors reach the wrong neurons, so the hidden layer drifts without aim. The "
                "output layer learns to read whatever it becomes. With layers of equal size no "
                "shape complains.",
                "The output layer passes; the hidden layer's gradient has nothing to do with the "
                "difference.",
            ),
        ),
        (
            _asked(
                "lost-half", "The lost ½", "BP1", "L",
                "The cost is ½ Σ (a − y)², but the derivative is taken as 2(a − y). What will you "
                "see?",
                [
                    "It learns exactly as if the learning rate were twice as large.",
                    "It learns half as fast.",
                    "The output moves away from the target.",
                ],
            ),
            Answer(
                0,
                "Everything after BP1 is linear in the error, so the factor 2 goes through to every "
                "gradient and can be moved into the learning rate. The dashed line is the right "
                "network at twice the rate: the same line.",
                "Every gradient is twice the difference: a relative error of 1 everywhere.",
            ),
        ),
        (
            Question(
                DEEP, "N(0, 1) weights in a deep network",
                mathml(rf"{f.W('l')} \sim N(0, 1)"),
                mathml(rf"{f.W('l')} \sim N\left(0, \frac{{1}}{{n_{{l-1}}}}\right)"),
                "All equations are right. The weights of four hidden tanh layers begin as the "
                "article's do, N(0, 1). What is wrong from the first step?",
                [
                    "The gradient check fails in the lowest layers.",
                    "Nothing: learning will find good weights from anywhere.",
                    "Most neurons are saturated, and the cost begins several times too high.",
                ],
                False,
            ),
            Answer(
                2,
                "A sum of n such weights has a spread of √n, so z is far out where tanh is flat, and "
                "the outputs are sure of themselves and wrong. Divided by √n the spread is 1.",
                "The gradient check passes, since the gradient is right. What catches this mistake "
                "is the share of saturated neurons.",
            ),
        ),
    )
}  # fmt: skip
