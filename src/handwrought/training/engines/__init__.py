"""What trains a network's mini-batches: several ways to the same steps, one chosen for each training."""

from __future__ import annotations

from handwrought.training.engines.plain import PlainEngine
from handwrought.training.engines.protocol import Engine, Epoch, Job
from handwrought.training.engines.sparse import SparseEngine
from handwrought.training.engines.split import SplitEngine

__all__ = ["Engine", "Epoch", "Job", "choose_engine"]

ENGINES: tuple[type[Engine], ...] = (SparseEngine, SplitEngine, PlainEngine)
"""The fastest first; the last takes any job."""


def choose_engine(job: Job) -> Engine:
    """The first engine that suits the job: the same for the same network, data and settings."""
    return next(kind for kind in ENGINES if kind.suits(job))(job)
