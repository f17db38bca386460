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
from handwrought.training.best import Best
from handwrought.training.reports import EpochReport

__all__ = ["early_stopped", "remembered"]


def early_stopped(
    reports: Iterator[Any], network: Network, *, patience: int = 5, best: Best | None = None
) -> Iterator[Any]:
    """Stop when validation accuracy has not risen for ``patience`` epochs, and restore the best.

    The best weights are restored at the end of every training that is read to its end, and also
    where the reader breaks out of the loop.

    Parameters
    ----------
    reports : iterator
    network : Network
    patience : int
        In epochs.
    best : Best, optional
        Where a training that goes on had got to; it is kept up to date.

    Raises
    ------
    InvalidArgument
        If patience is below 1, or a report comes without a validation accuracy.
    """
    if patience < 1:
        raise InvalidArgument(f"patience is {patience!r}: it must be at least 1 epoch")
    return _early_stopped(reports, patience, Best(network) if best is None else best)


def _early_stopped(reports: Iterator[Any], patience: int, best: Best) -> Iterator[Any]:
    try:
        with closing(reports):  # type: ignore[type-var]
            while best.waited < patience and (report := next(reports, None)) is not None:
                if isinstance(report, EpochReport) and report.validation_accuracy is None:
                    raise InvalidArgument(
                        "early stopping needs a validation split: train on a Dataset"
                    )
                best.observe(report)
                yield report
    finally:
        if best.epoch:
            best.put_back()


def remembered(reports: Iterator[Any], best: Best) -> Iterator[Any]:
    """Read the same reports, and remember the best epoch."""
    with closing(reports):  # type: ignore[type-var]
        for report in reports:
            best.observe(report)
            yield report
