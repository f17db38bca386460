"""A checkpoint to the byte, and the sentence for each that is none."""

import hashlib
import json
import os

import numpy as np
import pytest
import safetensors.numpy

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.training.checkpoints import load_checkpoint, save_checkpoint
from handwrought.training.state import TrainingState

ARRAYS = {
    "parameters": np.arange(6, dtype=np.float32),
    "mean": np.arange(12, dtype=np.float64)[::2],  # every second number of a longer vector
}
STATE = TrainingState({"epochs": 3, "optimizer": "adam"}, 2, 5, {"cost": 0.5, "step": 7}, ARRAYS)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(STATE, path)
    return path


def parts(path):
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8:end])["__metadata__"]
    return json.loads(metadata["handwrought-checkpoint"]), safetensors.numpy.load(content)


def with_header(path, **changes):
    header, arrays = parts(path)
    header = {k: v for k, v in (header | changes).items() if v is not ...}
    metadata = {"handwrought-checkpoint": json.dumps(header)}
    path.write_bytes(safetensors.numpy.save(arrays, metadata))


def refusal(path):
    with pytest.raises(ModelFileError) as caught:
        load_checkpoint(path)
    return str(caught.value).replace(str(path), "FILE")


def test_a_checkpoint_says_where_the_training_stands_and_what_its_arrays_are(path):
    header, arrays = parts(path)
    sha = hashlib.sha256()
    for name in ("mean", "parameters"):
        sha.update(name.encode() + ARRAYS[name].tobytes())
    assert header == {
        "format": 1,
        "settings": {"epochs": 3, "optimizer": "adam"},
        "epoch": 2,
        "batch": 5,
        "numbers": {"cost": 0.5, "step": 7},
        "digest": sha.hexdigest(),
    }
    assert {name: array.tolist() for name, array in arrays.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }


def test_a_state_comes_back_whole(path):
    found = load_checkpoint(str(path))
    assert (found.settings, found.epoch, found.batch) == (STATE.settings, 2, 5)
    assert found.numbers == {"cost": 0.5, "step": 7.0}
    assert {name: array.dtype for name, array in found.arrays.items()} == {
        "parameters": np.float32, "mean": np.float64
    }  # fmt: skip


NONE = "FILE is no checkpoint of handwrought, or is damaged"
CHANGED = "FILE: the digest does not match: the file was changed or damaged"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2},
         "FILE has format 2, this version of handwrought reads up to 1: upgrade handwrought"),
        ({"digest": "0" * 64}, CHANGED),
        ({"digest": ...}, CHANGED),
        ({"format": ...}, NONE),
        ({"settings": 3}, NONE),
        ({"epoch": None}, NONE),
        ({"batch": "x"}, NONE),
        ({"numbers": [1]}, NONE),
        ({"numbers": {"cost": "much"}}, NONE),
        ({"epoch": float("inf")}, NONE),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_told_in_a_sentence(path, changes, message):
    with_header(path, **changes)
    assert refusal(path) == message


def test_a_file_that_is_not_there_or_no_container_is_told(tmp_path):
    path = tmp_path / "c"
    assert refusal(path) == "FILE cannot be read: No such file or directory"
    path.write_bytes(b"none")
    assert refusal(path) == NONE


def test_a_checkpoint_that_cannot_be_written_is_told_with_what_the_system_said(path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(CannotWrite) as caught:
        save_checkpoint(STATE, path)
    assert str(caught.value) == (
        f"{path} cannot be written: No space left on device; the checkpoint before it is kept"
    )
    assert load_checkpoint(path).epoch == 2
