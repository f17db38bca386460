"""A run that learns its writer's own digits: what it begins with, and what it has beside other runs.

Its folder keeps four files more: ``source.safetensors``, the model that it begins with, and
``digits.npz``, the digits that Draw had kept by then (those to learn, and those held out), so that
it goes on whatever becomes of either; ``measured.json``, how many images the model read right
before and after; ``best.safetensors``, the weights of its best epoch so far.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handwrought.errors import DataError, HandwroughtError
from handwrought.studio.train.run import changed
from handwrought.studio.train.run_folder import MODEL, read_json, write_json
from handwrought.studio.train.training_request import OwnDigits, TrainingRequest, controls
from handwrought.training.config import ARGUMENTS, renamed

if TYPE_CHECKING:
    from handwrought.data.dataset import Split
    from handwrought.nn.network import Network
    from handwrought.training.reports import EpochReport

__all__ = ["OwnTraining", "brought", "offered", "prepare", "standard_wish", "tuned_wish"]

_SOURCE, _DIGITS = "source.safetensors", "digits.npz"
_MEASURED, _BEST = "measured.json", "best.safetensors"


@dataclass(frozen=True)
class _Count:
    accuracy: float | None
    right: int
    images: int
    interval: tuple[float, ...] | None


@dataclass(frozen=True)
class _Counts:
    held_out: _Count
    own: _Count
    validation: _Count
    test: _Count


@dataclass(frozen=True)
class _Brought:
    before: _Counts | None = None
    after: _Counts | None = None


def standard_wish() -> TrainingRequest:
    """What ``handwrought train --from shipped --add`` does."""
    from handwrought.training.fine_tuning import REHEARSED, SHARE, arguments

    return TrainingRequest(**arguments(), own=OwnDigits(share=SHARE, rehearsed=REHEARSED))


def offered(digits: Path) -> dict[str, Any]:
    """What the page's form is made of: how many digits are kept, and the wish that it begins with."""
    from handwrought.data.collection import Collection
    from handwrought.reading.fine_tuned import LEAST

    wish = standard_wish()
    asked = {"epochs": wish.epochs, "learning_rate": wish.learning_rate, "seed": wish.seed}
    described = {control.name: control for control in controls()}
    fields = [replace(described[name], default=value) for name, value in asked.items()]
    fields[:0] = [described["own.share"], described["own.rehearsed"]]
    return {
        "counts": Collection.open(digits).counts(),
        "least": LEAST,
        "wish": wish,
        "source": described["own.source"],
        "controls": fields,
    }


def tuned_wish(wish: TrainingRequest, source: Path) -> TrainingRequest:
    """The wish with the network that the model is, and MNIST's images in its view.

    Raises
    ------
    InvalidArgument, ModelFileError
        If the model cannot learn digits, or cannot be read.
    """
    from handwrought.model import Model
    from handwrought.reading.recognizer import check_reads_digits

    model = Model.load(source)
    network = model.network
    check_reads_digits("this model", model)
    _, *hidden, _ = network.sizes
    shape = {
        "dataset": "mnist",
        "images": None,
        "representation": model.representation,
        "hidden": hidden,
        "cost": network.cost.name,
        "initializer": None,
        "outliers": renamed(model.record).get("outliers", 0.0) if wish.augmentation else 0.0,
    }
    if hidden:
        shape["activation"] = network.activations[0].name
    return changed(wish, shape)


def prepare(folder: Path, source: Path, digits: Path) -> None:
    """Put a copy of the model and of the digits into a run's folder.

    Raises
    ------
    DataError
        If there are too few digits, or one cannot be read.
    """
    import shutil

    import numpy as np

    from handwrought.data.collection import Collection
    from handwrought.reading.fine_tuned import LEAST

    collection = Collection.open(digits)
    if len(collection) < LEAST:
        raise DataError(
            f"{len(collection)} of your digits are kept: label at least {LEAST} in Draw, "
            f"better 30 or more"
        )
    own, held_out = collection.split()
    if not len(own):
        raise DataError("all of your digits fell to those held out: label some more in Draw")
    shutil.copyfile(source, folder / _SOURCE)
    np.savez(
        folder / _DIGITS,
        own=own.images,
        own_labels=own.labels,
        held_out=held_out.images,
        held_out_labels=held_out.labels,
    )


def brought(folder: Path) -> dict[str, Any] | None:
    """How the model read before and, once it has ended, after; None where a run is no such one.

    Raises
    ------
    DataError
        If that file is damaged.
    """
    return read_json(folder / _MEASURED, _Brought)


class OwnTraining:
    """The run's files in the process that trains.

    Parameters
    ----------
    folder : Path
    wish : TrainingRequest
        With ``own``.

    Attributes
    ----------
    network : Network
        The model, to be trained.
    data : Dataset
        MNIST, with the mixture of both kinds of digits as training images.
    sample : Dataset
        The same in no order: its first so many are fair to measure by.
    """

    def __init__(self, folder: Path, wish: TrainingRequest) -> None:
        from handwrought.data.catalog import load_dataset
        from handwrought.model import Model
        from handwrought.training.fine_tuning import BestOfBoth, mixed

        assert wish.own is not None
        self.folder, self.wish = folder, wish
        self.model = Model.load(folder / _SOURCE)
        self.network = self.model.network
        self.own, self.held_out = _read_digits(folder / _DIGITS)
        self.mnist = load_dataset("mnist")
        mixture = mixed(
            self.own,
            self.mnist.train,
            share=wish.own.share,
            rehearsed=wish.own.rehearsed,
            seed=wish.seed,
        )
        self.data = replace(self.mnist, train=mixture)
        self.sample = replace(self.mnist, train=_shuffled(mixture, wish.seed))
        assert self.data.validation is not None
        augmentation = wish.augmentation
        if augmentation is None:
            from handwrought.data.augmentation import Augmentation

            augmentation = Augmentation()
        self.best = BestOfBoth(
            self.network,
            self.own,
            self.data.validation,
            augmentation,
            wish.seed,
            wish.representation,
        )
        self._recall()

    def measure(self, when: str, network: Network) -> dict[str, Any]:
        """How many images of each kind are read right, kept under "before" or "after"."""
        from handwrought.reading.fine_tuned import measured

        found = brought(self.folder) or {}
        if when == "after" or when not in found:
            each = measured(
                replace(self.model, network=network), self.mnist, self.own, self.held_out
            )
            found[when] = {name: one.as_json() for name, one in each.items()}
            write_json(self.folder / _MEASURED, found)
        return found

    def see(self, network: Network, report: EpochReport) -> None:
        """Remember the network if it is the best so far."""
        if self.best.observe(report):
            from handwrought.storage import save_model

            save_model(network, self.folder / _BEST, epoch=self.best.epoch, worth=self.best.score)

    def save(self, network: Network, epochs: int) -> None:
        """Calibrated, as the model that it was made from is stored."""
        from handwrought.reading.fine_tuned import save_fine_tuned

        values = self.wish.as_json()
        tuned: dict[str, Any] = {
            name: values[name] for name in ARGUMENTS if name != "representation"
        }
        tuned |= {"learning_rate": self.wish.rate, "by": "studio", "epochs_done": epochs}
        tuned |= asdict(self.wish.own) if self.wish.own else {}
        model = replace(self.model, network=network)
        save_fine_tuned(model, self.folder / MODEL, self.mnist, self.own, tuned)

    def _recall(self) -> None:
        from handwrought.storage import read_model

        try:
            header, best = read_model(self.folder / _BEST)
            values = header["record"]
            self.best.epoch, self.best.score = int(values["epoch"]), float(values["worth"])
            self.best.vector[...] = best.parameters.numbers
        except (HandwroughtError, KeyError, ValueError, TypeError):
            return  # no epoch was better than the model itself, so far as is known


def _read_digits(path: Path) -> tuple[Split, Split]:
    import zipfile
    import zlib

    import numpy as np

    from handwrought.data.dataset import Split
    from handwrought.storage.regular import open_regular

    try:
        # NumPy leaves a file open that it opened and found damaged.
        with (
            open_regular(path, follow_links=False) as stream,
            np.load(stream, allow_pickle=False) as file,
        ):
            own = Split(file["own"], file["own_labels"], 10, "own digits")
            held_out = Split(file["held_out"], file["held_out_labels"], 10, "own, held out")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise DataError(f"{path} is damaged: begin the fine-tuning anew") from None
    return own, held_out


def _shuffled(split: Split, seed: int) -> Split:
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(split))
    return replace(split, images=split.images[order], labels=split.labels[order])
