"""A configuration as a folder keeps it: what is made of it, and the sentence for a file that is none."""

import json
from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.errors import InvalidArgument
from handwrought.runs.config import RunConfig
from handwrought.training.config import TrainingConfig
from handwrought.training.plan import build, gone_on, record_of, trained_on

CHANGES = Augmentation(shift=1.0)
PLAN = TrainingConfig(hidden=(5, 3), activation="tanh", cost="cross-entropy", initializer="glorot",
                      seed=4, epochs=2, batch_size=3)  # fmt: skip
CHANGED = replace(PLAN, hidden=(7,), representation="upright", epochs=9, augmentation=CHANGES)
OLD = {
    "dataset": "é",
    "network": {"hidden": [5, 3], "activation": "tanh", "cost": "cross-entropy",
                "initializer": "glorot"},
    "training": {"epochs": 2, "batch_size": 3, "hardest": 0.5, "average": 0.9, "strangers": 0.1,
                 "settle": 0.2, "plateau_patience": 2},
    "seed": 4, "full": False, "patience": 2, "view": "upright", "recipe": "mine",
    "augmentation": {"shift": 1.0}, "committee": None,
}  # fmt: skip
"""What a folder kept before."""


def split(n):
    images = np.zeros((n, 28, 28), np.uint8)
    for i, image in enumerate(images):
        image[6:20, 8 + i : 11 + i] = 255
        image[6:9, 8:16] = 99
    return Split(images, np.arange(n) % 3, 3)


DATA = Dataset("strokes", split(4), split(2), split(3), split(6), ("a", "b", "c"))


def test_it_builds_the_network_that_it_speaks_of():
    net = build(PLAN, DATA)
    same = hw.Network([784, 5, 3, 3], "tanh", "cross-entropy", seed=4, initializer="glorot")
    assert net.sizes == same.sizes
    assert [a.name for a in net.activations] == ["tanh", "tanh", "sigmoid"]
    assert net.cost.name == "cross-entropy"
    assert np.array_equal(net.parameters.vector, same.parameters.vector)
    mixed = build(replace(PLAN, activation=("relu", "tanh")), DATA)
    assert [a.name for a in mixed.activations] == ["relu", "tanh", "sigmoid"]


@pytest.mark.parametrize(
    ("representation", "n_inputs"), [("upright", 784), ("strokes", 1568), ("as-is", 784)]
)
def test_its_network_takes_as_many_numbers_as_its_representation_gives(representation, n_inputs):
    assert build(replace(PLAN, representation=representation), DATA).n_inputs == n_inputs


def test_it_trains_on_all_where_nothing_is_validated_and_on_the_first_images_where_asked():
    assert trained_on(PLAN, DATA) is DATA
    assert trained_on(replace(PLAN, full=True), DATA) is DATA.full_train
    assert trained_on(replace(PLAN, images=9), DATA) is DATA
    first = trained_on(replace(PLAN, images=2), DATA)
    assert (len(first.train), first.validation) == (2, DATA.validation)
    assert len(trained_on(replace(PLAN, full=True, images=5), DATA)) == 5


def test_a_models_header_says_how_it_was_trained_and_nothing_twice():
    record = record_of(CHANGED)
    assert record["representation"] == "upright"
    assert record["augmentation"]["shift"] == 1.0
    assert record["initializer"] == "glorot"
    assert not {"hidden", "activation", "cost", "dataset", "about", "committee"} & set(record)


# --- from a file ---------------------------------------------------------------------------------


def test_a_plan_comes_back_from_its_json(tmp_path):
    path = tmp_path / "config.json"
    for plan in (PLAN, CHANGED, replace(PLAN, dataset="é", dropout=(0.1, 0.2))):
        path.write_bytes(json.dumps(plan.as_json(), ensure_ascii=False).encode())
        assert RunConfig.read(str(path)).settings == plan


def test_a_plan_of_before_is_read_by_the_names_of_today(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(OLD))
    assert RunConfig.read(path).settings == replace(
        PLAN, dataset="é", backprop_fraction=0.5, ema_decay=0.9, outliers=0.1,
        anneal_augmentation=0.2, plateau_patience=2, patience=2, representation="upright",
        recipe="mine", augmentation=CHANGES,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dataset": 3}, "dataset is 3: it must be a text"),
        ({"network": [1]}, "network is [1]"),
        ({"training": "x"}, "training is 'x'"),
        ({"seed": "0"}, "seed is '0': it must be a whole number of at least 0"),
        ({"full": None}, "full is None: it must be true or false"),
        ({"patience": 1.5}, "patience is 1.5: it must be a whole number of at least 1"),
        ({"view": 3}, "representation is 3: give a name"),
        ({"recipe": None}, "recipe is None: it must be a text"),
        ({"committee": 0}, "committee is 0: it must be a whole number of at least 1"),
        ({"network": {**OLD["network"], "hidden": 3}}, "hidden is 3: give a list such as [100, 50]"),
        ({"training": {"epochs": 1, "hue": 2}}, "there is no 'hue': use "),
        ({"training": {}}, "it has no epochs"),
        ({"average": 0.1, "ema_decay": 0.1}, "average is the old name of ema_decay, and both are there"),
        ({"augmentation": {"wind": 1}}, "augmentation has no 'wind': use shift, "),
    ],
)  # fmt: skip
def test_a_plan_of_other_values_is_told_in_a_sentence(changes, why, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**OLD, **changes}))
    with pytest.raises(InvalidArgument) as caught:
        RunConfig.read(path)
    assert str(caught.value).startswith(f"{path} is no training's plan, or is damaged: {why}")


def test_a_plan_that_is_not_there_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "config.json"
    with pytest.raises(InvalidArgument) as caught:
        RunConfig.read(path)
    assert str(caught.value) == (
        f"{path} cannot be read (No such file or directory): name a folder that handwrought train "
        f"--out made"
    )


@pytest.mark.slow
def test_a_plan_with_any_bit_changed_is_refused(tmp_path):
    path = tmp_path / "config.json"
    plan = replace(PLAN, learning_rate=1e-4, seed=2**60)
    RunConfig(plan).write(path)
    assert RunConfig.read(path).settings == plan
    content = path.read_bytes()
    for at in range(0, 8 * len(content), 3):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        with pytest.raises(InvalidArgument):
            RunConfig.read(path)


def test_a_plan_that_goes_on_changes_what_can_change_and_no_more():
    plan = replace(PLAN, epochs=3, learning_rate=0.1, batch_size=10)
    same = {"seed": 4, "batch_size": 10, "dataset": "mnist", "hidden": [5, 3]}
    assert gone_on(plan, same) == plan
    assert gone_on(plan, {"epochs": 9}) == replace(plan, epochs=9)
    for asked, said in (
        ({"epochs": 9, "batch_size": 5}, "--batch-size cannot change .* is 10 there"),
        ({"seed": 1}, r"--seed .* --epochs, .*--learning-rate, .* can\): leave it out"),
        ({"recipe": "quick"}, "--recipe cannot change"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            gone_on(plan, asked)
    with pytest.raises(InvalidArgument, match=r"--epochs cannot .*nothing can"):
        gone_on(replace(plan, committee=2), {"epochs": 9})
