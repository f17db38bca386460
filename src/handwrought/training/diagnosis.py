"""What goes wrong in a training, named from what was measured, by the rules below.

Every rule looks at numbers that were measured (:class:`~handwrought.training.metrics.Point`), and
says which; each names a mend, as settings that may change while the training runs, or else a training
begun anew with them.  The command line and the studio tell the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from handwrought.training.config import TrainingConfig
from handwrought.training.metrics import SAMPLE, Point

__all__ = ["Finding", "Mend", "diagnose"]

RISEN = 1.5
"""Too high: the training cost, mean of the last points, is so many times its lowest."""
HARDLY = 0.95
"""Too low: after ``STEPS`` steps, the cost is still above this share of the first."""
STEPS = 300
SATURATED = 0.6
UNREAD = 0.9
"""Saturation: more than a share SATURATED of a layer's (neuron, image) pairs have hardly a slope,
while less than UNREAD of the training images are read right: a network that reads them right may
be sure of itself."""
DEAD = 0.2
"""Dead units: more than this share of a layer's neurons have no slope for any image."""
OVERFITTED = 1.05
"""Overfitting: the validation cost is so many times its lowest, of ``PATIENCE`` points ago or more,
while the training cost has fallen since."""
PATIENCE = 3
SOON = 100
"""Guessing: after so many steps, a network that reads no more than that is told so."""
_WINDOW = 5


@dataclass(frozen=True)
class Mend:
    """What may help: ``changes`` are settings; ``anew`` where a new training must begin."""

    label: str
    changes: dict[str, Any]
    anew: bool


@dataclass(frozen=True)
class Finding:
    """Something that goes wrong: ``name`` of its rule, and a sentence with the numbers."""

    name: str
    title: str
    sentence: str
    mends: list[Mend]


def diagnose(
    config: TrainingConfig, points: Sequence[Point], diverged: str = "", *, taught: bool = False
) -> list[Finding]:
    """What goes wrong with a training that was measured so, the gravest first; none where all is well.

    Parameters
    ----------
    config : TrainingConfig
        Its settings now.
    points : sequence of Point
        What was measured, in order.
    diverged : str
        What :class:`~handwrought.errors.TrainingDiverged` said, if it did.
    taught : bool
        Whether the network could read before.
    """
    if diverged:
        return [
            Finding(
                "rate-too-high",
                "The learning rate is too high",
                f"The cost became infinite at a learning rate of {_rate(config):g}; the network is "
                f"back at its last good weights.",
                [_times(config, 0.1)],
            )
        ]
    if not points:
        return []
    rules = [_too_high, _dead, _saturated, _too_low, _overfitted, _guessing]
    if taught:  # a network that reads well, whatever some of its neurons do
        rules = [_too_high, _overfitted]
    found = [finding for rule in rules if (finding := rule(config, points))]
    # Where neurons have no slope, the cost stands still for that reason, not for a small rate.
    grave = {"dead", "saturated"} & {finding.name for finding in found}
    return [f for f in found if not (f.name == "rate-too-low" and grave)]


def _mean(points: Sequence[Point]) -> float:
    return sum(point.train_cost for point in points) / len(points)


def _guessing(config: TrainingConfig, points: Sequence[Point]) -> Finding | None:
    last = points[-1]
    layers = last.layers[:-1]
    stuck = any(layer.saturated > SATURATED or layer.dead > DEAD for layer in layers)
    if not last.guess or last.step < (1 if stuck else SOON):
        return None
    # By chance it may read some more than guessing does.
    by_chance = 2 * sqrt(last.guess * (1 - last.guess) / SAMPLE)
    if last.train_accuracy > last.guess + by_chance:
        return None
    return Finding(
        "guessing",
        "It reads no better than guessing",
        f"After {last.step:,} steps it reads {last.train_accuracy:.1%} of the training images right, "
        f"and {last.guess:.1%} of them are of one class.",
        [] if 0.03 < _rate(config) / _usual_rate(config) < 3 else [_anew_at_the_usual(config)],
    )


def _too_high(config: TrainingConfig, points: Sequence[Point]) -> Finding | None:
    # Too early there is too little to tell a wave from a flood.
    since = [point for point in points if point.rate]
    if len(since) < 2 * _WINDOW or since[-1].step < 30:
        return None
    means = [_mean(since[i : i + _WINDOW]) for i in range(len(since) - _WINDOW + 1)]
    lowest, last = min(means), means[-1]
    first = points[0].train_cost
    if last <= RISEN * lowest or last <= 0.02 * first:
        return None
    return Finding(
        "rate-too-high",
        "The learning rate is too high",
        f"The cost on training images has risen to {last:.3g}, from {lowest:.3g} at its lowest: "
        f"each step of η = {_rate(config):g} overshoots.",
        [_times(config, 0.3)],
    )


def _too_low(config: TrainingConfig, points: Sequence[Point]) -> Finding | None:
    first, last = points[0], points[-1]
    if first.step or last.step < STEPS or last.train_cost <= HARDLY * first.train_cost:
        return None
    if last.train_cost > first.train_cost:
        return None
    return Finding(
        "rate-too-low",
        "The learning rate is too low",
        f"After {last.step:,} steps the cost on training images is {last.train_cost:.3g}, hardly "
        f"below the {first.train_cost:.3g} that it began with.",
        [_times(config, 10)],
    )


def _saturated(config: TrainingConfig, points: Sequence[Point]) -> Finding | None:
    layers = points[-1].layers[:-1]
    worst = max(layers, key=lambda layer: layer.saturated, default=None)
    if worst is None or worst.saturated <= SATURATED or points[-1].train_accuracy >= UNREAD:
        return None
    mends = [_times(config, 0.3)] if points[-1].step else []
    if config.initializer == "normal":
        mends = [
            Mend("Begin anew with scaled first weights", {"initializer": "lecun_normal"}, True)
        ]
    elif config.activation in ("sigmoid", "tanh"):
        mends.append(
            Mend("Begin anew with relu", {"activation": "relu", "initializer": None}, True)
        )
    return Finding(
        "saturated",
        "Neurons are saturated",
        f"In layer {worst.number}, {worst.saturated:.0%} of the activations lie where "
        f"{config.activation} is flat: hardly any gradient comes through, so they learn slowly.",
        mends,
    )


def _dead(config: TrainingConfig, points: Sequence[Point]) -> Finding | None:
    layers = points[-1].layers[:-1]
    worst = max(layers, key=lambda layer: layer.dead, default=None)
    if worst is None or worst.dead <= DEAD or config.activation in ("sigmoid", "tanh"):
        return None
    mends = [Mend("Begin anew with leaky-relu", {"activation": "leaky-relu"}, True)]
    if points[-1].step:
        lower = _times(config, 0.3)
        mends.append(Mend(f"{lower.label}, anew", lower.changes, True))
    return Finding(
        "dead",
        "Neurons are dead",
        f"In layer {worst.number}, {worst.dead:.0%} of the neurons have no slope for any image "
        f"looked at: no gradient reaches them, so they cannot come back.",
        mends,
    )


def _overfitted(config: TrainingConfig, points: Sequence[Point]) -> Finding | None:
    measured = [point for point in points if point.validation_cost is not None]
    if len(measured) < PATIENCE + 1 or measured[-1].epoch < 1:
        return None
    costs = [point.validation_cost or 0.0 for point in measured]
    best = costs.index(min(costs))
    since = measured[best:]
    if len(since) <= PATIENCE or min(costs[-PATIENCE:]) <= OVERFITTED * costs[best]:
        return None
    if since[-1].train_cost >= since[0].train_cost:
        return None
    return Finding(
        "overfitting",
        "It learns the training images by heart",
        f"Since epoch {since[0].epoch:.1f} the cost on validation images has risen from "
        f"{costs[best]:.3g} to {costs[-1]:.3g}, while on training images it fell from "
        f"{since[0].train_cost:.3g} to {since[-1].train_cost:.3g}.",
        _against_overfitting(config),
    )


def _against_overfitting(config: TrainingConfig) -> list[Mend]:
    from handwrought.data.augmentation import Augmentation

    mends = []
    if config.augmentation in (None, Augmentation()):
        mild = asdict(Augmentation(shift=1, rotation=10, scale=0.1))
        mends.append(Mend("Change the images anew each time", {"augmentation": mild}, False))
    decay = 10 * config.weight_decay if config.weight_decay else 1e-4
    if decay <= 0.1:
        mends.append(Mend(f"Weight decay {decay:g}", {"weight_decay": decay}, False))
    return mends


def _times(config: TrainingConfig, times: float) -> Mend:
    rate = float(f"{_rate(config) * times:.1g}")
    if _rate(config) > 1e5 * _usual_rate(config) and times < 1:  # a third of it would be as wild
        return _anew_at_the_usual(config)
    return Mend(f"Learning rate {rate:g}", {"learning_rate": rate}, False)


def _anew_at_the_usual(config: TrainingConfig) -> Mend:
    rate = _usual_rate(config)
    return Mend(f"Begin anew at learning rate {rate:g}", {"learning_rate": rate}, True)


def _rate(config: TrainingConfig) -> float:
    return _usual_rate(config) if config.learning_rate is None else config.learning_rate


def _usual_rate(config: TrainingConfig) -> float:
    from handwrought.training.optimizers import default_learning_rate

    return default_learning_rate(config.optimizer, config.cost)
