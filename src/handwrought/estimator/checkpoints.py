"""Where a fit stands, kept in a file after each iteration, so that a killed one goes on."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from handwrought.data.digests import digest_of_arrays
from handwrought.errors import InvalidArgument
from handwrought.estimator.examples import Examples
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.storage.versions import otherwise, surroundings
from handwrought.training.state import TrainingState

__all__ = ["Checkpoint"]

_ASIDE = frozenset(("callbacks", "checkpoint", "progress", "verbose", "warm_start"))
"""Parameters that do not change what is learnt."""
_CURVES = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
_COUNTS = ("n_iter_", "t_", "_no_improvement_count", "loss_")


class Checkpoint:
    """The file of one fit: ``restore`` what an interrupted one left there, ``save`` over it.

    Parameters
    ----------
    path : path
        Should end in ``.safetensors``.
    estimator : estimator
    examples : Examples
        What is trained on; another fit's file is not gone on from.
    """

    def __init__(self, path: Any, estimator: Any, examples: Examples) -> None:
        self.path = Path(path)
        asked = estimator.get_params(deep=False)
        self.settings = {name: repr(asked[name]) for name in sorted(asked) if name not in _ASIDE}
        self.settings["data"] = _digest(examples)

    def save(self, solver: Any, *, finished: bool) -> None:
        """Keep where the fit stands, durably, in place of what was there."""
        est, optimizer = solver.estimator, solver.optimizer
        _, keys, position, *_ = solver.random_state.get_state(legacy=True)
        curves = {name: getattr(est, name) for name in _CURVES}
        arrays = {
            "parameters": solver.network.parameters.vector,
            "best": solver.best.vector,
            "order": solver.order,
            "random": keys,
            **{f"optimizer.{slot}": array for slot, array in optimizer.vectors.items()},
            **{name: np.array(curve, float) for name, curve in curves.items() if curve is not None},
        }
        best = est.best_loss_ if solver.score is None else est.best_validation_score_
        numbers = {
            **{name: getattr(est, name) for name in _COUNTS},
            "best": best,
            "rate": est._optimizer.learning_rate,
            "steps": optimizer.steps,
            "position": position,
            "finished": float(finished),
        }
        state = TrainingState(self.settings, est.n_iter_, 0, numbers, arrays, _surroundings(solver))
        save_checkpoint(state, self.path)

    def restore(self, solver: Any) -> None:
        """Stand where an interrupted fit stood, if the file holds one.

        Raises
        ------
        InvalidArgument
            If it is of other settings or data.
        ModelFileError
            If it is damaged, or no checkpoint.
        """
        if not self.path.exists():
            return
        kept = load_checkpoint(self.path)
        if kept.numbers.get("finished"):
            return
        for name in sorted({*self.settings, *kept.settings}):
            if kept.settings.get(name) != self.settings.get(name):
                raise InvalidArgument(
                    f"{self.path} holds an unfinished fit whose {name} was "
                    f"{kept.settings.get(name)}, not {self.settings.get(name)}: ask for the same, "
                    f"or remove the file"
                )
        if said := otherwise(kept.versions, _surroundings(solver)):
            warnings.warn(said, stacklevel=6)
        est = solver.estimator
        solver.network.parameters.vector[...] = kept.arrays["parameters"]
        solver.best.vector[...] = kept.arrays["best"]
        solver.order = kept.arrays["order"]
        position = int(kept.numbers["position"])
        solver.random_state.set_state(("MT19937", kept.arrays["random"], position))
        for slot, array in solver.optimizer.vectors.items():
            array[...] = kept.arrays[f"optimizer.{slot}"]
        for name in _CURVES:
            if name in kept.arrays:
                setattr(est, name, kept.arrays[name].tolist())
        for name in _COUNTS:
            value = kept.numbers[name]
            setattr(est, name, value if name == "loss_" else int(value))
        best = "best_loss_" if solver.score is None else "best_validation_score_"
        setattr(est, best, kept.numbers["best"])
        est._optimizer.learning_rate = kept.numbers["rate"]
        solver.optimizer.steps = int(kept.numbers["steps"])


def _digest(examples: Examples) -> str:
    """A fingerprint of what is trained on."""
    X = examples.X
    parts = [X.data, X.indices, X.indptr] if sparse.issparse(X) else [X]
    return digest_of_arrays(*parts, examples.y, examples.weights)


def _surroundings(solver: Any) -> dict[str, Any]:
    return surroundings("compiled" if solver.optimizer.compiled else "plain")
