"""``handwrought info FOLDER``: each file of a training, what it is, and whether it is whole."""

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app
from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument
from handwrought.runs.checkpoint import save_checkpoint
from handwrought.runs.config import Lesson, RunConfig
from handwrought.runs.history import History
from handwrought.storage.lock import FolderLock
from handwrought.training.config import TrainingConfig

FOLDERS = Path(__file__).parents[1] / "runs" / "folders"
NETWORK = {"hidden": (3,), "activation": "tanh", "cost": "softmax"}
PLAN = TrainingConfig("digits.npz", **NETWORK, epochs=4, seed=7)


def info(path):
    """Exit code, and what is said of each file."""
    done = CliRunner().invoke(app, ["info", str(path), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    report = json.loads(done.stdout)
    assert report["whole"] == (done.exit_code == 0)
    return done.exit_code, {each["file"]: each for each in report["files"]}


@pytest.fixture
def folder(tmp_path):
    """A training in its third epoch."""
    network = hw.Network([4, 3, 3], "tanh", "softmax")
    split = Split(np.arange(24, dtype=np.uint8).reshape(6, 2, 2), np.arange(6) % 3, 3)
    training = hw.train(network, split, epochs=4, batch_size=2, report_every=1)
    history = History(tmp_path / "history.jsonl")
    for report in training:
        if type(report).__name__ == "EpochReport":
            history.add(report)
        elif (report.epoch, report.batch) == (3, 2):
            break
    history.sync()
    history.close()
    save_checkpoint(training.state(), tmp_path / "checkpoint.safetensors")
    network.save(tmp_path / "model.safetensors", epochs_done=2, validation_accuracy=0.875)
    RunConfig(PLAN).write(tmp_path / "config.json")
    return tmp_path


def test_each_file_of_a_training_is_named_with_what_is_in_it(folder):
    (folder / "notes.txt").write_text("mine")
    code, files = info(folder)
    assert code == 0
    assert {name: (each["what"], each["whole"], each["detail"]) for name, each in files.items()} == {
        "checkpoint.safetensors": ("checkpoint", True, "epoch 3, mini-batch 2"),
        "config.json": ("plan", True, "hidden 3 on digits.npz, 4 epochs, seed 7"),
        "history.jsonl": ("log", True, "epochs 1 to 2"),
        "model.safetensors": (
            "model", True, "4-3-3, softmax cost, after epoch 2, validation accuracy 87.50%"
        ),
        "notes.txt": ("file", None, "none of a training's"),
    }  # fmt: skip
    said = CliRunner().invoke(app, ["info", str(folder)]).stdout
    assert "checkpoint.safetensors  whole    checkpoint: epoch 3, mini-batch 2\n" in said
    assert said.endswith("Every file of ours is whole.\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["checkpoint.safetensors", "config.json", "history.jsonl", "model.safetensors"]
)
def test_a_file_with_a_bit_changed_is_damaged(folder, name):
    content = bytearray((folder / name).read_bytes())
    for at in np.random.default_rng(0).integers(0, 8 * len(content), 40):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        (folder / name).write_bytes(changed)
        code, files = info(folder)
        assert code == 1
        # A log whose last line has lost its end is whole, and too short for the checkpoint.
        assert files[name]["whole"] is False
        assert [each for each, found in files.items() if found["whole"] is False] == [name]
        assert info(folder / name)[0] == 1 or name == "history.jsonl"
    done = CliRunner().invoke(app, ["info", str(folder)])
    assert done.exit_code == 1
    assert f"{name}{' ' * (24 - len(name))}DAMAGED  " in done.stdout


def test_what_is_missing_is_said(folder):
    (folder / "config.json").unlink()
    (folder / "history.jsonl").unlink()
    code, files = info(folder)
    assert code == 1
    assert files["config.json"]["detail"] == "missing, and --resume goes on by it"
    assert files["history.jsonl"]["detail"] == "missing: the log of 2 epochs"


def test_a_line_that_a_crash_has_cut_short_is_no_damage(folder):
    with (folder / "history.jsonl").open("a") as log:
        log.write('{"epoch": 3, "ep')
    assert info(folder)[1]["history.jsonl"]["detail"] == "epochs 1 to 2"
    assert info(folder)[0] == 0


def test_a_lock_says_who_holds_it(folder):
    with FolderLock(folder):
        held = info(folder)[1]["lock"]["detail"]
    assert held.startswith(f"held by process {os.getpid()} on {socket.gethostname()} since ")
    (folder / "lock").write_text("left by a killed process")
    assert info(folder)[1]["lock"]["detail"] == "held by no process"


def test_committees_fine_tunings_and_studios_runs_are_known(folder, tmp_path):
    (tmp_path / "c" / "member-1").mkdir(parents=True)
    RunConfig(TrainingConfig(epochs=4, committee=3)).write(tmp_path / "c" / "config.json")
    (folder / "model.safetensors").rename(tmp_path / "c" / "member-1" / "model.safetensors")
    code, files = info(tmp_path / "c")
    assert code == 0
    assert files["config.json"]["what"] == "plan of a committee"
    assert files["member-1/model.safetensors"]["whole"] is True
    RunConfig(PLAN, Lesson("shipped", "0" * 64, "my-digits")).write(folder / "config.json")
    found = info(folder / "config.json")[1]["config.json"]
    assert (found["what"], found["detail"]) == ("plan of a fine-tuning", "shipped learns my-digits")
    for name in ("config.json", "history.jsonl"):  # of the studio, as earlier versions wrote them
        (folder / name).write_bytes((FOLDERS / "studio" / name).read_bytes())
    files = info(folder)[1]
    assert files["config.json"]["detail"] == "hidden 1 on mnist, 3 epochs, seed 3"
    assert files["history.jsonl"]["detail"] == "3 points measured"
    for name, before, after in (
        ("history.jsonl", b'"step": 6,', b'"step": 3,'),
        ("config.json", b'"kept"', b'"lost"'),
    ):
        (folder / name).write_bytes((folder / name).read_bytes().replace(before, after))
        found = info(folder)[1][name]
        assert found["whole"] is False
        assert "the digest does not match" in found["detail"]


def test_pipes_links_to_nothing_and_strange_names_are_named_and_not_opened(folder):
    os.mkfifo(folder / "config\x1b[2J.json")
    (folder / "history.jsonl").unlink()
    (folder / "history.jsonl").symlink_to("nowhere")
    (folder / ".model.safetensors.0123abcd.tmp").write_bytes(b"half")
    files = info(folder)[1]
    assert files["config\x1b[2J.json"]["whole"] is None
    assert files[".model.safetensors.0123abcd.tmp"]["what"] == "left by a killed process"
    assert "\x1b" not in CliRunner().invoke(app, ["info", str(folder)]).stdout


def test_a_folder_of_other_things_holds_no_training_and_none_at_all_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    done = CliRunner().invoke(app, ["info", str(tmp_path)])
    assert done.exit_code == 0
    assert done.stdout.endswith("holds no file of a training.\n")
    done = CliRunner().invoke(app, ["info", str(tmp_path / "none")])
    assert isinstance(done.exception, InvalidArgument)
