"""A search for hyper-parameters: its space, its trials, and the file they are kept in."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import numpy as np
import optuna
import pytest

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import HandwroughtError, InvalidArgument, MissingExtra
from handwrought.search.search import TrialReport, begin_search
from handwrought.search.space import (
    Choice,
    Range,
    check_space,
    default_space,
    planned,
    read_space,
)
from handwrought.search.study import quiet, this_process
from handwrought.training.config import TrainingConfig
from handwrought.training.plan import build, trained_on
from handwrought.training.recipes import load_recipe, recipe_text, shipped_recipes
from handwrought.training.train import begin_training

quiet()

PLAN = TrainingConfig("rows", hidden=(4,), activation="relu", cost="softmax", epochs=3, batch_size=20,
                      learning_rate=0.1, seed=5)  # fmt: skip
RATES = {"learning_rate": Range(1e-3, 1.0)}


class Untouchable:
    """A test split that nobody may look at."""

    def __getattribute__(self, name):
        raise AssertionError(f"somebody asked the test split for its {name}")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 240)
    images = rng.integers(0, 150, (240, 5, 5), np.uint8)
    images[np.arange(240), labels] += 60
    return Dataset.with_held_out("rows", Split(images, labels, 3), Untouchable(), ("a", "b", "c"))


def told(search, trials, seconds=None):
    return [r for r in search.run(trials, seconds) if isinstance(r, TrialReport)]


# --- the space -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("learning_rate=1e-4..1e-2", "learning_rate", Range(1e-4, 1e-2)),
        ("learning-rate = 0.5", "learning_rate", Choice((0.5,))),
        ("batch_size=16..256", "batch_size", Range(16, 256)),
        ("optimizer=adam, sgd,adam", "optimizer", Choice(("adam", "sgd"))),
        ("hidden=64,256-128,0", "hidden", Choice(("64", "256-128", "0"))),
        ("hidden=32..512", "hidden", Range(32, 512)),
        ("augmentation.rotation=0..15", "augmentation.rotation", Range(0.0, 15.0)),
    ],
)
def test_a_range_a_choice_and_a_value_are_read_as_people_write_them(text, name, wanted):
    assert read_space([text]) == {name: wanted}


def test_a_range_over_a_factor_of_ten_is_searched_by_its_logarithm():
    assert Range(1e-3, 1e-2).log
    assert Range(16, 160).log
    assert not Range(0.1, 0.9).log
    assert not Range(0.0, 0.5).log
    assert Range(16, 160).whole
    assert not Range(16.0, 160.0).whole


def test_a_toml_file_says_the_same_and_options_stand_before_it(tmp_path):
    (tmp_path / "space.toml").write_text(
        'learning_rate = "1e-4..1e-2"\nhidden = [64, [256, 128]]\nepochs = 5\n'
        'optimizer = ["adam", "sgd"]\ndropout = 0.1\n[augmentation]\nshift = "0..2"\n'
    )
    assert read_space(["dropout=0..0.5"], tmp_path / "space.toml") == {
        "learning_rate": Range(1e-4, 1e-2),
        "hidden": Choice(("64", "256-128")),
        "epochs": Choice((5,)),
        "optimizer": Choice(("adam", "sgd")),
        "dropout": Range(0.0, 0.5),
        "augmentation.shift": Range(0.0, 2.0),
    }


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (["learning_rate"], "names no value"),
        (["speed=1..2"], "speed is nothing to search"),
        (["learning_rate=2..1"], "the first number must be the smaller"),
        (["learning_rate=a..b"], "give numbers"),
        (["learning_rate=nan"], "give numbers"),
        (["learning_rate=1..inf"], "give numbers"),
        (["batch_size=1.5"], "give whole numbers"),
        (["hidden=64--32"], "give whole numbers"),
        (["optimizer="], "give names"),
        (["epochs=1", "epochs=2"], "said twice"),
        (["learning_rate=1..2", "relative_learning_rate=1..2"], "leave one out"),
    ],
)
def test_what_is_no_space_is_told_in_one_sentence(texts, word):
    with pytest.raises(InvalidArgument, match=word):
        read_space(texts)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"= nothing", "no TOML"),
        (b"\xff\xfe", "no TOML"),
        (b"epochs = []", "at least one"),
        (b"epochs = true", "give whole"),
        (b"epochs = {}", "give whole"),
        (b"optimizer = 3", "give names"),
        (b"training = 3", "nothing to search"),
    ],
)
def test_a_file_that_is_no_space_is_told_with_its_name(tmp_path, content, word):
    (tmp_path / "space.toml").write_bytes(content)
    with pytest.raises(InvalidArgument, match=rf"space\.toml.*{word}"):
        read_space([], tmp_path / "space.toml")
    with pytest.raises(InvalidArgument, match="cannot be read"):
        read_space([], tmp_path / "none.toml")


def test_a_plan_takes_the_values_of_a_trial():
    values = {"hidden": "8-6", "optimizer": "adam", "cost": "quadratic", "patience": 2, "l1": 0.1}
    plan = planned(PLAN, values)
    assert plan == replace(
        PLAN, hidden=(8, 6), cost="quadratic", optimizer="adam", l1=0.1, patience=2
    )
    assert planned(PLAN, {"hidden": "0"}).hidden == ()
    assert PLAN.optimizer == "sgd"


def test_a_relative_learning_rate_is_of_the_plans_or_of_another_optimizers_own():
    def rate(**values):
        return planned(PLAN, {"relative_learning_rate": 2.0, **values}).learning_rate

    assert rate() == 0.2
    assert rate(optimizer="adam") == 0.002
    assert rate(cost="quadratic") == 6.0


def test_a_strength_scales_the_augmentation():
    changed = replace(PLAN, augmentation=Augmentation(rotation=10))
    assert planned(changed, {"augmentation": 0.5}).augmentation == Augmentation(rotation=5)
    assert planned(changed, {"augmentation": 0.0}).augmentation is None
    assert planned(PLAN, {"augmentation": 1.0}).augmentation.rotation > 0
    turned = planned(changed, {"augmentation.rotation": 3.0, "augmentation.shift": 1.0})
    assert turned.augmentation == Augmentation(rotation=3, shift=1)
    settled = replace(changed, anneal_augmentation=0.2)
    assert planned(settled, {"augmentation": 0.0}).augmentation == Augmentation()


@pytest.mark.parametrize("recipe", shipped_recipes())
def test_the_usual_space_around_each_recipe_fits(recipe, data):
    # These rows are no digits.
    plan = replace(load_recipe(recipe), full=False, representation="as-is")
    space = default_space(plan, data)
    check_space(space, plan, data)
    assert {"weight_decay", "dropout", "hidden", "batch_size", "optimizer", "activation",
            "augmentation", "relative_learning_rate"} == set(space)  # fmt: skip


def test_a_recipe_is_read_back_as_it_was_written(tmp_path):
    recipe = TrainingConfig(
        recipe="odd", about='a "quoted" \\ line\n\tand é, 😀, \x7f', hidden=(8, 6),
        activation=("relu", "tanh"), cost="softmax", epochs=3, learning_rate=1e-05, full=True,
        dropout=0.1, clip_norm=1e22, augmentation=Augmentation(rotation=2.5, share=0.5),
    )  # fmt: skip
    (tmp_path / "odd.toml").write_text(recipe_text(recipe, "found\nhere"), encoding="utf-8")
    assert (tmp_path / "odd.toml").read_text(encoding="utf-8").startswith("# found\n# here\nabout")
    found = load_recipe(tmp_path / "odd.toml")
    assert (found, found.about) == (recipe, recipe.about)
    (tmp_path / "odd.toml").write_text(recipe_text(replace(recipe, augmentation=Augmentation())))
    assert load_recipe(tmp_path / "odd.toml").augmentation == Augmentation()


# --- the search ----------------------------------------------------------------------------------


def test_the_best_trial_is_a_training_that_anyone_can_repeat(data):
    search = begin_search(PLAN, {**RATES, "hidden": Choice(("4", "8-4"))}, data, pruner="none")
    reports = told(search, 6)
    assert [report.number for report in reports] == list(range(6))
    best = search.best()
    assert best.accuracy == max(report.accuracy for report in reports)
    plan = search.plan_of(best.number)
    assert plan.learning_rate == best.values["learning_rate"]
    again = list(begin_training(build(plan, data), trained_on(plan, data), plan))
    assert again[-1].validation_accuracy == best.accuracy


def test_a_study_that_was_stopped_asks_the_same_as_one_that_never_was(data, tmp_path):
    space = {**RATES, "dropout": Range(0.0, 0.5), "optimizer": Choice(("sgd", "adam"))}
    whole = told(begin_search(PLAN, space, data), 12)
    with closing(begin_search(PLAN, space, data, storage=tmp_path / "s.log").run(12)) as reports:
        ended = 0
        for report in reports:
            ended += isinstance(report, TrialReport)
            if ended == 4 and not isinstance(report, TrialReport):
                break  # within the fifth
    search = begin_search(PLAN, space, data, storage=tmp_path / "s.log")
    assert [trial.state for trial in search.trials()][4:] == ["stopped"]
    told(search, 12)
    parts = [trial for trial in search.trials() if trial.state != "stopped"]
    assert [trial.values for trial in parts] == [trial.values for trial in whole]
    assert [trial.accuracy for trial in parts] == [trial.accuracy for trial in whole]
    assert told(search, 12) == []


def test_a_trial_that_diverges_or_does_not_fit_ends_alone(data):
    rates = begin_search(PLAN, {"learning_rate": Choice((0.1, 1e30))}, data)
    states = {r.values["learning_rate"]: r for r in told(rates, 12)}
    assert states[0.1].state == "complete"
    assert states[1e30].state == "diverged"
    assert states[1e30].reason == "the cost overflowed in epoch 1"
    assert rates.study.trials[states[1e30].number].state is optuna.trial.TrialState.PRUNED
    space = {"optimizer": Choice(("momentum", "sgd")), "momentum": Choice((0.5, 0.8))}
    both = begin_search(replace(PLAN, optimizer="momentum"), space, data)
    states = {r.values["optimizer"]: r for r in told(both, 8)}
    assert (states["sgd"].state, states["momentum"].state) == ("unfit", "complete")
    assert "takes no" in states["sgd"].reason


@pytest.mark.slow
@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_hopeless_trials_end_early(data, pruner):
    plan = replace(PLAN, epochs=8)
    reports = told(begin_search(plan, {"learning_rate": Range(1e-5, 1.0)}, data, pruner=pruner), 16)
    pruned = [report for report in reports if report.state == "pruned"]
    complete = [report for report in reports if report.state == "complete"]
    assert pruned
    assert all(report.epochs < 8 and "hopeless" in report.reason for report in pruned)
    assert complete
    assert all(report.epochs == 8 for report in complete)
    assert max(r.accuracy for r in complete) > max(r.accuracy for r in pruned)


def test_with_a_patience_the_best_epoch_counts(data):
    plan = replace(PLAN, patience=2, epochs=30)
    search = begin_search(plan, RATES, data, pruner="none")
    for report in told(search, 4):
        epochs = search.study.trials[report.number].intermediate_values
        assert report.accuracy == max(epochs.values())


def test_the_time_that_is_over_stops_a_trial_which_does_not_count(data):
    plan = replace(PLAN, epochs=700)
    search = begin_search(plan, RATES, data)
    (report,) = told(search, 5, seconds=0.05)
    assert (report.state, report.reason) == ("stopped", "the time was over")
    assert search.best() is None


def test_what_no_trial_could_use_is_told_before_the_first(data, tmp_path):
    for space, word in (
        ({"optimizer": Choice(("sgd", "magic"))}, "magic"),
        ({"batch_size": Range(0, 10)}, "batch_size is 0"),
        ({"hidden": Choice(("8-0",))}, r"hidden is \[8, 0\]"),
        ({"patience": Choice((0, 2))}, "patience is 0"),
        ({"dropout": Range(0.0, 1.0)}, "dropout is 1.0"),
        ({"augmentation.scale": Range(0.0, 2.0)}, "scale is 2.0"),
    ):
        with pytest.raises(InvalidArgument, match=word):
            begin_search(PLAN, space, data, storage=tmp_path / "s.log")
    with pytest.raises(InvalidArgument, match="needs validation images"):
        begin_search(PLAN, RATES, replace(data, validation=None))
    with pytest.raises(InvalidArgument, match="pruner 'axe' is unknown"):
        begin_search(PLAN, RATES, data, pruner="axe")
    assert not list(tmp_path.iterdir())


# --- where it is kept ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["s.log", "s.db"])
def test_a_study_is_kept_and_optuna_reads_it(data, tmp_path, name):
    search = begin_search(PLAN, RATES, data, storage=tmp_path / name, name="mine")
    told(search, 2)
    if name == "s.db":
        storage = f"sqlite:///{tmp_path / name}"
    else:
        backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / name))
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name="mine", storage=storage)
    assert [trial.value for trial in study.trials] == [t.accuracy for t in search.trials()]
    assert study.best_trial.number == search.best().number
    again = begin_search(PLAN, RATES, data, storage=tmp_path / name, name="mine")
    assert again.trials() == search.trials()


def test_a_study_of_something_else_is_not_gone_on_with(data, tmp_path):
    path = tmp_path / "s.log"
    told(begin_search(PLAN, RATES, data, storage=path, name="mine"), 1)
    other = begin_search(PLAN, RATES, data, storage=path, name="another")
    assert other.trials() == []
    for plan, space, word in (
        (replace(PLAN, seed=6), RATES, "of another plan"),
        (PLAN, {"learning_rate": Range(1e-3, 2.0)}, "of another space"),
    ):
        with pytest.raises(InvalidArgument, match=word):
            begin_search(plan, space, data, storage=path, name="mine")
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    optuna.create_study(storage=storage, study_name="foreign").optimize(lambda trial: 1, 1)
    with pytest.raises(InvalidArgument, match="was not made by handwrought"):
        begin_search(PLAN, RATES, data, storage=path, name="foreign")


def test_a_file_that_is_no_study_is_told_and_left_as_it_was(data, tmp_path):
    contents = {
        "notes.log": b"2025-01-01 started\n",
        "noise.log": bytes(range(256)),
        "broken.log": b'{"op_code":\n{"op_code":0}\n',
        "noise.db": bytes(range(256)) * 8,
        "name.txt": b"",
    }
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("CREATE TABLE addresses (street)")
    contents["other.db"] = (tmp_path / "other.db").read_bytes()
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidArgument, match=name):
            begin_search(PLAN, RATES, data, storage=tmp_path / name)
        assert (tmp_path / name).read_bytes() == content
    for name in ("none/s.log", "none/s.db"):
        with pytest.raises(InvalidArgument, match=name):
            begin_search(PLAN, RATES, data, storage=tmp_path / name)


def test_a_write_that_was_cut_off_is_taken_back(data, tmp_path):
    told(begin_search(PLAN, RATES, data, storage=tmp_path / "s.log"), 2)
    whole = (tmp_path / "s.log").read_bytes()
    (tmp_path / "s.log").write_bytes(whole + b'{"op_code":4,"worker_id":"')
    search = begin_search(PLAN, RATES, data, storage=tmp_path / "s.log")
    assert (tmp_path / "s.log").read_bytes().startswith(whole)
    assert len(told(search, 4)) == 2
    assert len(begin_search(PLAN, RATES, data, storage=tmp_path / "s.log").trials()) == 4


def test_a_storage_that_fails_is_told_and_what_it_held_stays(data, tmp_path, monkeypatch):
    search = begin_search(PLAN, RATES, data, storage=tmp_path / "s.log")
    reports = search.run(4)
    while not isinstance(next(reports), TrialReport):
        pass

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("optuna.storages.journal.JournalFileBackend.append_logs", full)
        with pytest.raises(HandwroughtError, match=r"s\.log can no longer be used \(No space left"):
            list(reports)
    assert begin_search(PLAN, RATES, data, storage=tmp_path / "s.log").best() is not None


def test_the_trial_of_a_process_that_died_is_given_up(data, tmp_path):
    search = begin_search(PLAN, RATES, data, storage=tmp_path / "s.log")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    mine, theirs, young = (search.study.ask() for _ in range(3))
    mine.set_user_attr("process", this_process())
    theirs.set_user_attr("process", f"{this_process().rpartition(' ')[0]} {gone.pid}")
    assert len(told(search, 3)) == 2  # one is running
    states = [trial.state for trial in search.trials()]
    assert states == ["running", "stopped", "stopped", "complete", "complete"]
    assert search.trials()[1].reason == "its process died"
    # It has not said whose it is, and may be about to: it is left alone, and not waited for.
    assert search.study.trials[young.number].state is optuna.trial.TrialState.RUNNING


def test_without_optuna_the_extra_is_named(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"pip install 'handwrought\[tune\]'"):
        begin_search(PLAN, RATES, data)
