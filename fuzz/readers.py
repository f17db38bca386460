"""Every reader of files that handwrought has, as a fuzzer sees it: bytes in, an answer or a refusal.

A reader may raise :class:`~handwrought.errors.HandwroughtError` and nothing else, not even a
warning; and what it gives must be sound: finite, in range, of the shape that it promises.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from fuzz.repair import digest_of
from handwrought.data.catalog import load_dataset
from handwrought.data.collection import INDEX, Collection
from handwrought.data.dataset import Dataset, Split
from handwrought.data.digit_files import read_png
from handwrought.data.folders import load_image_folder
from handwrought.data.idx import idx_bytes
from handwrought.errors import HandwroughtError
from handwrought.nn.layers import described
from handwrought.nn.network import Network
from handwrought.reading.pictures import count_pages, open_pages, open_picture
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.runs.history import read_history
from handwrought.storage import load_model, read_header
from handwrought.training.config import TrainingConfig
from handwrought.training.plan import build, trained_on
from handwrought.training.recipes import load_recipe
from handwrought.training.train import begin_training, train

__all__ = ["READERS", "Reader", "try_reader"]

MOST_WEIGHTS = 100_000
"""A plan may ask for any network; only small ones are built here."""


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes
    ----------
    read : function of a path
        Reads, and asserts that what it got is sound.
    file : str
        The name that a file must have, in a folder that may hold others.
    beside : function of a folder, optional
        Puts there what the file needs beside it.
    """

    name: str
    file: str
    read: Callable[[Path], None]
    beside: Callable[[Path], None] | None = None


def try_reader(reader: Reader, content: bytes, folder: Path) -> str | None:
    """None where the bytes were read, or the words of the refusal; anything else is raised."""
    path = folder / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if reader.beside is not None and not (folder / ".beside").exists():
        reader.beside(folder)
        (folder / ".beside").touch()
    path.write_bytes(content)
    try:
        reader.read(path)
    except HandwroughtError as error:
        words = str(error)
        assert words.strip(), "an empty message"
        return words
    return None


# --- data ----------------------------------------------------------------------------------------


def _sound_data(data: Dataset) -> None:
    for split in (data.train, data.validation, data.test, data.full_train):
        if split is not None:
            assert len(split.images) == len(split.labels)
            assert split.n_inputs > 0
            x, y = split.inputs(slice(0, 8)), split.targets(slice(0, 8))
            assert x.ndim == y.ndim == 2
            assert not np.isnan(x).any()
            assert not len(split) or split.labels.max() < split.n_classes


def _dataset(path: Path) -> None:
    _sound_data(load_dataset(path))


def _labels_beside(folder: Path) -> None:
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(5, dtype=np.uint8)))


def _images_beside(folder: Path) -> None:
    images = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)
    (folder / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))


def _digit(path: Path) -> None:
    try:
        pixels = read_png(path)
        assert pixels.shape == (28, 28)
        assert pixels.dtype == np.uint8
        assert pixels.any()
    finally:
        images, labels, names = load_image_folder(path.parents[1])
        assert images.dtype == np.uint8
        assert len(images) == len(labels) == len(names) == 1


def _index(path: Path) -> None:
    for record in Collection(path.parent).records():
        assert "file" in record


# --- pictures ------------------------------------------------------------------------------------


def _picture(path: Path) -> None:
    content = path.read_bytes()
    for _, page in open_pages(content, "it") if count_pages(content) > 1 else ():
        assert max(page.pixels.shape[:2]) <= 1400
    seen = open_picture(path)
    assert seen.pixels.dtype == np.float32
    assert max(seen.pixels.shape[:2]) <= 1400
    assert seen.pixels.shape[2] in (1, 3)
    assert np.isfinite(seen.pixels).all()
    assert -1e-6 <= seen.pixels.min() <= seen.pixels.max() <= 1 + 1e-6
    assert seen.scale >= 1


# --- models, checkpoints, recipes, plans ----------------------------------------------------------


def _model(path: Path) -> None:
    header, network = read_header(path), load_model(path)
    told = [{k: v for k, v in each.items() if k != "arrays"} for each in header["layers"]]
    assert [described(layer) for layer in network.layers] == told
    assert np.isfinite(network.parameters.vector).all()
    labels = header["class_names"]
    assert labels is None or [type(each) for each in labels] == [str] * network.n_outputs
    assert 0.01 < header["calibration"]["temperature"] < 100
    assert _digest_in(path) in ("", header["digest"])
    assert np.isfinite(network.feedforward(np.zeros((1, network.n_inputs)))).all()


def _digest_in(path: Path) -> str:
    """The digest that a file of the present format should have, worked out from its bytes anew."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:end])
    text = entries.pop("__metadata__")["handwrought"]
    if json.loads(text)["format"] < 2:
        return ""
    assert end + max(entry["data_offsets"][1] for entry in entries.values()) == len(content)
    return digest_of(text, entries, content[end:])


def _nielsen(path: Path) -> None:
    network = load_model(path)
    assert np.isfinite(network.parameters.vector).all()


@cache
def tiny() -> Dataset:
    """What the checkpoints of the seeds were trained on."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 2, 2), np.uint8)
    split = Split(images, np.array([0, 1, 2, 0, 1, 2]), 3)
    return Dataset("tiny", split, split, split, split, ("a", "b", "c"))


def tiny_network() -> Network:
    return Network([4, 3, 3], cost="softmax")


TINY = {"epochs": 2, "batch_size": 2, "optimizer": "adam", "schedule": "halve-on-plateau",
        "ema_decay": 0.9, "seed": 0}  # fmt: skip


def _checkpoint(path: Path) -> None:
    state = load_checkpoint(path)
    network = tiny_network()
    with warnings.catch_warnings():
        # Where it was kept on another machine, it goes on and says so.
        warnings.filterwarnings("ignore", "It goes on where|The training was kept by an earlier")
        training = train(network, tiny(), **TINY, resume=state)
    for _ in training:
        pass
    assert np.isfinite(network.parameters.vector).all()


def _trained_as(plan: TrainingConfig) -> None:
    """The first step that the command line takes with a plan, where that is a small one."""
    data = tiny()
    sizes = [data.train.n_inputs, *plan.hidden, 3]
    if sum(a * b for a, b in pairwise(sizes)) > MOST_WEIGHTS:
        return
    begin_training(build(plan, data), trained_on(plan, data), plan)


def _recipe(path: Path) -> None:
    _trained_as(load_recipe(path))


def _plan(path: Path) -> None:
    plan = RunConfig.read(path).settings
    json.dumps(plan.as_json())
    _trained_as(plan)


def _history(path: Path) -> None:
    reports = [each.report for each in read_history(path) if each.report is not None]
    for i, report in enumerate(reports):
        assert report.epoch == reports[0].epoch + i


READERS = {
    reader.name: reader
    for reader in (
        Reader("idx images", "train-images-idx3-ubyte", _dataset, _labels_beside),
        Reader("idx labels", "train-labels-idx1-ubyte", _dataset, _images_beside),
        Reader("npz", "digits.npz", _dataset),
        Reader("csv", "digits.csv", _dataset),
        Reader("picture", "picture.png", _picture),
        Reader("digit folder", "folder/1/digit.png", _digit),
        Reader("collection index", INDEX, _index),
        Reader("model", "model.safetensors", _model),
        Reader("nielsen", "network.json", _nielsen),
        Reader("checkpoint", "checkpoint.safetensors", _checkpoint),
        Reader("recipe", "recipe.toml", _recipe),
        Reader("plan", "config.json", _plan),
        Reader("history", "history.jsonl", _history),
    )
}
