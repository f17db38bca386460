"""What watches a training: transformers of the generator of reports.

``for report in early_stopped(train(...), network): ...`` reads the same reports, and does one thing
more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from handwrought.errors import InvalidArgument
from handwrought.nn.network import Network
from handwrought.training.loop import EpochReport

__all__ = ["early_stopped"]


def early_stopped(reports: Iterator[Any], network: Network, *, patience: int = 5) -> Iterator[Any]:
    """Stop when validation accuracy has not risen for ``patience`` epochs, and restore the best.

    The best weights are restored at the end of every training that is read to its end, and also
    where the reader breaks out of the loop.

    Raises
    ------
    InvalidArgument
        If patience is below 1, or a report comes without a validation accuracy.
    """
    if patience < 1:
        raise InvalidArgument(f"patience is {patience!r}: it must be at least 1 epoch")
    best, best_vector, waited = -1.0, network.parameters.vector.copy(), 0
    seen = False
    try:
        with closing(reports):  # type: ignore[type-var]
            for report in reports:
                if isinstance(report, EpochReport):
                    accuracy = report.validation_accuracy
                    if accuracy is None:
                        raise InvalidArgument(
                            "early stopping needs a validation split: train on a Dataset"
                        )
                    seen = True
                    if accuracy > best:
                        best, waited = accuracy, 0
                        best_vector[...] = network.parameters.vector
                    else:
                        waited += 1
                yield report
                if waited >= patience:
                    break
    finally:
        if seen:
            network.parameters.vector[...] = best_vector
