"""One run folder for command line and studio: each goes on with the other's, to the bit."""

import io
import json
import queue
import shutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app
from handwrought.cli.progress import StopAfterBatch
from handwrought.reading.lesson import taught
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import Lesson, RunConfig
from handwrought.runs.history import read_history
from handwrought.storage.lock import FolderLock
from handwrought.studio.server.studio import Studio
from handwrought.studio.train.runs import Runs
from handwrought.studio.train.training_session import Session
from handwrought.training.config import TrainingConfig
from handwrought.training.recipes import load_recipe

FOLDERS = Path(__file__).parent / "folders"
SETTINGS = TrainingConfig(
    hidden=(3,), epochs=3, batch_size=20, optimizer="momentum", learning_rate=0.1, images=100
)
MODELS = ("model.safetensors", "best.safetensors")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A small MNIST, whoever loads it."""
    mnist = hw.load_dataset("mnist")
    data = replace(
        mnist, train=mnist.train[:300], validation=mnist.validation[:50], test=mnist.test[:20]
    )
    for module in ("cli.train", "studio.train.training_session", "reading.lesson"):
        where = import_module(f"handwrought.{module}")
        monkeypatch.setattr(where, "load_dataset", lambda name: data)
    return data


def begun(folder, settings=SETTINGS):
    folder.mkdir()
    RunConfig(settings, name="mine", created=1.0).write(folder / "config.json")
    return folder


class Commands(list):
    """Given one after the other, each when the one before is done."""

    def get(self):
        return {"do": self.pop(0)}

    def get_nowait(self):
        raise queue.Empty


def by_studio(folder, *commands):
    """What the studio's process does."""
    with FolderLock(folder):
        Session(folder, io.BytesIO(), Commands(commands)).work()


def by_command(folder, *more):
    done = CliRunner().invoke(
        app, ["train", "--resume", str(folder), "--no-gallery", "--checkpoint-every", "0", *more]
    )
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def models(folder):
    return {name: (folder / name).read_bytes() for name in MODELS}


@pytest.fixture
def whole(tmp_path):
    """What a command makes that nothing interrupts."""
    by_command(begun(tmp_path / "whole"))
    return models(tmp_path / "whole")


@pytest.mark.slow
def test_what_the_studio_stopped_a_command_ends_to_the_bit(tmp_path, whole):
    folder = begun(tmp_path / "run")
    by_studio(folder, "batch", "batch", "epoch", "batch", "stop")
    state = load_checkpoint(folder / "checkpoint.safetensors")
    assert (state.epoch, state.batch) == (2, 1)
    assert "It goes on in epoch 2, after mini-batch 1" in by_command(folder)
    assert models(folder) == whole
    config = RunConfig.read(folder / "config.json")
    assert (config.name, config.status, config.progress["step"]) == ("mine", "finished", 15)
    entries = read_history(folder / "history.jsonl")
    assert [each.report.epoch for each in entries if each.report] == [1, 2, 3]
    assert [each.point.step for each in entries if each.report] == [5, 10, 15]


@pytest.mark.slow
def test_what_a_command_stopped_the_studio_ends_to_the_bit(tmp_path, whole, monkeypatch):
    folder = begun(tmp_path / "run")
    reports = iter(range(100))
    with monkeypatch.context() as patched:
        patched.setattr(StopAfterBatch, "asked", property(lambda self: next(reports) == 7))
        CliRunner().invoke(app, ["train", "--resume", str(folder), "--checkpoint-every", "0"])
    assert RunConfig.read(folder / "config.json").status == "stopped"
    assert load_checkpoint(folder / "checkpoint.safetensors").epoch == 2
    by_studio(folder, "run")
    assert models(folder) == whole
    by_command(folder, "--epochs", "4")  # the studio keeps its checkpoint, to go on for more
    assert RunConfig.read(folder / "config.json").settings.epochs == 4


@pytest.mark.slow
def test_patience_that_a_command_was_asked_for_is_kept_by_the_studio(tmp_path):
    settings = replace(SETTINGS, epochs=40, patience=2)
    whole, folder = begun(tmp_path / "whole", settings), begun(tmp_path / "run", settings)
    by_command(whole)
    by_studio(folder, "epoch", "stop")
    by_studio(folder, "run")
    assert models(folder) == models(whole)
    assert len(read_history(folder / "history.jsonl")) < 40


@pytest.mark.slow
def test_a_fine_tuning_goes_on_in_either_to_the_bit(tmp_path, small):
    network = hw.Network([784, 4, 10], "relu", "softmax", seed=0)
    network.save(tmp_path / "small.safetensors")
    model = hw.Model.load(tmp_path / "small.safetensors")
    from handwrought.data.collection import Collection

    digits = Collection.open(tmp_path / "digits")
    for pixels, label in zip(small.train.images[:30], small.train.labels, strict=False):
        digits.add(pixels, int(label))
    lesson = Lesson(str(tmp_path / "small.safetensors"), model.digest, str(tmp_path / "digits"))
    config = RunConfig(taught(replace(SETTINGS, images=None), model), lesson)
    for name in ("whole", "run"):
        (tmp_path / name).mkdir()
        config.write(tmp_path / name / "config.json")
    by_command(tmp_path / "whole")
    by_studio(tmp_path / "run", "batch", "epoch", "stop")
    by_command(tmp_path / "run")
    name = "model.safetensors"
    assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


# --- the studio shows what a command trained -----------------------------------------------------


@pytest.mark.slow
def test_the_studio_lists_shows_and_measures_a_commands_folder(tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    by_command(begun(runs / "first"))
    (runs / "pair").mkdir()
    RunConfig(replace(SETTINGS, committee=2)).write(runs / "pair" / "config.json")
    by_command(begun(runs / "pair" / "member-1"))
    studio = Studio(tmp_path / "studio", runs=runs)
    try:
        shown = studio.backend(Runs)
        found = {each["id"]: each for each in shown.state()["runs"]}
        assert set(found) == {"first", "pair.member-1"}
        assert (found["first"]["name"], found["first"]["status"]) == ("mine", "finished")
        assert found["first"]["sizes"] == [784, 3, 10]
        points = shown.whole("first")["points"]
        assert [point.epoch for point in points] == [1, 2, 3]
        assert [layer.number for layer in points[-1].layers] == [2, 3]
        with pytest.raises(hw.HandwroughtError, match="has ended, and kept nothing to go on with"):
            shown.go_on("first", "run", {"epochs": 9})
        by_command(begun(runs / "second"))  # while it looks
        assert next(each["id"] for each in shown.state()["runs"]) == "second"
    finally:
        studio.close()


# --- folders of before ---------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:It goes on where")  # another machine kept it
def test_a_commands_folder_of_before_goes_on(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    shutil.copy(FOLDERS / "tiny.csv", tmp_path)
    shutil.copytree(FOLDERS / "stopped", tmp_path / "run")
    by_command(tmp_path / "run")
    ended = hw.Network.load(tmp_path / "run" / "model.safetensors")
    expected = hw.Network.load(FOLDERS / "whole.safetensors")
    np.testing.assert_allclose(
        ended.parameters.vector, expected.parameters.vector, rtol=1e-5, atol=1e-7
    )
    kinds = [
        json.loads(x)["kind"] for x in (tmp_path / "run/history.jsonl").read_text().split("\n") if x
    ]
    assert kinds == ["epoch"] * 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:It goes on where")  # another machine kept it
def test_a_studios_folder_of_before_goes_on_in_either(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numpy")
    expected = hw.Network.load(FOLDERS / "studio-whole.safetensors").parameters.vector
    for name, go_on in (("command", by_command), ("studio", lambda run: by_studio(run, "run"))):
        shutil.copytree(FOLDERS / "studio", tmp_path / name)
        go_on(tmp_path / name)
        ended = hw.Network.load(tmp_path / name / "model.safetensors").parameters.vector
        np.testing.assert_allclose(ended, expected, rtol=1e-4, atol=1e-6)
        config = RunConfig.read(tmp_path / name / "config.json")
        assert (config.name, config.settings.images) == ("kept", 100)


def test_committees_and_fine_tunings_of_before_are_read():
    committee = RunConfig.read(FOLDERS / "committee" / "config.json")
    assert (committee.settings.committee, committee.settings.hidden) == (2, (4,))
    member = RunConfig.read(FOLDERS / "committee" / "member-1" / "config.json")
    assert replace(member.settings, committee=2) == committee.settings
    lesson = RunConfig.read(FOLDERS / "taught" / "config.json")
    assert lesson.lesson == Lesson("shipped", "0" * 64, "my-digits", 0.1, 10_000)
    assert (lesson.settings.epochs, lesson.settings.seed) == (2, 1)
    assert lesson.settings.augmentation == load_recipe("shipped").augmentation.times(0.5)
