"""Recipes, plans and checkpoints."""

import json
from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.training.plan import build
from handwrought.training.recipes import load_recipe, shipped_recipes
from handwrought.training.train import begin_training


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_one_that_training_takes(name):
    recipe = load_recipe(name)
    assert recipe.about
    data = hw.load_dataset("mnist")
    begin_training(build(recipe, data), data.train[:600], recipe)


def test_the_recipes_are_there():
    assert set(shipped_recipes()) == {"article", "quick", "record", "record-pixels", "shipped"}


def test_a_plan_comes_back_from_its_file(tmp_path):
    plan = replace(load_recipe("shipped"), seed=4)
    (tmp_path / "config.json").write_text(json.dumps(plan.as_json()))
    assert RunConfig.read(tmp_path / "config.json").settings == plan


@pytest.mark.parametrize("content", ["", "[]", '{"augmentation": 3}', '{"hue": 1}', "{" * 5000])
def test_a_damaged_plan_is_told(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InvalidArgument, match="is no training's plan"):
        RunConfig.read(tmp_path / "config.json")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("[training", "is no TOML"),
        ("[magic]\nx = 1", r"\[magic\] is no table"),
        ("[training]\nepoch = 1", "knows no 'epoch'"),
        ("[network]\nhidden = 30", "give a list"),
        ("[augmentation]\nrotation = -1", "rotation is -1"),
        ("about = 3", "about"),
        ('[training]\nrepresentation = "sideways"', "'sideways' is unknown: use one of as-is"),
    ],
)
def test_a_wrong_recipe_is_told(tmp_path, content, word):
    (tmp_path / "x.toml").write_text(content)
    with pytest.raises(InvalidArgument, match=word):
        load_recipe(tmp_path / "x.toml")


def test_an_unknown_recipe_names_those_there_are():
    with pytest.raises(InvalidArgument, match="article, quick, record-pixels, record, shipped"):
        load_recipe("best")


def test_weaker_changes_are_the_same_changes():
    change = Augmentation(shift=2, elastic=1, elastic_sigma=5, share=0.5, flags=0.2, rotation=10)
    half = change.times(0.5)
    assert (half.shift, half.elastic, half.rotation) == (1, 0.5, 5)
    assert (half.elastic_sigma, half.share, half.flags) == (5, 0.5, 0.2)
    assert change.times(1) is change


def test_flags_without_labels_are_refused():
    with pytest.raises(InvalidArgument, match="give the labels"):
        Augmentation(flags=0.5)(np.zeros((1, 28, 28), np.uint8), np.random.default_rng(0))


def test_stretched_digits_are_wider_and_no_taller():
    images = hw.load_dataset("mnist").train.images[:200]
    out = Augmentation(stretch=1.0)(images, np.random.default_rng(0)) > 0.3
    ink = images > 76
    wider = out.any(1).sum(1) - ink.any(1).sum(1)
    taller = out.any(2).sum(1) - ink.any(2).sum(1)
    assert wider.mean() > 1
    assert wider.min() >= -1
    assert np.abs(taller).max() <= 1


@pytest.fixture
def checkpoint(tmp_path):
    data = hw.load_dataset("mnist").train[:100]
    training = hw.train(hw.Network([784, 5, 10]), data, epochs=2, optimizer="adam", ema_decay=0.9)
    next(training)
    state = training.state()
    save_checkpoint(state, tmp_path / "c.safetensors")
    return state, tmp_path / "c.safetensors"


def test_a_checkpoint_comes_back_exactly(checkpoint):
    state, path = checkpoint
    found = load_checkpoint(path)
    assert (found.epoch, found.batch) == (state.epoch, state.batch) == (2, 0)
    assert found.numbers == state.numbers
    assert found.settings == json.loads(json.dumps(dict(state.settings)))
    assert set(found.arrays) == {"parameters", "good", "mean", "square", "average"}
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def test_a_damaged_or_foreign_checkpoint_is_told(checkpoint, tmp_path):
    _, path = checkpoint
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="digest"):
        load_checkpoint(path)
    path.write_bytes(content[:100])
    with pytest.raises(ModelFileError, match="give a checkpoint"):
        load_checkpoint(path)
    hw.Network([4, 2]).save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="no checkpoint"):
        load_checkpoint(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_checkpoint(tmp_path / "none")
