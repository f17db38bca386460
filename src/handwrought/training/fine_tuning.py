"""Teaching a trained network one writer's hand, from a few digits, so that it forgets little.

A network that is trained on new examples alone forgets the old ones (McCloskey and Cohen 1989);
shown old ones among them, it does not (Robins 1995, "Catastrophic forgetting, rehearsal and
pseudorehearsal").  So each mini-batch is made of both, each image changed anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import deskewed, extract_features, represent_split
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.imaging.conversion import to_uint8
from handwrought.nn.network import Network
from handwrought.training.best import Best
from handwrought.training.config import REHEARSED, SHARE, TrainingConfig, with_old_names
from handwrought.training.observers import remembered
from handwrought.training.recipes import load_recipe
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.train import Training, begin_training, go_on
from handwrought.training.validation import cost_and_accuracy

__all__ = ["BestOfBoth", "FineTuning", "arguments", "begin_fine_tuning", "fine_tune", "mixed"]

_COPIES, _MOST_COPIES = 20, 2000


class BestOfBoth(Best):
    """The weights of the epoch with the largest sum of two accuracies, the last of equals: that on
    changed copies of the digits to learn, and that on the validation images.

    Digits held out have no part in it; the digits themselves are soon known by heart, and say no
    more.

    Parameters
    ----------
    network : Network
        As it is given: epoch 0.
    own, validation : Split
    augmentation : Augmentation
        Of the copies.
    seed : int
    representation : str
        How the network sees both; see :mod:`handwrought.data.representations`.

    Attributes
    ----------
    probe : Split
        The copies, as they are seen.
    """

    def __init__(
        self,
        network: Network,
        own: Split,
        validation: Split,
        augmentation: Augmentation,
        seed: int = 0,
        representation: str = "as-is",
    ) -> None:
        super().__init__(network)
        self.probe = _changed(own, augmentation, seed, representation)
        _, accuracy = cost_and_accuracy(network, represent_split(validation, representation))
        self.score = self._on_copies() + (accuracy or 0.0)

    def score_of(self, report: EpochReport) -> float:
        """The sum of both accuracies."""
        return self._on_copies() + super().score_of(report)

    def beaten_by(self, score: float) -> bool:
        """As good will do: it has seen more."""
        return score >= self.score

    def _on_copies(self) -> float:
        return cost_and_accuracy(self.network, self.probe)[1] or 0.0


class FineTuning(Iterator[Any]):
    """A fine-tuning under way: an iterator of the training's reports.

    Read to its end, or where the training diverges, the network holds the weights of the best
    epoch; closed before, those of that moment.

    Attributes
    ----------
    training : Training
    examples : Split
        The mixture that is trained on.
    best : BestOfBoth
    settings : dict
        What was asked for, as JSON values.
    """

    def __init__(
        self, examples: Split, best: BestOfBoth, training: Training, settings: dict[str, Any]
    ) -> None:
        self.training, self.best, self.settings = training, best, settings
        self.examples = examples
        self._reports = self._best_of(training)

    def __next__(self) -> Any:
        return next(self._reports)

    def state(self) -> TrainingState:
        """What :func:`fine_tune` needs to go on from here, after the report last read."""
        return self.training.state().including(self.best)

    def close(self) -> None:
        """Stop; the network keeps the weights of this moment."""
        self._reports.close()

    @property
    def epochs(self) -> int:
        """Epochs asked for."""
        return int(self.settings["epochs"])

    @property
    def kept(self) -> int:
        """The best epoch so far; 0 is the network as it was given."""
        return self.best.epoch

    def _best_of(self, reports: Any) -> Any:
        try:
            yield from remembered(reports, self.best)
        except TrainingDiverged:
            self.best.put_back()
            raise
        self.best.put_back()


@with_old_names
def fine_tune(
    network: Network,
    own: Split,
    data: Dataset,
    *,
    share: float = SHARE,
    rehearsed: int = REHEARSED,
    report_every: int | None = None,
    representation: str = "as-is",
    resume: TrainingState | None = None,
    **settings: Any,
) -> FineTuning:
    """Teach a network these digits in place, among old ones; an iterator of reports, lazily.

    Parameters
    ----------
    network : Network
        Trained on ``data.train`` or the like.
    own : Split
        The new digits, of all ten kinds if possible.
    data : Dataset
        Old examples: ``rehearsed`` of its training images are shown among the new ones, and its
        validation images say, together with changed copies of ``own``, which epoch's weights are
        kept (:class:`BestOfBoth`).
    share : float
        What part of the mixture the new digits make up by being repeated; less in proportion where
        they are not of all classes: seeing nothing but sevens in a hand, the network would come to
        read its other digits as sevens.
    rehearsed : int
    report_every : int, optional
        See :func:`handwrought.train`.
    representation : str
        How the network sees digits; see :mod:`handwrought.data.representations`.
    resume : TrainingState, optional
        Go on from there (:meth:`FineTuning.state`), with the same network, as it was given, and the
        same digits and data.
    **settings
        Those of :func:`arguments`.

    Raises
    ------
    InvalidArgument
        If network, digits and data do not fit together, or a number is out of its range.
    """
    asked = arguments(**settings)
    config = TrainingConfig(**{**asked, "representation": representation})
    return begin_fine_tuning(
        network, own, data, config, share, rehearsed, report_every=report_every, resume=resume
    )


def begin_fine_tuning(
    network: Network,
    own: Split,
    data: Dataset,
    config: TrainingConfig,
    share: float,
    rehearsed: int,
    *,
    report_every: int | None = None,
    resume: TrainingState | None = None,
) -> FineTuning:
    """:func:`fine_tune` with its settings in one piece."""
    if data.validation is None:
        raise InvalidArgument(f"{data.name} has no validation images, which choose the best epoch")
    mixture = mixed(own, data.train, share=share, rehearsed=rehearsed, seed=config.seed)
    changed = replace(data, train=mixture)
    training = (
        begin_training(network, changed, config, report_every=report_every)
        if resume is None
        else go_on(network, changed, resume, config, report_every=report_every)
    )
    changes = config.augmentation or Augmentation()
    best = BestOfBoth(network, own, data.validation, changes, config.seed, config.representation)
    if resume is not None:
        best.restore(resume)
    values = config.as_json()
    kept = {name: values[name] for name in _ASKED}
    return FineTuning(mixture, best, training, {**kept, "share": share, "rehearsed": rehearsed})


_ALWAYS = {"optimizer": "adamw", "schedule": "cosine"}
_ASKED = (
    *("epochs", "learning_rate", "batch_size", "augmentation", "outliers", "ema_decay"),
    *("backprop_fraction", "seed"),
)


@with_old_names
def arguments(
    *,
    epochs: int = 3,
    learning_rate: float = 2e-4,
    batch_size: int = 128,
    augmentation: Augmentation | None = None,
    outliers: float = 0.0,
    ema_decay: float = 0.99,
    backprop_fraction: float = 0.5,
    seed: int = 0,
) -> dict[str, Any]:
    """What a fine-tuning asks of :func:`handwrought.train`.

    Parameters
    ----------
    epochs : int
        Passes over the mixture.
    learning_rate : float
        Of AdamW, at the start; it falls to 0 on a cosine.
    batch_size : int
    augmentation : Augmentation, optional
        By default that of the recipe ``shipped``, at half its strength, as where that recipe ends:
        the network has seen the full strength, and reads clean digits worse for some time after
        each such lesson.
    outliers, ema_decay, backprop_fraction, seed
        See :func:`handwrought.train`.
    """
    if augmentation is None:
        augmentation = (load_recipe("shipped").augmentation or Augmentation()).times(0.5)
    return {**_ALWAYS, **locals()}


def _changed(own: Split, augmentation: Augmentation, seed: int, representation: str) -> Split:
    """Changed copies of the digits, as they are seen, to choose an epoch by."""
    often = max(1, min(_COPIES, _MOST_COPIES // len(own)))
    labels = np.repeat(own.labels, often)
    rng = np.random.default_rng([seed, len(labels)])
    images = np.repeat(deskewed(own.images, representation), often, axis=0)
    images = to_uint8(augmentation(images, rng, labels))
    return Split(extract_features(images, representation), labels, own.n_classes, own.name)


def mixed(own: Split, old: Split, *, share: float, rehearsed: int, seed: int = 0) -> Split:
    """Some of the old examples, and the new ones so often that they make up their share.

    It is ``share`` of the whole where they are of all classes, a tenth of that where they are of
    one class in ten; but each is there at least once.

    Raises
    ------
    InvalidArgument
        If there is no new example, the images differ in size, or a number is out of its range.
    """
    if not len(own):
        raise InvalidArgument("there is no digit to learn: collect some first")
    if own.images.shape[1:] != old.images.shape[1:]:
        raise InvalidArgument(
            f"the new images have shape {own.images.shape[1:]}, those of {old.name} "
            f"{old.images.shape[1:]}: bring them to the same size"
        )
    if not 0 < share < 1:
        raise InvalidArgument(f"share is {share!r}: it must lie between 0 and 1")
    if rehearsed < 1:
        raise InvalidArgument(f"rehearsed is {rehearsed!r}: it must be at least 1 image")
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(old), min(rehearsed, len(old)), replace=False)
    share *= len(np.unique(own.labels)) / old.n_classes
    n = max(len(own), round(len(chosen) * share / (1 - share)))
    repeated = np.resize(rng.permutation(len(own)), n)
    return Split(
        np.concatenate([old.images[chosen], own.images[repeated]]),
        np.concatenate([old.labels[chosen], own.labels[repeated].astype(old.labels.dtype)]),
        old.n_classes,
        "own and old digits",
    )
