"""A plan: what it makes of recipes and wishes, and the sentence for a file that is none."""

import json
from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import represent
from handwrought.errors import InvalidArgument
from handwrought.training.plan import Plan
from handwrought.training.recipes import Recipe

DEFAULTS = {
    "hidden": [5, 3], "activation": "tanh", "cost": "cross-entropy", "initializer": "glorot",
    "seed": 4, "full": False, "patience": None, "epochs": 2, "batch_size": 3,
}  # fmt: skip
NETWORK = {"hidden": [5, 3], "activation": "tanh", "cost": "cross-entropy", "initializer": "glorot"}
CHANGES = Augmentation(shift=1.0)
RECIPE = Recipe("mine", "", {"hidden": [7]}, {"view": "upright", "epochs": 9}, CHANGES)


def split(n):
    images = np.zeros((n, 28, 28), np.uint8)
    for i, image in enumerate(images):
        image[6:20, 8 + i : 11 + i] = 255
        image[6:9, 8:16] = 99
    return Split(images, np.arange(n) % 3, 3)


DATA = Dataset("strokes", split(4), split(2), split(3), split(6), ("a", "b", "c"))


def test_a_plan_holds_what_is_asked_for_then_what_the_recipe_says_then_the_defaults():
    assert Plan.of("here", DEFAULTS, None, {}) == Plan(
        "here", NETWORK, {"epochs": 2, "batch_size": 3}, 4, False, None, "as-is", "", None
    )
    assert Plan.of("here", DEFAULTS, RECIPE, {"batch_size": 8, "patience": 1, "seed": 5}) == Plan(
        "here", NETWORK | {"hidden": [7]}, {"epochs": 9, "batch_size": 8}, 5, False, 1, "upright",
        "mine", CHANGES,
    )  # fmt: skip
    assert Plan.of("here", DEFAULTS, None, {"full": True}).full


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"full": True, "patience": 3},
         "--patience needs the validation images, which --full trains on: leave one out"),
        ({"patience": 0}, "--patience is 0: give at least 1 epoch"),
    ],
)  # fmt: skip
def test_a_patience_that_makes_no_sense_is_told(asked, message):
    with pytest.raises(InvalidArgument) as caught:
        Plan.of("mnist", DEFAULTS, None, asked)
    assert str(caught.value) == message


def test_it_builds_the_network_that_it_speaks_of():
    net = Plan.of("here", DEFAULTS, None, {}).build(DATA)
    same = hw.Network([784, 5, 3, 3], "tanh", "cross-entropy", seed=4, initializer="glorot")
    assert net.sizes == same.sizes
    assert [a.name for a in net.activations] == ["tanh", "tanh", "sigmoid"]
    assert net.cost.name == "cross-entropy"
    assert np.array_equal(net.parameters.vector, same.parameters.vector)


def test_it_trains_on_all_where_nothing_is_validated():
    plan = Plan.of("here", DEFAULTS, RECIPE, {})
    assert plan.trained_on(DATA) is DATA
    assert replace(plan, full=True).trained_on(DATA) is DATA.full_train


def test_what_it_looks_at_is_in_its_view_and_its_network_takes_as_many_numbers():
    plan = Plan.of("here", DEFAULTS, RECIPE, {})
    for view, n_inputs in (("upright", 784), ("strokes", 1568), ("as-is", 784)):
        own = replace(plan, view=view)
        found = own.seen(DATA.train)
        assert np.array_equal(found.images, represent(DATA.train.images, view))
        assert own.build(DATA).n_inputs == found.n_inputs == n_inputs


def test_what_training_is_called_with():
    assert Plan.of("here", DEFAULTS, RECIPE, {}).arguments() == {
        "epochs": 9, "batch_size": 3, "seed": 4, "augmentation": CHANGES, "view": "upright"
    }  # fmt: skip


def test_the_recipe_of_a_plan_makes_it_again():
    plan = Plan.of("here", DEFAULTS, RECIPE, {"patience": 2})
    recipe = plan.as_recipe("again", "about it")
    assert recipe == Recipe(
        "again",
        "about it",
        NETWORK | {"hidden": [7]},
        {"epochs": 9, "batch_size": 3, "seed": 4, "full": False, "patience": 2, "view": "upright"},
        CHANGES,
    )
    assert Plan.of("here", DEFAULTS, recipe, {}) == replace(plan, recipe="again")
    plain = Plan.of("here", DEFAULTS | {"initializer": None}, None, {}).as_recipe("plain", "")
    assert plain.training == {"epochs": 2, "batch_size": 3, "seed": 4, "full": False}
    assert "initializer" not in plain.network


# --- from a file ---------------------------------------------------------------------------------


def test_a_plan_comes_back_from_its_json(tmp_path):
    path = tmp_path / "config.json"
    for plan in (Plan.of("é", DEFAULTS, RECIPE, {"patience": 2}), Plan.of("é", DEFAULTS, None, {})):
        text = json.dumps(plan.as_json(), ensure_ascii=False)
        path.write_bytes(text.encode())
        assert Plan.read(str(path)) == plan
    path.write_text(json.dumps(plan.as_json() | {"training": {"epochs": 1, "plateau_patience": 2}}))
    assert Plan.read(path).training["plateau_patience"] == 2


ONLY_HIDDEN = {"hidden": [3]}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dataset": 3}, "dataset is 3"),
        ({"network": [1]}, "network is [1]"),
        ({"training": "x"}, "training is 'x'"),
        ({"seed": "0"}, "seed is '0'"),
        ({"full": None}, "full is None"),
        ({"patience": 1.5}, "patience is 1.5"),
        ({"view": 3}, "view is 3"),
        ({"recipe": None}, "recipe is None"),
        ({"network": ONLY_HIDDEN}, f"network is {ONLY_HIDDEN!r}"),
        ({"network": NETWORK | {"hidden": 3}}, f"network is {NETWORK | {'hidden': 3}!r}"),
        ({"training": {}}, "training has no epochs"),
        ({"training": {"epochs": 1, "verbose": 1, "hue": 2}}, "training has hue, verbose"),
        ({"view": "sideways"}, "view is 'sideways'"),
    ],
)
def test_a_plan_of_other_values_is_told_in_a_sentence(changes, why, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(Plan.of("here", DEFAULTS, None, {}).as_json() | changes))
    with pytest.raises(InvalidArgument) as caught:
        Plan.read(path)
    assert str(caught.value) == f"{path} is no training's plan, or is damaged: {why}"


def test_a_plan_that_is_not_there_is_told_in_a_sentence(tmp_path):
    path = tmp_path / "config.json"
    with pytest.raises(InvalidArgument) as caught:
        Plan.read(path)
    assert str(caught.value) == (
        f"{path} cannot be read (No such file or directory): name a folder that handwrought train "
        f"--out made"
    )


def test_a_plan_with_any_bit_changed_is_refused(tmp_path):
    path = tmp_path / "config.json"
    plan = Plan("mnist", NETWORK, {"epochs": 3, "learning_rate": 1e-4}, seed=2**60)
    plan.write(path)
    assert Plan.read(path) == plan
    content = path.read_bytes()
    for at in range(8 * len(content)):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        with pytest.raises(InvalidArgument):
            Plan.read(path)


def test_a_plan_that_goes_on_changes_what_can_change_and_no_more():
    plan = Plan("mnist", NETWORK, {"epochs": 3, "learning_rate": 0.1, "batch_size": 10})
    same = {"seed": 0, "batch_size": 10, "dataset": "mnist", **NETWORK}
    assert plan.gone_on(same) == plan
    assert plan.gone_on({"epochs": 9}).training == {**plan.training, "epochs": 9}
    for asked, said in (
        ({"epochs": 9, "batch_size": 5}, "--batch-size cannot change .* is 10 there"),
        ({"seed": 1}, r"--seed .* \(--epochs, --learning-rate can\): leave it out"),
        ({"recipe": "quick"}, "--recipe cannot change"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            plan.gone_on(asked)
