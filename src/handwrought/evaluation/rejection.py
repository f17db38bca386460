"""Accuracy against the share of images on which a network may say "I do not know".

The risk-coverage curve of El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective
Classification", JMLR 11, with the confidence deciding, as in Geifman and El-Yaniv (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate

__all__ = ["Rejection", "RiskCoverage", "risk_coverage"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Rejection:
    """What rejecting below one threshold costs and gains.

    Attributes
    ----------
    threshold : float
        Answers less sure than this are rejected.
    rejected : float
        Share of all images.
    accuracy : float
        Share of right answers among those accepted.
    accepted, wrong : int
        Images accepted, and how many of them are misread.
    """

    threshold: float
    rejected: float
    accuracy: float
    accepted: int
    wrong: int


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The curve, a point for each confidence that occurs, from no rejection to nearly all.

    Attributes
    ----------
    thresholds : array, shape (m,)
        Rising; an answer is accepted if its confidence is at least the threshold.
    accepted, wrong : array of int, shape (m,)
        Images accepted at each threshold, and how many of them are misread.
    """

    thresholds: Array
    accepted: NDArray[np.int64]
    wrong: NDArray[np.int64]

    @property
    def coverage(self) -> Array:
        """Share of the images accepted, shape (m,)."""
        return np.asarray(self.accepted / self.accepted[0])

    @property
    def accuracy(self) -> Array:
        """Share of right answers among those accepted, shape (m,); 1 - risk."""
        return np.asarray((self.accepted - self.wrong) / self.accepted)

    def at_rejected(self, share: float) -> Rejection:
        """The highest threshold that rejects no more than this share of the images.

        Raises
        ------
        InvalidArgument
            If the share does not lie from 0 to below 1.
        """
        if not 0 <= share < 1:
            raise InvalidArgument(f"share is {share!r}: it must lie from 0 to below 1")
        rejected = self.accepted[0] - self.accepted
        # Compared as counts, so that 1 % of 300 is 3 and not 2.9999.
        return self._at(int(np.flatnonzero(rejected <= share * self.accepted[0] + 1e-9)[-1]))

    def at_accuracy(self, target: float) -> Rejection | None:
        """The lowest threshold that reaches this accuracy, or None where none does.

        Raises
        ------
        InvalidArgument
            If the target does not lie from 0 to 1.
        """
        if not 0 <= target <= 1:
            raise InvalidArgument(f"target is {target!r}: it must lie from 0 to 1")
        reached = np.flatnonzero(self.accuracy >= target)
        return self._at(int(reached[0])) if len(reached) else None

    def _at(self, i: int) -> Rejection:
        n = int(self.accepted[0])
        return Rejection(
            float(self.thresholds[i]),
            (n - int(self.accepted[i])) / n,
            float(self.accuracy[i]),
            int(self.accepted[i]),
            int(self.wrong[i]),
        )


@with_default_errstate
def risk_coverage(confidence: Array, right: Array) -> RiskCoverage:
    """The curve of these answers: confidence (n,) and right (n,) of bool, n at least 1.

    Answers of one confidence are accepted or rejected together: no threshold tells them apart.

    Raises
    ------
    InvalidArgument
        If there is no answer, or the arrays are not of one length.
    """
    if np.ndim(confidence) != 1 or not len(confidence) or np.shape(right) != np.shape(confidence):
        raise InvalidArgument(
            f"confidence has shape {np.shape(confidence)} and right {np.shape(right)}: give (n,) "
            f"of both, n at least 1"
        )
    thresholds, first = np.unique(np.sort(confidence), return_index=True)
    misread = ~np.asarray(right)[np.argsort(confidence, kind="stable")]
    below = np.concatenate([[0], np.cumsum(misread)])
    return RiskCoverage(thresholds, len(misread) - first, below[-1] - below[first])
