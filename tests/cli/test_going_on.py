"""``handwrought train --resume``: what it goes on with, and what may be said with it."""

import json
import os
import signal
import subprocess
import sys
from itertools import count

import pytest
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app
from handwrought.cli.progress import StopAfterBatch
from handwrought.data.collection import Collection
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.storage import read_header
from handwrought.training.plan import gone_on

OPTIONS = ("--hidden", "6", "--epochs", "4", "--batch-size", "25", "--optimizer", "momentum",
           "--learning-rate", "0.1", "--checkpoint-every", "0", "--no-gallery")  # fmt: skip
ALL = ("model.safetensors", "best.safetensors")


def train(*arguments):
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture
def stopped_after(monkeypatch):
    """Trainings end, as by Ctrl-C, after so many reports."""

    def set_to(reports):
        seen = count(1)
        monkeypatch.setattr(
            StopAfterBatch, "asked", property(lambda self: next(seen) >= reports), raising=False
        )

    yield set_to
    monkeypatch.undo()


@pytest.fixture
def stopped(table, tmp_path, stopped_after, monkeypatch):
    """The folder of a training that was stopped in its second epoch."""
    with monkeypatch.context():
        stopped_after(30)
        done = train("--dataset", table, *OPTIONS, "--out", tmp_path / "run")
    assert done.exit_code == 130, done.output
    monkeypatch.setattr(StopAfterBatch, "asked", False)
    assert load_checkpoint(tmp_path / "run" / "checkpoint.safetensors").epoch == 2
    return tmp_path / "run"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--hidden", 100), "--hidden cannot change where a training goes on, and is [6] there"),
        (("--seed", 5), "--seed cannot change"),
        (("--dataset", "mnist"), "--dataset cannot change"),
        (("--cost", "softmax"), "--cost cannot change"),
        (("--activation", "tanh"), "--activation cannot change"),
        (("--optimizer", "adam"), "--optimizer cannot change"),
        (("--batch-size", 5), "--batch-size cannot change"),
        (("--schedule", "cosine"), "--schedule cannot change"),
        (("--ema-decay", 0.9), "--ema-decay cannot change"),
        (("--initializer", "he"), "--initializer cannot change"),
        (("--patience", 2), "--patience cannot change"),
        (("--full",), "--full cannot change"),
        (("--recipe", "quick"), "--recipe cannot change"),
        (("--out", "elsewhere"), "leave --out out"),
        (("--committee", 2), "leave --committee out"),
        (("--member", 1), "leave --member out"),
        (("--from", "shipped", "--add", "x"), "--resume has no part in --from"),
        (("--epochs", 0), "epochs is 0"),
        (("--learning-rate", -1), "learning_rate is -1"),
    ],
)
def test_an_option_that_cannot_change_is_refused_by_its_name(stopped, option, said):
    before = {path.name: path.read_bytes() for path in stopped.iterdir()}
    done = train("--resume", stopped, *option)
    assert isinstance(done.exception, InvalidArgument), done.output
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
    assert {path.name: path.read_bytes() for path in stopped.iterdir()} == before


def test_what_can_change_is_applied_and_kept(stopped):
    same = ("--hidden", 6, "--seed", 0)  # said again, it changes nothing
    done = train("--resume", stopped, *same, "--epochs", 6, "--learning-rate", 0.02, "--json",
                 "--dropout", 0.1)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["epochs"] == 6
    plan = RunConfig.read(stopped / "config.json").settings
    asked = {name: getattr(plan, name) for name in ("epochs", "learning_rate", "dropout")}
    assert asked == {"epochs": 6, "learning_rate": 0.02, "dropout": 0.1}
    log = [json.loads(line) for line in (stopped / "history.jsonl").read_text().splitlines()]
    assert [line["learning_rate"] for line in log] == [0.1, *[0.02] * 5]
    assert [line["epochs"] for line in log] == [4, *[6] * 5]
    record = read_header(stopped / "model.safetensors")["record"]
    assert (record["epochs"], record["epochs_done"]) == (6, 6)


def test_killed_after_a_change_it_goes_on_with_the_change(stopped, tmp_path):
    changes = ("--epochs", 6, "--learning-rate", 0.02)
    whole = tmp_path / "whole"
    whole.mkdir()
    for path in stopped.iterdir():
        (whole / path.name).write_bytes(path.read_bytes())
    assert train("--resume", whole, "--no-gallery", *changes).exit_code == 0
    # Killed with the new plan in place, and the checkpoint of before.
    plan = gone_on(
        RunConfig.read(stopped / "config.json").settings, {"epochs": 6, "learning_rate": 0.02}
    )
    RunConfig(plan).write(stopped / "config.json")
    assert train("--resume", stopped, "--no-gallery").exit_code == 0
    for name in ALL:
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()


def test_a_plan_edited_by_hand_is_refused(stopped):
    path = stopped / "config.json"
    path.write_text(path.read_text().replace('"sigmoid"', '"tanh"'))
    done = train("--resume", stopped)
    assert isinstance(done.exception, InvalidArgument)
    assert "the digest does not match" in str(done.exception)
    values = json.loads(path.read_text())
    del values["digest"]
    path.write_text(json.dumps(values))
    done = train("--resume", stopped)
    assert isinstance(done.exception, InvalidArgument)
    assert "activations is ['tanh', 'sigmoid']" in str(done.exception)


def test_a_data_file_replaced_by_another_is_refused(table, stopped):
    content = table.read_bytes()
    try:
        first, rest = content.split(b"\n", 1)
        table.write_bytes(first[:-1] + bytes([first[-1] ^ 1]) + b"\n" + rest)
        done = train("--resume", stopped)
    finally:
        table.write_bytes(content)
    assert isinstance(done.exception, InvalidArgument)
    assert "the training images or labels are others" in str(done.exception)


def test_a_log_that_was_changed_is_told_and_one_that_is_gone_begins_anew(stopped):
    path = stopped / "history.jsonl"
    content = path.read_text()
    path.write_text(content.replace('"epoch": 1', '"epoch": 2'))
    done = train("--resume", stopped)
    assert isinstance(done.exception, ModelFileError)
    assert "line 1: the digest does not match" in str(done.exception)
    path.unlink()
    done = train("--resume", stopped, "--no-gallery")
    assert done.exit_code == 0
    assert "history.jsonl is gone: it begins with epoch 2." in done.stdout
    epochs = [json.loads(line)["epoch"] for line in path.read_text().splitlines()]
    assert epochs == [2, 3, 4]


def test_other_threads_are_told_in_a_sentence(stopped):
    from threadpoolctl import threadpool_info, threadpool_limits

    now = max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
    with threadpool_limits(now + 1, "blas"):
        done = train("--resume", stopped, "--no-gallery")
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.stdout.splitlines() if "BLAS was" in line]
    assert "its last bits may differ from those of a training that was never interrupted." in line


# --- committees and fine-tunings ------------------------------------------------------------------


class Killed(BaseException):
    pass


def killed_at(monkeypatch, where, at):
    """As by kill -9, before the ``at``-th call of a function by which a folder is written."""
    real, calls = getattr(*where), count(1)

    def call(*arguments, **more):
        if next(calls) == at:
            raise Killed
        return real(*arguments, **more)

    monkeypatch.setattr(*where, call)


def models(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.safetensors"))
    }


@pytest.fixture(scope="module")
def committee(table, tmp_path_factory):
    """A committee that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole") / "committee"
    done = train("--dataset", table, *OPTIONS, "--committee", 2, "--out", folder)
    assert done.exit_code == 0, done.output
    return models(folder)


WRITES = (os, "replace")


@pytest.mark.slow
@pytest.mark.parametrize("again", ["--resume", "the same command"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 20, 40, 61, 80, 110])
def test_a_killed_committee_goes_on_to_the_same_bits(
    table, tmp_path, committee, monkeypatch, at, again
):
    folder = tmp_path / "c"
    command = ("--dataset", table, *OPTIONS, "--committee", 2, "--out", folder)
    with monkeypatch.context() as patched:
        killed_at(patched, WRITES, at)
        with pytest.raises(Killed):
            train(*command)
    if again == "--resume" and (folder / "config.json").exists():
        command = ("--resume", folder, "--no-gallery")
    done = train(*command)
    assert done.exit_code == 0, done.output
    assert models(folder) == committee
    assert train("--resume", folder).exit_code == 0  # there is nothing left but to test it


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2])
def test_a_committee_killed_while_a_member_is_tested_goes_on(
    table, tmp_path, committee, monkeypatch, at
):
    folder = tmp_path / "c"
    with monkeypatch.context() as patched:
        killed_at(patched, (sys.modules["handwrought.cli.committee"], "test_model"), at)
        with pytest.raises(Killed):
            train("--dataset", table, *OPTIONS, "--committee", 2, "--out", folder)
    done = train("--resume", folder, "--no-gallery")
    assert done.exit_code == 0, done.output
    assert models(folder) == committee


@pytest.mark.slow
def test_a_committee_that_goes_on_takes_no_other_settings(table, tmp_path):
    folder = tmp_path / "c"
    command = ("--dataset", table, *OPTIONS, "--committee", 2, "--out", folder)
    assert train(*command).exit_code == 0
    done = train("--resume", folder, "--epochs", 9)
    assert isinstance(done.exception, InvalidArgument)
    assert "--epochs cannot change where a training goes on, and is 4 there (nothing can)" in str(
        done.exception
    )
    done = train(*command, "--learning-rate", 0.3)
    assert isinstance(done.exception, InvalidArgument)
    assert "a committee that was trained otherwise" in str(done.exception)
    done = train("--dataset", table, *OPTIONS, "--out", folder)
    assert isinstance(done.exception, InvalidArgument)
    assert "holds a committee: nothing was trained" in str(done.exception)
    done = train("--dataset", table, *OPTIONS, "--committee", 3, "--out", folder)  # it may grow
    assert done.exit_code == 0
    assert RunConfig.read(folder / "config.json").settings.committee == 3


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """A small model, and a folder of digits to teach it."""
    home, data = tmp_path_factory.mktemp("lesson"), hw.load_dataset("mnist")
    network = hw.Network([784, 16, 10], "relu", "softmax", seed=0)
    for _ in hw.train(network, data.train[:2000], epochs=1, batch_size=50, optimizer="adam"):
        pass
    network.save(home / "small.safetensors")
    collection = Collection.open(home / "digits")
    for pixels, label in zip(data.validation.images[:30], data.validation.labels, strict=False):
        collection.add(pixels, int(label))
    return home


def teach(lesson, out, *more):
    return train("--from", lesson / "small.safetensors", "--add", lesson / "digits", "--epochs", 2,
                 "--learning-rate", 0.002, "--checkpoint-every", 0, "--out", out, *more)  # fmt: skip


@pytest.fixture(scope="module")
def taught(lesson):
    assert teach(lesson, lesson / "whole").exit_code == 0
    return models(lesson / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2, 3, 4, 9])
def test_a_killed_fine_tuning_goes_on_to_the_same_bits(lesson, taught, tmp_path, monkeypatch, at):
    folder = tmp_path / "t"
    with monkeypatch.context() as patched:
        killed_at(patched, WRITES, at)
        with pytest.raises(Killed):
            teach(lesson, folder)
    if (folder / "config.json").exists():
        done = train("--resume", folder)
    else:
        done = teach(lesson, folder)
    assert done.exit_code == 0, done.output
    assert models(folder) == taught
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "history.jsonl", "model.safetensors",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_fine_tuning_killed_by_the_system_goes_on(lesson, taught, tmp_path):
    folder = tmp_path / "t"
    asked = [sys.executable, "-m", "handwrought", "train", "--from", lesson / "small.safetensors",
             "--add", lesson / "digits", "--epochs", 2, "--learning-rate", 0.002,
             "--checkpoint-every", 0, "--out", folder]  # fmt: skip
    with subprocess.Popen(list(map(str, asked)), stdout=subprocess.PIPE, text=True) as training:
        for line in training.stdout:
            if line.startswith("epoch   1"):
                break
        training.send_signal(signal.SIGKILL)
    assert not (folder / "model.safetensors").exists()
    done = train("--resume", folder)
    assert done.exit_code == 0, done.output
    assert "It goes on in epoch" in done.stdout
    assert models(folder) == taught


@pytest.mark.slow
def test_a_fine_tuning_goes_on_with_its_own_model_and_digits_alone(
    lesson, tmp_path, stopped_after, monkeypatch
):
    folder, model = tmp_path / "t", lesson / "small.safetensors"
    stopped_after(3)
    assert teach(lesson, folder).exit_code == 130
    monkeypatch.setattr(StopAfterBatch, "asked", False)
    done = train("--resume", folder, "--seed", 4)
    assert "--seed cannot change where a fine-tuning goes on" in str(done.exception)
    content = model.read_bytes()
    try:
        hw.Network([784, 16, 10], "relu", "softmax", seed=3).save(model)
        done = train("--resume", folder)
    finally:
        model.write_bytes(content)
    assert isinstance(done.exception, InvalidArgument)
    assert "is another model than the one that was taught" in str(done.exception)
    more = Collection.open(lesson / "digits")
    validation = hw.load_dataset("mnist").validation
    for index in range(100, 120):
        more.add(validation.images[index], int(validation.labels[index]))
    done = train("--resume", folder)
    assert isinstance(done.exception, InvalidArgument)
    assert "the training images or labels are others" in str(done.exception)


# --- a network that learnt nothing ----------------------------------------------------------------


@pytest.mark.slow
def test_a_network_that_reads_no_better_than_guessing_is_told_so(table, tmp_path):
    """The cost is finite: nothing else would say it."""
    done = train("--dataset", table, *OPTIONS, "--learning-rate", 1e30, "--cost", "quadratic",
                 "--out", tmp_path / "wild", "--json")  # fmt: skip
    assert done.exit_code == 0
    said = json.loads(done.stdout)["diagnosis"]
    assert "Neurons are saturated." in said
    assert "It reads no better than guessing." in said
    assert "What may help: Begin anew at learning rate" in said
    assert f"handwrought: {said}" in done.stderr
    done = train("--dataset", table, *OPTIONS, "--epochs", 30, "--out", tmp_path / "b", "--json")
    assert json.loads(done.stdout)["diagnosis"] is None
    assert "guessing" not in done.stderr
