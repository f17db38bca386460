"""The Playground: networks small enough to see whole, trained by the library in small steps.

The steps are those of :func:`handwrought.train`: the same order of the examples, the same
:class:`~handwrought.training.step.Step`, in float64, so that an epoch here leaves the numbers that
an epoch there leaves.
"""

from __future__ import annotations

import struct
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.toys import toy_named
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.nn.layers import dense_layers
from handwrought.nn.network import Network
from handwrought.studio.playground.grids import COARSE, FINE, LINE, Views
from handwrought.studio.playground.points import Points
from handwrought.studio.playground.settings import (
    LIVE,
    MOST_BATCH,
    Did,
    Settings,
    added,
    changed,
    read_did,
    write_did,
)
from handwrought.studio.server.cache import Cache
from handwrought.training.optimizers import make_optimizer
from handwrought.training.step import Step

if TYPE_CHECKING:
    from handwrought.studio.server.studio import Studio

__all__ = ["FRAME", "Costs", "Playground", "Playgrounds"]

Array = NDArray[Any]

FRAME = struct.Struct("<8I4d")
"""A frame's header; see :meth:`Playground.frame`."""
_MOST = 1000.0
"""A weight's size, at most, where it is set by hand."""
_TOO_FAR = 1e6
"""A weight's size at which learning stops."""
_CURVE = 400
"""Points of the cost's course; where there would be more, every other one goes."""
_NONE = 2**32 - 1


@dataclass(frozen=True)
class Costs:
    """How well the network does; NaN where there is nothing to measure.

    Attributes
    ----------
    training, held : float
        Mean cost of the training points and of those held out, without regularization.
    training_accuracy, held_accuracy : float
        Share of the points on the right side of 1/2, where there are classes.
    """

    training: float
    held: float
    training_accuracy: float
    held_accuracy: float


class Playground:
    """One network, its points, and what was done with it.

    Parameters
    ----------
    settings : Settings
    did : str
        What to do at once, as :func:`~handwrought.studio.playground.settings.read_did` reads it.

    Raises
    ------
    InvalidArgument
        If ``did`` does not fit the network.
    """

    def __init__(self, settings: Settings, did: str = "") -> None:
        self.lock = threading.RLock()
        todo = read_did(did)
        self.start = self.settings = settings
        self.toy = toy = toy_named(settings.data)
        self.points = Points(toy, settings)
        self.network = Network(
            [toy.n_inputs, *settings.hidden, 1],
            settings.activation,
            "cross-entropy" if toy.classes else "quadratic",
            seed=settings.seed,
            dtype="float64",
            output_activation="sigmoid" if toy.classes else "identity",
        )
        self.step = Step(
            self.network,
            make_optimizer(settings.optimizer, self.network.parameters, settings.l2),
            [0.0] * len(self.network.layers),
            MOST_BATCH,
            backprop_fraction=1.0,
            l1=settings.l1,
            clip_norm=None,
        )
        self.steps = 0
        self.done: list[Did] = []
        """What was done since the start."""
        self._views = Views(self.network, toy.domain, self.points.most)
        self._every = 1
        self._course: list[tuple[float, float, float]] = []
        self._note()
        for each in todo:
            self.apply(each)

    # --- what can be done --------------------------------------------------------------------------

    def apply(self, did: Did) -> None:
        """Do one thing.

        Raises
        ------
        InvalidArgument
            If it does not fit the network or lies out of range.
        TrainingDiverged
            If the weights grew beyond all bounds; that step is taken back.
        """
        with self.lock:
            if did.kind in ("e", "b"):
                for _ in range(int(did.value)):
                    self._learn(1 if did.kind == "e" else self.settings.batch)
                    added(self.done, Did(did.kind, 1))
            elif did.kind == "w":
                self._set(did.at, did.value)
            elif did.kind == "p":
                self.points.add(tuple(each / 100 for each in did.at), did.value)
                added(self.done, did)
            elif did.kind == "x":
                self.points.remove(int(did.value))
                added(self.done, did)
            else:
                self._change(did.kind, did.value)

    def finish_epoch(self) -> None:
        """Batches until the epoch's last example."""
        with self.lock:
            epoch = self.points.epoch
            while self.points.epoch == epoch:
                self.apply(Did("b", 1))

    def learn_for(self, seconds: float, batches: int | None) -> None:
        """As many batches, or whole epochs where None, as asked or as there is time for."""
        with self.lock:
            end = time.perf_counter() + seconds
            todo = batches or -(-len(self.points) // self.settings.batch)
            for _ in range(todo):
                self.apply(Did("b", 1))
                if time.perf_counter() > end:
                    break

    def _learn(self, most: int) -> None:
        """A step on the next examples of the epoch, at most so many."""
        chosen = self.points.next(most)
        good = self.network.parameters.vector.copy()
        with np.errstate(all="ignore"):
            x, y = self.points.x[chosen], self.points.y[chosen]
            cost = self.step(x, y, self.settings.rate, _NO_DROPOUT)
        if not (np.isfinite(cost) and np.abs(self.network.parameters.vector).max() < _TOO_FAR):
            np.copyto(self.network.parameters.vector, good)
            raise TrainingDiverged(
                f"The weights grew beyond all bounds: the learning rate ({self.settings.rate:g}) is "
                f"too high. Lower it, and reset.",
                epoch=self.points.epoch,
                batch=self.steps,
            )
        self.steps += 1
        self.points.learnt(chosen)
        if self.steps % self._every == 0:
            self._note()

    def _set(self, at: tuple[int, ...], value: float) -> None:
        layers = dense_layers(self.network.layers)
        layer = layers[at[0] - 2] if 2 <= at[0] <= len(layers) + 1 else None
        array = None if layer is None else (layer.weights if len(at) == 3 else layer.biases)
        if array is None or any(i >= n for i, n in zip(at[1:], array.shape, strict=True)):
            raise InvalidArgument(
                f"there is no {'weight' if len(at) == 3 else 'bias'} {'.'.join(map(str, at))} "
                f"in a network of {self.network.architecture}"
            )
        if not abs(value) <= _MOST:
            raise InvalidArgument(
                f"value is {value:g}: set weights and biases from {-_MOST:g} to {_MOST:g}"
            )
        array[at[1:]] = value
        added(self.done, Did("w", value, at))

    def _change(self, name: str, value: float) -> None:
        if name not in LIVE:
            raise InvalidArgument(f"{name} cannot change while the network learns")
        self.settings = changed(self.settings, name, value)
        self.step.l1 = self.settings.l1
        self.step.optimizer.weight_decay = self.settings.l2
        added(self.done, Did(name, value))

    def link(self) -> dict[str, Any]:
        """What a link has to hold: where things started, and what was done since.

        ``did`` is None where a link cannot hold it; then it starts with the settings of now.
        """
        with self.lock:
            did = write_did(self.done)
            start = self.settings if did is None else self.start
            return {"start": start, "did": did, "settings": self.settings}

    # --- what can be seen ------------------------------------------------------------------------------

    def costs(self) -> Costs:
        """As things are now."""
        with self.lock:
            training, accuracy = self._cost(self.points.x, self.points.y)
            held, held_accuracy = self._cost(self.points.held_x, self.points.held_y)
            return Costs(training, held, accuracy, held_accuracy)

    def _cost(self, x: Array, y: Array) -> tuple[float, float]:
        if not len(x):
            return float("nan"), float("nan")
        states = self._views.points.rows(len(x))
        a = self.network.forward(x, states)
        cost = float(self.network.batch_costs(states, y).mean())
        right = float(((a > 0.5) == (y > 0.5)).mean()) if self.toy.classes else float("nan")
        return cost, right

    def _note(self) -> None:
        """Add the costs of now to their course, thinned so that it never grows long."""
        costs = self.costs()
        self._course.append((self.steps, costs.training, costs.held))
        if len(self._course) >= _CURVE:
            del self._course[1::2]
            self._every *= 2

    def frame(self, state: int, running: bool) -> bytes:
        """All that changes, as bytes, little-endian.

        * 8 uint32: the ``state`` given; running (0 or 1); epoch, from 1; examples of it seen;
          steps; P parameters; C points of the costs' course; the last example learnt from
          alone (2³² - 1 where there is none);
        * 4 float64: training and held-out cost, training and held-out accuracy (NaN: none);
        * P float64: the parameters, all weights layer by layer (row j of a layer's matrix leads
          to its neuron j), then all biases;
        * 3 C float32: steps, training cost, held-out cost, point by point;
        * the output on the grid, float32: 64 rows of 64, the uppermost first, or a curve's 200;
        * each hidden neuron on the grid, float32: 32 rows of 32, or 200, layer by layer.
        """
        with self.lock:
            costs = self.costs()
            course = [*self._course]
            if course[-1][0] != self.steps:
                course.append((self.steps, costs.training, costs.held))
            elif course[-1][1] != costs.training:  # a weight was set by hand
                course[-1] = (self.steps, costs.training, costs.held)
            parameters = self.network.parameters.vector
            points = self.points
            last = int(points.last[0]) if len(points.last) == 1 else _NONE
            counts = (points.epoch, points.seen, self.steps, len(parameters), len(course), last)
            header = FRAME.pack(
                *(state, int(running), *counts, costs.training, costs.held),
                *(costs.training_accuracy, costs.held_accuracy),
            )
            output, neurons = self._views.look(self.network)
            parts = [np.asarray(course, "<f4"), output.astype("<f4")]
            parts += [each.astype("<f4") for each in neurons]
            return b"".join(
                [header, parameters.astype("<f8").tobytes(), *(p.tobytes() for p in parts)]
            )

    def shown_points(self) -> dict[str, Any]:
        """All points, the training points first; how many were put in or taken out by hand."""
        with self.lock:
            points = self.points
            return {
                "x": np.concatenate([points.x, points.held_x]),
                "y": np.concatenate([points.y, points.held_y]),
                "training": len(points),
                "own": len(self.edits(self.start)),
            }

    def edits(self, settings: Settings) -> list[Did]:
        """The points put in and taken out by hand, as far as they make sense with other settings."""
        with self.lock:
            kinds = {"p": settings.data == self.start.data, "x": _same_points(settings, self.start)}
            return [each for each in self.done if kinds.get(each.kind)]

    def about(self) -> dict[str, Any]:
        """All that stays until it is made anew: for the page."""
        return {
            "settings": self.settings,
            "sizes": self.network.sizes,
            "classes": self.toy.classes,
            "domain": self.toy.domain,
            "output": self.network.activations[-1].name,
            **self.shown_points(),
            "fine": FINE if self.toy.n_inputs == 2 else LINE,
            "coarse": COARSE if self.toy.n_inputs == 2 else LINE,
        }


def _same_points(one: Settings, other: Settings) -> bool:
    """Whether both begin with the same points, so that numbers mean the same."""
    names = ("data", "points", "noise", "held", "seed")
    return all(getattr(one, name) == getattr(other, name) for name in names)


_NO_DROPOUT = np.random.default_rng(0)
"""Asked for by a step, and never drawn from: no layer here leaves neurons out."""


class Playgrounds:
    """The playgrounds of all tabs: one each, the longest unused forgotten first."""

    MOST = 32

    def __init__(self, studio: Studio) -> None:
        self._open: Cache[str, Playground] = Cache(self.MOST)

    def open(
        self, tab: str, settings: Settings, did: str, again: bool, points: bool = False
    ) -> Playground:
        """A tab's playground: the one it had if it comes back ``again``, else a new one.

        ``points``: with the points that the tab has put in and taken out by hand.
        """
        kept = self._open.get(tab) if again or points else None
        found = kept if again and kept else Playground(settings, did)
        if kept and found is not kept:
            for each in kept.edits(settings):
                found.apply(each)
        return self._open.put(tab, found)

    def close(self) -> None:
        """Forget them all."""
        self._open.clear()
