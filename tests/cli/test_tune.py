"""``handwrought tune`` as a user runs it."""

import json
import signal
import subprocess
import sys
import tomllib

import optuna
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from handwrought.cli import main

from .test_commands import run


def command(table, *arguments):
    return ("tune", "--dataset", table, "--hidden", 4, "--epochs", 2, *arguments)


def begun(table, cwd, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "handwrought", *map(str, command(table, *arguments))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd,
    )  # fmt: skip


def until_a_trial_has_ended(process):
    for line in process.stdout:
        if line.startswith("trial "):
            return
    pytest.fail(process.stderr.read())


def trials_of(path):
    if path.suffix == ".db":
        storage = f"sqlite:///{path}"
    else:
        backend = optuna.storages.journal.JournalFileBackend(str(path))
        storage = optuna.storages.JournalStorage(backend)
    return optuna.load_study(study_name="plain-table", storage=storage).trials


@pytest.mark.slow
def test_the_best_recipe_trains_to_the_accuracy_it_was_chosen_for(tmp_path, table):
    done = run(
        *command(table, "--trials", 4, "--seed", 3, "--tensorboard", "curves", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    best = report["best"]
    assert best["accuracy"] == max(t["accuracy"] for t in report["trials"])
    assert (report["study"], report["storage"]) == ("plain-table", "tune.log")
    assert [t.value for t in trials_of(tmp_path / "tune.log")] == [
        t["accuracy"] for t in report["trials"]
    ]
    path = tmp_path / report["recipe"]
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Found by handwrought tune, study plain-table in tune.log: trial ")
    assert f"{best['accuracy']:.2%} of 100 validation images" in text
    recipe = tomllib.loads(text)
    assert recipe["network"]["hidden"] == [4]
    assert recipe["training"]["learning_rate"] == best["values"]["learning_rate"]
    trained = run("train", "--recipe", path, "--dataset", table, "--json", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["validation_accuracy"] == best["accuracy"]
    for trial in report["trials"]:
        curves = tmp_path / "curves" / "plain-table" / f"trial-{trial['number']:03d}"
        events = EventAccumulator(str(curves)).Reload()
        assert len(events.Scalars("accuracy/validation")) == trial["epochs"]
        last = events.Scalars("accuracy/validation")[-1].value
        assert last == pytest.approx(trial["accuracy"], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["shared.log", "shared.db"])
def test_two_processes_share_a_study_and_ctrl_c_keeps_it(tmp_path, table, storage):
    asked = ("--trials", 10_000, "--storage", storage)
    with begun(table, tmp_path, *asked) as one, begun(table, tmp_path, *asked) as other:
        until_a_trial_has_ended(one)
        until_a_trial_has_ended(other)
        for process in (one, other):
            process.send_signal(signal.SIGINT)
        said = [process.communicate(timeout=60) for process in (one, other)]
        assert [one.returncode, other.returncode] == [130, 130], said
    for out, err in said:
        assert err == ""
        assert "To go on:  handwrought tune --dataset" in out
        assert "The best is trial" in out
    trials = trials_of(tmp_path / storage)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert len({trial.user_attrs["process"] for trial in trials}) == 2
    assert {trial.state.name for trial in trials} <= {"COMPLETE", "PRUNED", "FAIL"}
    tried = [tuple(sorted(t.params.items())) for t in trials if t.state.name != "FAIL"]
    assert len(set(tried)) == len(tried)
    assert (tmp_path / "plain-table-best.toml").exists()


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_by_the_same_command(tmp_path, table):
    asked = ("--trials", 8, "--set", "weight_decay=1e-6..1e-3")
    with begun(table, tmp_path, *asked) as killed:
        until_a_trial_has_ended(killed)
        killed.kill()
        killed.communicate(timeout=60)
    done = run(*command(table, *asked, "--json"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    states = [trial["state"] for trial in json.loads(done.stdout)["trials"]]
    assert sum(state in ("complete", "pruned") for state in states) == 8
    assert set(states) <= {"complete", "pruned", "stopped"}
    assert "To go on" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--trials", 0), "--trials is 0"),
        (("--timeout", -1), "--timeout is -1"),
        (("--recipe", "none"), "recipe 'none' is unknown"),
        (("--dataset", "nowhere"), "neither a data set's name"),
        (("--set", "speed=1..2"), "speed is nothing to search"),
        (("--space", "none.toml"), "none.toml cannot be read"),
        (("--optimizer", "adam", "--set", "optimizer=sgd"), "optimizer is said twice"),
        (("--storage", "study.txt"), "ends in .db"),
        (("--pruner", "axe"), "pruner 'axe' is unknown"),
        (("--out", "mine.toml"), "mine.toml is there already"),
        (("--out", "none/best.toml"), "none is no folder"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(
    tmp_path, table, arguments, word, monkeypatch, capsys
):
    (tmp_path / "mine.toml").write_text("[network]\nhidden = [3]\n")
    monkeypatch.chdir(tmp_path)
    said = arguments if "--dataset" in arguments else ("--dataset", table, *arguments)
    monkeypatch.setattr(sys, "argv", ["handwrought", "tune", *map(str, said)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("handwrought: ")
    assert word in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]
    assert (tmp_path / "mine.toml").read_text() == "[network]\nhidden = [3]\n"


def test_without_a_trial_that_ended_there_is_no_recipe(tmp_path, table):
    done = run(*command(table, "--timeout", 1e-6), cwd=tmp_path)
    assert done.returncode == 1
    assert "No trial came to its end" in done.stdout
    assert "To go on:  handwrought tune" in done.stdout
    assert not (tmp_path / "plain-table-best.toml").exists()
