"""Curves for TensorBoard: a transformer of the generator of reports that writes them down.

``for report in tracked(train(...), network, "curves/first"): ...`` reads the same reports; beside
that, after each epoch, an event file gets its numbers, the first layer's weights as pictures, and
the spread of every layer's weights and biases.  TensorBoard's step is the epoch throughout.
Layers are counted as in the article: the input is layer 1.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from math import ceil, sqrt
from os import PathLike
from pathlib import Path
from socket import gethostname
from time import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument, MissingExtra, TrainingDiverged
from handwrought.nn.layers import Dense
from handwrought.nn.network import Network
from handwrought.training.reports import EpochReport
from handwrought.training.validation import cost_and_accuracy

__all__ = ["check_tracking", "tracked", "weight_pictures"]

Array = NDArray[Any]

_JUDGED = 10_000
"""Training images, the first, that the accuracy on training images is taken from."""
_BACKPROPAGATED = 1_000
"""Of these, the ones that the norm of the gradient is taken from."""
_BINS = 64
_PICTURES = 100


def check_tracking() -> None:
    """Raise MissingExtra where event files cannot be written."""
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        raise MissingExtra("tracking", "tracking") from None


def tracked(
    reports: Iterator[Any],
    network: Network,
    folder: str | PathLike[str],
    *,
    examples: Split | None = None,
    settings: Mapping[str, Any] | None = None,
    resumed_at: int | None = None,
) -> Iterator[Any]:
    """Write what a training reports into a TensorBoard event file; yields the same reports.

    Parameters
    ----------
    reports : iterator
    network : Network
        The one in training.
    folder : path
        Of this training alone; made where it is missing.
    examples : Split, optional
        The training examples: the first 10,000 give the accuracy on them (as they are, without
        dropout or changes), the first 1,000 the gradient's norm in each layer.
    settings : mapping, optional
        For TensorBoard's table of hyper-parameters; tables inside become dotted names.
    resumed_at : int, optional
        The epoch (from 1) in which a stopped training goes on: what the folder holds of it and
        later ones no longer counts.

    Raises
    ------
    MissingExtra
        Without tensorboardX.
    InvalidArgument
        If the folder cannot be written, or holds the curves of another training already.  A write
        that fails later on is warned of: the curves end there, and the training goes on.
    """
    check_tracking()
    curves = _EventFile(Path(folder), resumed_at)
    return _tracked(reports, network, curves, examples, dict(settings or {}), resumed_at is None)


def _tracked(
    reports: Iterator[Any],
    network: Network,
    curves: _EventFile,
    examples: Split | None,
    settings: dict[str, Any],
    fresh: bool,
) -> Iterator[Any]:
    shape = None if examples is None else examples.images.shape[1:]
    ended = None
    try:
        with closing(reports):  # type: ignore[type-var]
            curves.write(0, _beginning(settings))
            if fresh:
                curves.write(0, *_parameters(network, shape))
            for report in reports:
                if isinstance(report, EpochReport):
                    numbers = {**_reported(report), **_measured(network, examples)}
                    curves.write(report.epoch, *_scalars(numbers), *_parameters(network, shape))
                yield report
            ended = "STATUS_SUCCESS"
    except TrainingDiverged:
        ended = "STATUS_FAILURE"
        raise
    finally:
        if ended:  # one that was stopped may go on, and has no end yet
            curves.write(0, _end(ended))
        curves.close()


class _EventFile:
    """One event file, written in this thread, so that a full disk is noticed here."""

    def __init__(self, folder: Path, resumed_at: int | None) -> None:
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.record_writer import RecordWriter

        self.folder, self._event = folder, Event
        try:
            folder.mkdir(parents=True, exist_ok=True)
            there = sum("tfevents" in name for name in os.listdir(folder))
            if there and resumed_at is None:
                raise InvalidArgument(
                    f"{folder} already holds the curves of another training: name another folder"
                )
            # Numbered, for TensorBoard reads a folder's files in the order of their names.
            name = f"events.out.tfevents.{time():.0f}.{gethostname()}.{there:04d}"
            self._file: Any = RecordWriter(str(folder / name))
            self._add(file_version="brain.Event:2")
            if resumed_at is not None:
                self._add(step=resumed_at, session_log=SessionLog(status=SessionLog.START))
            self._file.flush()
        except OSError as error:
            raise InvalidArgument(
                f"{folder} cannot be written ({error.strerror}): name another folder for the curves"
            ) from None

    def _add(self, **content: Any) -> None:
        self._file.write(self._event(wall_time=time(), **content).SerializeToString())

    def write(self, step: int, *summaries: Any) -> None:
        """Add summaries and see to it that they are on the disk."""
        if self._file is None:
            return
        try:
            for summary in summaries:
                self._add(step=step, summary=summary)
            self._file.flush()
        except OSError as error:
            self.close()
            warnings.warn(
                f"{self.folder}: the curves end here, since they cannot be written "
                f"({error.strerror}); the training goes on",
                stacklevel=4,
            )

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written cannot be written now
                self._file.close()
            self._file = None


# --- what is written ---------------------------------------------------------------------------------


def _reported(report: EpochReport) -> dict[str, float | None]:
    return {
        "cost/training": report.cost,
        "cost/validation": report.validation_cost,
        "accuracy/validation": report.validation_accuracy,
        "learning_rate": report.learning_rate,
        "images_per_second": report.images_per_second,
    }


def _measured(network: Network, examples: Split | None) -> dict[str, float | None]:
    """Accuracy on training examples, and ‖∂C/∂(w^l, b^l)‖ of each layer."""
    if examples is None:
        return {}
    numbers = {"accuracy/training": cost_and_accuracy(network, examples[:_JUDGED])[1]}
    some = examples[:_BACKPROPAGATED]
    gradient = network.backpropagate(
        some.inputs(dtype=network.dtype), some.targets(dtype=network.dtype)
    )
    for l, layer in enumerate(gradient, start=2):
        squares = sum(float(np.sum(np.square(a, dtype=np.float64))) for a in vars(layer).values())
        numbers[f"gradient_norm/layer_{l}"] = sqrt(squares)
    return numbers


def _scalars(numbers: Mapping[str, float | None]) -> Iterator[Any]:
    from tensorboardX.summary import scalar

    for name, value in numbers.items():
        if value is not None:
            yield scalar(name, value)


def _parameters(network: Network, shape: tuple[int, ...] | None) -> Iterator[Any]:
    """How every layer's numbers are spread, and the first layer's weights as pictures."""
    from tensorboardX.summary import histogram, image

    for l, share in enumerate(network.parameters, start=2):
        for name, array in share.items():
            yield histogram(f"{name}/layer_{l}", array, _BINS)
    first = network.layers[0]
    if shape is not None and len(shape) == 2 and isinstance(first, Dense):
        pictures = weight_pictures(first.weights[:_PICTURES], shape)
        yield image("first_layer", pictures, dataformats="HWC")


def weight_pictures(weights: Array, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Each neuron's weights as a picture, side by side in a near square.

    Parameters
    ----------
    weights : array, shape (n, height · width)
    shape : (height, width)

    Returns
    -------
    array of uint8, shape (rows · (height + 1) + 1, columns · (width + 1) + 1, 3)
        Red is above 0, blue below, white 0; the largest weight of all is full red or blue.  Grey
        lines part the pictures.
    """
    height, width = shape
    columns = ceil(sqrt(len(weights)))
    rows = ceil(len(weights) / columns)
    out = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1, 3), 128, np.uint8)
    largest = float(np.abs(weights).max()) or 1.0
    paler = np.rint(255 * (1 - np.abs(weights) / largest)).astype(np.uint8)
    for i, (w, pale) in enumerate(zip(weights, paler, strict=True)):
        colours = np.stack([np.where(w < 0, pale, 255), pale, np.where(w > 0, pale, 255)], axis=-1)
        y, x = 1 + (i // columns) * (height + 1), 1 + (i % columns) * (width + 1)
        out[y : y + height, x : x + width] = colours.reshape(height, width, 3)
    return out


# --- the table of hyper-parameters -------------------------------------------------------------------


def _beginning(settings: dict[str, Any]) -> Any:
    """What was asked for.  Which columns there are, TensorBoard finds out from all trainings."""
    from tensorboardX.summary import hparams

    return hparams(_flat(settings), {})[1]


def _end(status: str) -> Any:
    from tensorboardX.proto.api_pb2 import Status
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData, SessionEndInfo
    from tensorboardX.summary import hparams

    summary = hparams({}, {})[2]
    end = SessionEndInfo(status=Status.Value(status), end_time_secs=time())
    summary.value[0].metadata.plugin_data.content = HParamsPluginData(
        session_end_info=end
    ).SerializeToString()
    return summary


def _flat(settings: Mapping[str, Any], under: str = "") -> dict[str, Any]:
    """Nested tables under dotted names, lists as text, without what is None."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{under}{name}.")
        elif isinstance(value, list | tuple):
            flat[under + name] = "-".join(map(str, value)) or "none"
        elif isinstance(value, str):  # a file's name need not be text in UTF-8
            flat[under + name] = value.encode("utf-8", "backslashreplace").decode("utf-8")
        elif value is not None:
            flat[under + name] = value
    return flat
