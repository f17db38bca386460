"""Where a training stands: all that it needs to go on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["StateHolder", "TrainingState"]


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A training after some mini-batch.

    Attributes
    ----------
    settings : mapping
        What decides its mathematics, as JSON values, with digests of its data; one that goes on
        must be asked for the same.
    epoch, batch : int
        Epochs (from 1) and the mini-batches of that epoch that are done.
    numbers : mapping of str to float
        Counters and sums, exact as JSON numbers.
    arrays : mapping of str to array
        ``parameters``, the optimizer's vectors, and the running average where there is one: each
        flat, of the parameters' size, and a copy.
    versions : mapping
        What decides no more than its last bits: versions, BLAS, threads, the processor.  Where it
        is otherwise, a training goes on and says so.
    """

    settings: Mapping[str, Any]
    epoch: int
    batch: int
    numbers: Mapping[str, float]
    arrays: Mapping[str, NDArray[Any]]
    versions: Mapping[str, Any] = field(default_factory=dict)

    def including(self, holder: StateHolder) -> TrainingState:
        """The same, and what another part holds."""
        numbers, arrays = holder.state()
        copies = {name: array.copy() for name, array in arrays.items()}
        return replace(self, numbers={**self.numbers, **numbers}, arrays={**self.arrays, **copies})


class StateHolder(Protocol):
    """A part of a training that changes as it goes on: an engine, an average, a plateau."""

    def state(self) -> tuple[Mapping[str, float], Mapping[str, NDArray[Any]]]:
        """Its numbers and its arrays, under names that no other part has; views.

        A whole number is an int, and a number that may be infinite is so from the start.
        """
        ...

    def restore(self, state: TrainingState) -> None:
        """Stand where the training of this state stood."""
        ...
