"""What a training's files refuse: checkpoints, logs, plans and recipes at their edges."""

import errno
import json
import os

import numpy as np
import pytest
from fuzz.readers import TINY, tiny, tiny_network
from fuzz.repair import _closed
from fuzz.seeds import seeds

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.errors import CannotWrite, InvalidArgument, ModelFileError
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.runs.history import History
from handwrought.training.plan import Plan
from handwrought.training.recipes import Recipe, load_recipe, recipe_text
from handwrought.training.reports import EpochReport

DEFAULTS = {
    "hidden": [3], "activation": "tanh", "cost": "softmax", "initializer": None, "seed": 0,
    "full": False, "patience": None, "epochs": 1,
}  # fmt: skip


def refuse(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


# --- checkpoints ---------------------------------------------------------------------------------


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    training = hw.train(tiny_network(), tiny(), **TINY)
    next(training)
    path = tmp_path / "checkpoint"
    save_checkpoint(training.state(), path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(CannotWrite, match="the checkpoint before it is kept"):
        save_checkpoint(training.state(), path)
    assert path.read_bytes() == before


def test_a_checkpoint_of_a_newer_version_or_none_at_all_is_told(tmp_path):
    path = tmp_path / "checkpoint"
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_checkpoint(path)
    content = seeds("checkpoint")[0]
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    ours = json.loads(header["__metadata__"]["handwrought-checkpoint"])
    header["__metadata__"]["handwrought-checkpoint"] = json.dumps(ours | {"format": 99})
    path.write_bytes(_closed(header, content[8 + length :]))
    with pytest.raises(ModelFileError, match="has format 99"):
        load_checkpoint(path)
    path.write_bytes(content[:-1] + b"\x01")
    with pytest.raises(ModelFileError, match="digest does not match"):
        load_checkpoint(path)


# --- logs ----------------------------------------------------------------------------------------


def report(epoch):
    return EpochReport(epoch, 9, 1.0, None, None, 0.1, 1.0, 2.0)


def test_a_log_that_was_closed_is_closed_again_and_written_whole_again(tmp_path, monkeypatch):
    history = History(tmp_path / "log")
    history.add(report(1))
    history.write()
    history.close()
    history.close()
    history.add(report(2))
    history.sync()
    assert len(History(tmp_path / "log", 2).reports) == 2
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(CannotWrite, match="as soon as it can be"):
            history.sync()
        with pytest.raises(CannotWrite, match="as soon as it can be"):
            history.write()
    with monkeypatch.context() as patched:
        history.add(report(3))
        history.write()
        history.add(report(4))
        patched.setattr(os, "write", refuse)
        with pytest.raises(CannotWrite, match="as soon as it can be"):
            history.write()
    history.write()
    history.close()
    assert len(History(tmp_path / "log", 4).reports) == 4


def test_a_log_that_is_not_there_is_empty_and_a_folder_is_no_log(tmp_path):
    assert History(tmp_path / "log", 5).reports == []
    with pytest.raises(ModelFileError, match="cannot be read"):
        History(tmp_path, 5)


def test_a_log_whose_epochs_are_out_of_order_is_told(tmp_path):
    lines = [json.dumps(vars(report(epoch))) + "\n" for epoch in (1, 2, 4, 3)]
    (tmp_path / "log").write_text("".join(lines), encoding="utf-8")
    assert [each.epoch for each in History(tmp_path / "log", 2).reports] == [1, 2]
    (tmp_path / "log").write_text("".join(lines), encoding="utf-8")
    with pytest.raises(ModelFileError, match="line 3: an epoch is missing before it"):
        History(tmp_path / "log", 3)


# --- plans ---------------------------------------------------------------------------------------


def test_a_plan_with_patience_needs_images_to_validate_on():
    with pytest.raises(InvalidArgument, match="leave one out"):
        Plan.of("mnist", DEFAULTS, None, {"full": True, "patience": 3})
    with pytest.raises(InvalidArgument, match="at least 1 epoch"):
        Plan.of("mnist", DEFAULTS, None, {"patience": 0})


def plan_file(tmp_path, **changes):
    path = tmp_path / "config.json"
    plan = Plan.of("mnist", DEFAULTS, None, {})
    path.write_text(json.dumps(plan.as_json() | changes), encoding="utf-8")
    return path


def test_a_plan_comes_back_as_it_was_written(tmp_path):
    assert Plan.read(plan_file(tmp_path)) == Plan.of("mnist", DEFAULTS, None, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": 3},
        {"seed": "0"},
        {"full": None},
        {"network": {"hidden": [3]}},
        {"network": {**dict.fromkeys(("activation", "cost", "initializer"), "x"), "hidden": None}},
        {"training": {}},
        {"training": {"epochs": 1, "verbose": True}},
        {"view": "sideways"},
        {"augmentation": {"shift": "far"}},
        {"augmentation": {"wind": 1}},
        {"colour": "red"},
    ],
)
def test_a_plan_of_other_kinds_of_values_is_refused(changes, tmp_path):
    with pytest.raises(InvalidArgument):
        Plan.read(plan_file(tmp_path, **changes))


def test_a_plan_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InvalidArgument, match="name a folder"):
        Plan.read(tmp_path / "config.json")


def test_a_plan_makes_the_recipe_that_makes_it(tmp_path):
    asked = {"patience": 4, "learning_rate": 0.5, "dropout": [0.1]}
    plan = Plan.of("mnist", DEFAULTS, None, asked)
    path = tmp_path / "again.toml"
    path.write_text(recipe_text(plan.as_recipe("again", "found twice"), "two\nlines"), "utf-8")
    recipe = load_recipe(path)
    assert recipe.about == "found twice"
    assert recipe.augmentation is None
    again = Plan.of("mnist", DEFAULTS, recipe, {})
    assert (again.network, again.training, again.patience) == (
        plan.network,
        plan.training,
        plan.patience,
    )


# --- recipes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network", "is no TOML"),
        ("network = 1", "no table of a recipe"),
        ("[house]", "no table of a recipe"),
        ("[network]\nlayers = 3", "knows no 'layers'"),
        ("[network]\nhidden = 3", "give a list"),
        ("[network]\nhidden = [true]", "give a list"),
        ("[training]\nfull = 1", "it must be true or false"),
        ("[training]\nseed = true", "it must be a whole number"),
        ("[training]\npatience = 1.5", "it must be a whole number"),
        ("[training]\nview = 3", "view 3 is unknown"),
        ("[training]\nview = 'sideways'", "is unknown"),
        ("[augmentation]\nshift = -1", "shift is -1"),
        ("x = 0x1ffffffffffffffff", "a whole number of 65 bits"),
        ("#" * 30_000, "it has more than 20,000 bytes"),
        ("\udcff", "is no TOML"),
    ],
)
def test_what_is_no_recipe_is_told(text, words, tmp_path):
    path = tmp_path / "r.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InvalidArgument, match=words):
        load_recipe(path)


def test_a_recipe_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(InvalidArgument, match=r"'soup' is unknown: use .*shipped"):
        load_recipe("soup")


def test_a_recipe_is_written_as_it_is_read(tmp_path):
    recipe = Recipe("r", 'a "quoted" line\x7f', {"hidden": [3], "initializer": None},
                    {"epochs": 2}, Augmentation(shift=2.0))  # fmt: skip
    (tmp_path / "r.toml").write_text(recipe_text(recipe), encoding="utf-8")
    found = load_recipe(tmp_path / "r.toml")
    assert (found.about, found.training) == (recipe.about, recipe.training)
    assert found.network == {"hidden": [3]}
    assert found.augmentation == recipe.augmentation


# --- what a file asks of a training --------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epochs": 1 << 63}, "epochs is"),
        ({"plateau_patience": 0}, "plateau_patience is 0"),
        ({"optimizer": ["sgd"]}, "give a name"),
        ({"schedule": None}, "give a name"),
        ({"learning_rate": "fast"}, "it must be a number"),
        ({"learning_rate": 10**400}, "it must be a number"),
        ({"weight_decay": True}, "it must be a number"),
        ({"clip_norm": "1"}, "it must be a number"),
        ({"dropout": None}, "it must be a number"),
        ({"dropout": ["0.1"]}, "it must be a number"),
    ],
)
def test_a_training_is_asked_for_in_numbers_and_names(arguments, words):
    with pytest.raises(InvalidArgument, match=words):
        hw.train(tiny_network(), tiny(), **arguments)


def test_a_share_for_each_layer_may_be_an_array():
    reports = hw.train(tiny_network(), tiny(), epochs=1, dropout=np.array([0.5]))
    assert next(reports).epoch == 1
