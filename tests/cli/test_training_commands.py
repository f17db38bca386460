"""Recipes, committees and going on after Ctrl-C, as a user runs them."""

import json
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from handwrought.cli import app

from .test_commands import run

pytestmark = pytest.mark.slow

RECIPE = """
about = "a small one"
[network]
hidden = [16]
activation = "relu"
cost = "softmax"
[training]
epochs = 2
batch_size = 100
optimizer = "adam"
ema_decay = 0.99
[augmentation]
shift = 1
rotation = 5
"""


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "small.toml").write_text(RECIPE)
    return "small.toml"


def test_a_recipe_says_how_and_options_say_otherwise(tmp_path, recipe):
    done = run("train", "--recipe", recipe, "--epochs", 1, "--out", "a", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["epochs"] == 1
    assert 0.5 < report["test_accuracy"] < report["test_accuracy_over_shifts"] + 0.05
    assert abs(report["test_accuracy"] - report["test_accuracy_over_rotations"]) < 0.05
    assert "Recipe small: Training 784-16-10 (relu; softmax cost)" in done.stderr
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert config["settings"]["optimizer"] == "adam"
    assert config["settings"]["augmentation"]["shift"] == 1
    assert len((tmp_path / "a" / "history.jsonl").read_text().splitlines()) == 1
    assert not (tmp_path / "a" / "checkpoint.safetensors").exists()


def test_a_committee_is_trained_tested_and_not_trained_twice(tmp_path, recipe):
    command = ("train", "--recipe", recipe, "--epochs", 1, "--committee", 3, "--out", "c")
    one = run(*command, "--member", 2, cwd=tmp_path)
    assert one.returncode == 0, one.stderr
    assert [p.name for p in (tmp_path / "c").iterdir()] == ["member-2"]
    done = run(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["members"] == 3
    assert report["test_accuracy"] > 0.7
    assert "Member 1 (as-is): test accuracy" in done.stderr
    assert "Member 2" not in done.stderr
    assert "Member 3 (width-20): test accuracy" in done.stderr
    assert "together, averaged over nine shifts: " in done.stderr
    assert "together, averaged over five rotations: " in done.stderr
    again = run(*command, cwd=tmp_path)
    assert "Training" not in again.stdout
    assert "The 3 members together" in again.stdout
    alone = run("evaluate", "c", "--json", cwd=tmp_path)
    assert json.loads(alone.stdout) == report | {"images": 10_000}
    (tmp_path / "c" / "member-1").rename(tmp_path / "member-1")
    assert "One network: " in run("evaluate", ".", cwd=tmp_path).stdout
    (tmp_path / "member-1").rename(tmp_path / "c" / "member-1")
    assert "name a file" in run("evaluate", "c", "--report", "r.html", cwd=tmp_path).stderr
    assert "is no committee" in run("evaluate", ".", cwd=tmp_path).stderr
    other = run(*command, "--seed", 9, cwd=tmp_path)
    assert other.returncode == 2
    assert "was trained otherwise" in other.stderr


def test_ctrl_c_and_resume_give_the_file_of_an_uninterrupted_training(tmp_path, recipe):
    command = [sys.executable, "-m", "handwrought", "train", "--recipe", recipe, "--epochs", "6",
               "--no-gallery"]  # fmt: skip
    whole = subprocess.run(
        [*command, "--out", "whole"], cwd=tmp_path, capture_output=True, check=False
    )
    assert whole.returncode == 0
    with subprocess.Popen(
        [*command, "--out", "parts"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as training:
        for line in training.stdout:
            if line.startswith("epoch   2"):
                break
        training.send_signal(signal.SIGINT)
        out, _ = training.communicate(timeout=120)
    assert training.returncode == 130
    assert "To go on:  handwrought train --resume parts" in out
    done = run("train", "--resume", "parts", "--no-gallery", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("model.safetensors", "best.safetensors"):
        whole, parts = ((tmp_path / part / name).read_bytes() for part in ("whole", "parts"))
        assert whole == parts, name
    reports = [
        [json.loads(line) for line in (tmp_path / part / "history.jsonl").read_text().splitlines()]
        for part in ("whole", "parts")
    ]
    for one, other in zip(*reports, strict=True):
        assert (one["epoch"], one["cost"]) == (other["epoch"], other["cost"])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--recipe", "none"), "recipe 'none' is unknown"),
        (("--committee", 1, "--out", "x"), "--committee is 1"),
        (("--committee", 2), "name one with --out"),
        (("--committee", 2, "--member", 3, "--out", "x"), "--member is 3"),
        (("--member", 1), "give --committee"),
        (("--resume", "nowhere"), "cannot be read"),
        (("--resume", "x", "--out", "y"), "leave --out"),
        (("--backprop-fraction", 0), "backprop_fraction is 0"),
        (("--ema-decay", 1), "ema_decay is 1"),
        (("--patience", 0), "patience is 0"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(tmp_path, arguments, word):
    done = run("train", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_options_by_their_old_names_are_told_and_taken():
    done = CliRunner().invoke(app, ["train", "--hardest", "0", "--average", "0.9"])
    assert done.exception is not None
    assert "backprop_fraction is 0.0: it must be a number above 0" in str(done.exception)
    assert "--hardest is called --backprop-fraction now" in done.stderr
    assert "--average is called --ema-decay now" in done.stderr
    done = CliRunner().invoke(app, ["train", "--hardest", "much"])
    assert "--backprop-fraction is 'much': give a number" in str(done.exception)
    assert "--hardest" not in CliRunner().invoke(app, ["train", "--help"]).output
