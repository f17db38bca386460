"""``--tensorboard`` as a user says it."""

import json
import signal
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from .test_commands import run


def curve(folder, tag):
    return [(e.step, e.value) for e in EventAccumulator(str(folder)).Reload().Scalars(tag)]


@pytest.mark.slow
def test_a_training_stopped_by_ctrl_c_goes_on_in_its_curves(tmp_path, table):
    command = ("train", "--dataset", table, "--epochs", 60, "--tensorboard", "curves")
    with subprocess.Popen(
        [sys.executable, "-m", "handwrought", *map(str, command), "--out", "runs/a"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    ) as training:  # fmt: skip
        for line in training.stdout:
            if line.startswith("epoch  10"):
                break
        training.send_signal(signal.SIGINT)
        out, _ = training.communicate(timeout=60)
    assert training.returncode == 130
    assert "The curves:  tensorboard --logdir curves" in out
    assert "They go on where --tensorboard curves is said again." in out
    assert 10 <= len(curve(tmp_path / "curves/a", "cost/training")) < 60
    done = run("train", "--resume", "runs/a", "--tensorboard", "curves", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "runs/a/history.jsonl").read_text().splitlines()
    history = [json.loads(line) for line in lines]
    assert [r["epoch"] for r in history] == list(range(1, 61))
    for tag, name in (("cost/training", "cost"), ("accuracy/validation", "validation_accuracy")):
        wanted = [(r["epoch"], pytest.approx(r[name], rel=1e-6)) for r in history]
        assert curve(tmp_path / "curves/a", tag) == wanted


@pytest.mark.slow
def test_a_folder_of_curves_that_is_taken_is_told_in_one_sentence(tmp_path, table):
    command = ("train", "--dataset", table, "--epochs", 1, "--tensorboard", "curves")
    (tmp_path / "curves" / "a").mkdir(parents=True)
    (tmp_path / "curves" / "a" / "events.out.tfevents.1.here").touch()
    done = run(*command, "--out", "two/a", cwd=tmp_path)
    assert done.returncode == 2
    assert "curves/a already holds the curves of another training" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_each_member_of_a_committee_has_its_curves(tmp_path, table):
    done = run(
        "train", "--dataset", table, "--epochs", 1, "--committee", 2, "--out", "c",
        "--tensorboard", "curves", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for member in ("member-1", "member-2"):
        assert len(curve(tmp_path / "curves/c" / member, "accuracy/validation")) == 1
