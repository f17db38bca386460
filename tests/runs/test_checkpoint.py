"""A checkpoint to the byte, and the sentence for each that is none."""

import hashlib
import json
import os

import numpy as np
import pytest
import safetensors.numpy

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.training.state import TrainingState

ARRAYS = {
    "parameters": np.arange(6, dtype=np.float32),
    "mean": np.arange(12, dtype=np.float64)[::2],  # every second number of a longer vector
}
STATE = TrainingState({"epochs": 3, "optimizer": "adam"}, 2, 5, {"cost": 0.5, "step": 7}, ARRAYS,
                      {"numpy": "2"})  # fmt: skip


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(STATE, path)
    return path


def parts(path):
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end])["__metadata__"], safetensors.numpy.load(content)


def digest(text, arrays):
    """As docs/13-model-files.md defines it, the arrays by name."""
    sha = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        shape = "x".join(map(str, array.shape))
        sha.update(f"\n{name} {array.dtype.name} {shape}\n".encode() + array.tobytes())
    return sha.hexdigest()


def with_header(path, **changes):
    """The file with another header, and the digest that belongs to it."""
    metadata, arrays = parts(path)
    header = json.loads(metadata["handwrought-checkpoint"])
    header = {k: v for k, v in (header | changes).items() if v is not ...}
    text = json.dumps(header)
    metadata = {"handwrought-checkpoint": text, "handwrought-digest": digest(text, arrays)}
    path.write_bytes(safetensors.numpy.save(arrays, metadata))


def refusal(path):
    with pytest.raises(ModelFileError) as caught:
        load_checkpoint(path)
    return str(caught.value).replace(str(path), "FILE")


def test_a_checkpoint_says_where_the_training_stands_and_what_its_arrays_are(path):
    metadata, arrays = parts(path)
    text = metadata["handwrought-checkpoint"]
    assert json.loads(text) == {
        "format": 2,
        "settings": {"epochs": 3, "optimizer": "adam"},
        "versions": {"numpy": "2"},
        "epoch": 2,
        "batch": 5,
        "numbers": {"cost": 0.5, "step": 7},
    }
    assert metadata["handwrought-digest"] == digest(text, ARRAYS)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }


@pytest.mark.slow
def test_a_checkpoint_with_any_bit_changed_is_refused(path):
    content = path.read_bytes()
    for at in range(8 * len(content)):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        with pytest.raises(ModelFileError):
            load_checkpoint(path)


def format_1(path, **changes):
    """What earlier versions wrote: its digest is of the arrays alone."""
    sha = hashlib.sha256()
    for name in ("mean", "parameters"):
        sha.update(name.encode() + ARRAYS[name].tobytes())
    header = {"format": 1, "settings": {}, "epoch": 2, "batch": 5, "numbers": {"best": np.inf},
              "digest": sha.hexdigest(), **changes}  # fmt: skip
    arrays = {name: np.ascontiguousarray(array) for name, array in ARRAYS.items()}
    metadata = {"handwrought-checkpoint": json.dumps(header)}
    path.write_bytes(safetensors.numpy.save(arrays, metadata))


def test_a_checkpoint_of_an_earlier_version_is_read(path):
    format_1(path)
    found = load_checkpoint(path)
    assert (found.epoch, found.batch, found.numbers) == (2, 5, {"best": np.inf})
    assert found.versions == {}
    np.testing.assert_array_equal(found.arrays["mean"], ARRAYS["mean"])
    format_1(path, digest="0" * 64)
    assert refusal(path) == CHANGED
    format_1(path, epoch=2.0)
    assert refusal(path) == f"{NONE}: its epoch is of another kind"


def test_a_state_comes_back_whole(path):
    found = load_checkpoint(str(path))
    assert (found.settings, found.epoch, found.batch) == (STATE.settings, 2, 5)
    assert found.numbers == {"cost": 0.5, "step": 7.0}
    assert {name: array.dtype for name, array in found.arrays.items()} == {
        "parameters": np.float32, "mean": np.float64
    }  # fmt: skip


NONE = "FILE is no checkpoint of handwrought, or is damaged"
CHANGED = (
    "FILE: the digest does not match: the file was changed or damaged, and is not gone on from"
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3},
         "FILE has format 3, this version of handwrought reads up to 2: upgrade handwrought"),
        ({"format": ...}, NONE),
        ({"format": True}, NONE),
        ({"settings": 3}, f"{NONE}: its settings is of another kind"),
        ({"versions": ...}, f"{NONE}: its versions is of another kind"),
        ({"epoch": None}, f"{NONE}: its epoch is of another kind"),
        ({"epoch": True}, f"{NONE}: its epoch is of another kind"),
        ({"epoch": "2"}, f"{NONE}: its epoch is of another kind"),
        ({"epoch": 2.0}, f"{NONE}: its epoch is of another kind"),
        ({"epoch": float("inf")}, f"{NONE}: its epoch is of another kind"),
        ({"batch": "x"}, f"{NONE}: its batch is of another kind"),
        ({"numbers": [1]}, f"{NONE}: its numbers is of another kind"),
        ({"numbers": {"cost": "much"}}, f"{NONE}: its numbers is of another kind"),
        ({"numbers": {"cost": False}}, f"{NONE}: its numbers is of another kind"),
        ({"numbers": {"cost": float("nan")}}, NONE),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_told_in_a_sentence(path, changes, message):
    with_header(path, **changes)
    assert refusal(path) == message


def test_a_file_that_is_not_there_or_no_container_is_told(tmp_path):
    path = tmp_path / "c"
    assert refusal(path) == "FILE cannot be read: No such file or directory"
    path.write_bytes(b"none")
    assert refusal(path) == (
        "FILE is not a safetensors file, or is damaged (it is too short for its header): give a "
        "checkpoint saved by handwrought"
    )


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
