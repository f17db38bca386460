"""What a training's files refuse: checkpoints, logs, plans and recipes at their edges."""

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest
from fuzz.readers import TINY, tiny, tiny_network
from fuzz.repair import _closed
from fuzz.seeds import seeds

import handwrought as hw
from handwrought.errors import CannotWrite, InvalidArgument, ModelFileError
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.runs.history import History
from handwrought.training.config import TrainingConfig
from handwrought.training.recipes import load_recipe, recipe_text
from handwrought.training.reports import EpochReport

PLAN = TrainingConfig(hidden=(3,), activation="tanh", cost="softmax", epochs=1)


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


def test_patience_needs_images_to_validate_on():
    with pytest.raises(InvalidArgument, match="leave one out"):
        TrainingConfig(full=True, patience=3)
    with pytest.raises(InvalidArgument, match=r"patience is 0: .* of at least 1"):
        TrainingConfig(patience=0)


def plan_file(tmp_path, **changes):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(PLAN.as_json() | changes), encoding="utf-8")
    return path


def test_a_plan_comes_back_as_it_was_written(tmp_path):
    assert RunConfig.read(plan_file(tmp_path)).settings == PLAN


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": 3},
        {"seed": "0"},
        {"full": None},
        {"hidden": None},
        {"activation": "x"},
        {"network": {"hidden": None}},
        {"training": {"epochs": 1, "verbose": True}},
        {"representation": "sideways"},
        {"augmentation": {"shift": "far"}},
        {"augmentation": {"wind": 1}},
        {"colour": "red"},
    ],
)
def test_a_plan_of_other_kinds_of_values_is_refused(changes, tmp_path):
    with pytest.raises(InvalidArgument):
        RunConfig.read(plan_file(tmp_path, **changes))


def test_a_plan_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InvalidArgument, match="name a folder"):
        RunConfig.read(tmp_path / "config.json")


def test_a_plan_makes_the_recipe_that_makes_it(tmp_path):
    plan = replace(PLAN, patience=4, learning_rate=0.5, dropout=(0.1,), about="found twice")
    path = tmp_path / "again.toml"
    path.write_text(recipe_text(plan, "two\nlines"), "utf-8")
    assert load_recipe(path) == replace(plan, recipe="again")
    assert load_recipe(path).about == "found twice"


# --- recipes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network", "is no TOML"),
        ("network = 1", "no table of a recipe"),
        ("[house]", "no table of a recipe"),
        ("[network]\nlayers = 3", "knows no 'layers'"),
        ("[network]\nhidden = 3", "give a list"),
        ("[network]\nhidden = [true]", "whole number of at least 1"),
        ("[training]\nfull = 1", "it must be true or false"),
        ("[training]\nseed = true", "it must be a whole number"),
        ("[training]\npatience = 1.5", "it must be a whole number"),
        ("[training]\nrepresentation = 3", "representation is 3: give a name"),
        ("[training]\nrepresentation = 'sideways'", "is unknown"),
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
