"""Trainings small enough to be killed a thousand times, and what must come out of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handwrought.errors import HandwroughtError
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.storage import load_model

CHECKPOINT = "checkpoint.safetensors"
MODELS = ("model.safetensors", "best.safetensors")
KNOWN = {CHECKPOINT, *MODELS, "config.json", "history.jsonl", "lock"}

RECIPE = """
[network]
hidden = [5]
activation = "relu"
cost = "softmax"
[training]
epochs = 2
batch_size = 9
optimizer = "adam"
schedule = "one-cycle"
weight_decay = 1e-4
dropout = 0.2
ema_decay = 0.9
[augmentation]
shift = 1
rotation = 5
"""
SMALL = ("--hidden", "4")
CASES = {
    "short": (*SMALL, "--epochs", "2", "--batch-size", "17"),
    "sgd": (*SMALL, "--epochs", "2", "--batch-size", "9"),
    "adam": ("--recipe", "small.toml"),
    "nesterov": (*SMALL, "--batch-size", "9", "--epochs", "4", "--optimizer", "nesterov",
                 "--learning-rate", "0.1", "--schedule", "halve-on-plateau", "--patience", "2"),
    "wide": ("--hidden", "64", "--batch-size", "17", "--epochs", "2"),
}  # fmt: skip
"""Each keeps a checkpoint after every mini-batch. Between them: every kind of state there is."""


def begin(case: str, folder: Path) -> list[str]:
    """The command line that begins a case in a folder."""
    home = folder.parent
    options = [str(home / word) if word == "small.toml" else word for word in CASES[case]]
    always = ["--checkpoint-every", "0", "--no-gallery"]
    data = str(home / "digits.npz")
    return ["train", "--dataset", data, *options, *always, "--out", str(folder)]


def go_on(folder: Path) -> list[str]:
    """The command line that goes on with what a folder keeps."""
    if not (folder / "config.json").exists():
        raise FileNotFoundError(folder)
    return ["train", "--resume", str(folder), "--checkpoint-every", "0", "--no-gallery"]


def prepare(home: Path) -> None:
    """Images and a recipe for the cases."""
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (40, 6, 6), dtype=np.uint8)
    labels = (np.arange(40) % 3).astype(np.uint8)
    for label in range(3):
        images[labels == label, label] = 255
    np.savez(home / "digits.npz", x_train=images, y_train=labels)
    (home / "small.toml").write_text(RECIPE, encoding="utf-8")


@dataclass(frozen=True, order=True)
class Position:
    """How far a training had got."""

    epoch: int = 0
    batch: int = 0


def position_of(content: bytes) -> Position:
    """That of a checkpoint, from its bytes; cheaper than reading it."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])["__metadata__"]["handwrought-checkpoint"]
    values = json.loads(header)
    return Position(values["epoch"], values["batch"])


def models(folder: Path) -> dict[str, bytes]:
    """The bytes that must come out the same."""
    return {name: (folder / name).read_bytes() for name in MODELS if (folder / name).exists()}


def wrongs(folder: Path, promised: Position, *, model_promised: bool = False) -> list[str]:
    """What is broken or lost in a folder where ``promised`` had been kept."""
    found = []
    if not folder.exists():
        return [f"lost: the folder, with {promised}"] if promised > Position() else []
    for name in MODELS:
        if (folder / name).exists():
            try:
                load_model(folder / name)
            except HandwroughtError as error:
                found.append(f"broken: {error}")
    ended = (folder / MODELS[0]).exists()
    if model_promised and not ended:
        found.append("lost: the model")
    if (folder / CHECKPOINT).exists():
        try:
            state = load_checkpoint(folder / CHECKPOINT)
        except HandwroughtError as error:
            found.append(f"broken: {error}")
        else:
            if Position(state.epoch, state.batch) < promised:
                found.append(f"lost: {promised}, there is {state.epoch}, {state.batch}")
    elif promised > Position() and not ended:
        found.append(f"lost: {promised}")
    if (folder / "config.json").exists():
        try:
            json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except ValueError as error:
            found.append(f"broken: config.json: {error}")
    elif promised > Position():
        found.append("lost: config.json")
    return found


def strays(folder: Path) -> list[str]:
    """Files that should not be there once a training has ended."""
    return sorted({path.name for path in folder.iterdir()} - KNOWN)
