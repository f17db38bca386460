"""Each training setting is declared once: all else follows, and holds the same names and bounds."""

import inspect
import math
import re
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from typing import Annotated

import numpy as np
import pytest

import handwrought as hw
from handwrought.cli.options import options
from handwrought.data.augmentation import Augmentation
from handwrought.data.representations import REPRESENTATIONS
from handwrought.errors import InvalidArgument
from handwrought.nn import costs, initializers
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.nn.initializers import INITIALIZERS
from handwrought.runs import config as run_config
from handwrought.runs.config import RunConfig
from handwrought.search import space
from handwrought.setting import Setting, settings_of
from handwrought.training import recipes
from handwrought.training.config import (
    ARGUMENTS,
    CONSTANTS,
    RENAMED,
    TrainingConfig,
    changeable,
    renamed,
)
from handwrought.training.optimizers import OPTIMIZERS
from handwrought.training.schedules import SCHEDULES

SETTINGS = settings_of(TrainingConfig)


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("activation", ACTIVATIONS),
        ("cost", {name: cost for name, cost in COSTS.items() if name == cost.name}),
        ("initializer", INITIALIZERS),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
        ("representation", REPRESENTATIONS),
    ],
)
def test_the_choices_are_what_the_library_has(name, library):
    assert SETTINGS[name].choices == tuple(library)


def test_the_constants_are_those_of_the_optimizers():
    taken = {name for kind in OPTIMIZERS.values() for name in kind.constants}
    assert taken == set(CONSTANTS)
    for kind in OPTIMIZERS.values():
        for name, default in kind.constants.items():
            assert float(SETTINGS[name].unset) == default


def test_train_takes_the_arguments_that_are_declared_with_their_defaults():
    parameters = inspect.signature(hw.train).parameters
    own = {"network", "data", "report_every", "resume"}
    assert set(parameters) == own | set(ARGUMENTS)
    for name in ARGUMENTS:
        assert parameters[name].default == SETTINGS[name].default, name
    described = re.findall(r"^    (\w+(?:, \w+)*) : ", hw.train.__doc__, re.MULTILINE)
    assert {name for line in described for name in line.split(", ")} <= set(parameters)


def test_a_setting_says_what_it_is():
    for kind in (TrainingConfig, Augmentation):
        for setting in settings_of(kind).values():
            assert setting.sentence.endswith(".")
            assert setting.kind
            assert setting.optional == (setting.default is None)
            if setting.form is not None:
                assert setting.kind in ("whole", "number")
                assert all(map(setting.holds, setting.form)), setting.name


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"l1": math.nan}, "l1 is nan: it must be a number of at least 0"),
        ({"l1": math.inf}, "l1 is inf: it must be a number of at least 0"),
        ({"l1": True}, "l1 is True: it must be a number of at least 0"),
        ({"epochs": True}, "epochs is True: it must be a whole number of at least 1"),
        ({"epochs": 2.0}, "epochs is 2.0: it must be a whole number of at least 1"),
        ({"learning_rate": 0}, "learning_rate is 0: it must be a number above 0"),
        ({"backprop_fraction": 0}, "backprop_fraction is 0: it must be a number above 0 and at most 1"),
        ({"dropout": [0.1, 1]}, "dropout is [0.1, 1]: it must be a number of at least 0 and below 1"),
        ({"label_smoothing": 2}, "label_smoothing is 2: it must be a number from 0 to 1"),
        ({"full": 1}, "full is 1: it must be true or false"),
        ({"hidden": "30"}, "hidden is '30': give a list such as [100, 50]"),
        ({"cost": None}, "cost is None: give a name"),
        ({"cost": "x"}, "cost 'x' is unknown: use one of quadratic, cross-entropy, softmax"),
        ({"seed": -1}, "seed is -1: it must be a whole number of at least 0"),
        ({"epochs": 10**500}, "epochs is a number of 1661 bits: it must be a whole number of at least 1"),
        ({"augmentation": 3}, "augmentation is 3: give an Augmentation, or None"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_in_a_sentence(values, why):
    with pytest.raises(InvalidArgument) as caught:
        TrainingConfig(**values)
    assert str(caught.value) == why


def test_values_become_plain_numbers_whoever_gives_them():
    found = TrainingConfig(epochs=np.int64(3), l1=np.float32(0.5), dropout=np.array([0.25, 0.5]),
                           weight_decay=1, hidden=[4, np.int16(2)], seed=2**100)  # fmt: skip
    assert found == TrainingConfig(epochs=3, l1=0.5, dropout=(0.25, 0.5), weight_decay=1.0,
                                   hidden=(4, 2), seed=2**100)  # fmt: skip
    assert [type(each) for each in (found.epochs, found.l1, *found.hidden)] == [
        int,
        float,
        int,
        int,
    ]
    assert TrainingConfig.of(found.as_json()) == found


def test_what_others_call_the_same_is_taken():
    for name, others in (("cost", costs.ALIASES), ("initializer", initializers.ALIASES)):
        for other, ours in others.items():
            assert getattr(TrainingConfig(**{name: other}), name) == ours
            assert ours in SETTINGS[name].choices


def test_the_names_of_before_are_mapped():
    told = []
    assert renamed({"average": 0.5, "l1": 1.0}, lambda *names: told.append(names)) == {
        "ema_decay": 0.5,
        "l1": 1.0,
    }
    assert told == [("average", "ema_decay")]
    assert set(RENAMED.values()) <= set(SETTINGS)
    data = hw.load_dataset("mnist").train[:20]
    with pytest.warns(DeprecationWarning, match="average is called ema_decay") as warned:
        training = hw.train(hw.Network([784, 10]), data, epochs=1, average=0.5)
    assert warned[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="hardest is called backprop_fraction") as warned:
        training.change(hardest=0.5)
    assert warned[0].filename == __file__
    assert training.state().settings["ema_decay"] == 0.5


def test_optimizers_heed_their_constants():
    data = hw.load_dataset("mnist").train[:200]

    def trained(**settings):
        net = hw.Network([784, 5, 10], seed=0)
        for _ in hw.train(net, data, epochs=1, batch_size=20, **settings):
            pass
        return net.parameters.vector

    plain, usual = trained(optimizer="momentum"), trained(optimizer="momentum", momentum=0.9)
    np.testing.assert_array_equal(plain, usual)
    # Without memory it is plain descent.
    rate = {"learning_rate": 0.3}
    forgetful = trained(optimizer="momentum", momentum=0.0, **rate)
    np.testing.assert_allclose(forgetful, trained(optimizer="sgd", **rate), rtol=1e-5, atol=1e-6)
    with pytest.raises(InvalidArgument, match="takes no momentum"):
        trained(momentum=0.5)


def test_help_answers_without_numpy():
    code = "import sys, handwrought.cli; print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


# --- a new setting -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wider(TrainingConfig):
    """The settings, and one more."""

    zest: Annotated[
        float, Setting("How lively it is.", "regularization", low=0, high=9, form=(0, 5), live=True)
    ] = 0.5


@pytest.fixture
def wider(monkeypatch):
    for module in (recipes, run_config, space):
        monkeypatch.setattr(module, "TrainingConfig", Wider)


def test_a_new_setting_is_an_option():
    for searched, default in ((False, 0.5), (True, None)):
        found = {each.name: each for each in options(Wider, searched=searched)}["zest"]
        (option,) = found.annotation.__metadata__
        assert found.default == default
        assert "How lively it is." in option.help


@pytest.mark.usefixtures("wider")
def test_a_new_setting_stands_in_recipes_and_plans(tmp_path):
    path = tmp_path / "lively.toml"
    path.write_text("[training]\nzest = 3\n")
    recipe = recipes.load_recipe(path)
    assert recipe == Wider(recipe="lively", zest=3.0)
    path.write_text(recipes.recipe_text(recipe))
    assert recipes.load_recipe(path) == recipe
    path.write_text("[training]\nzest = 10\n")
    with pytest.raises(InvalidArgument, match="zest is 10: it must be a number from 0 to 9"):
        recipes.load_recipe(path)
    RunConfig(recipe).write(tmp_path / "config.json")
    assert RunConfig.read(tmp_path / "config.json").settings == recipe


@pytest.mark.usefixtures("wider")
def test_a_new_setting_is_searched():
    found = space.read_space(["zest=0..2"])
    assert found["zest"] == space.Range(0.0, 2.0)
    assert space.planned(Wider(), {"zest": 1.5}).zest == 1.5


def test_a_new_setting_may_change_while_a_training_runs():
    assert changeable(Wider) == changeable() | {"zest"}
    assert replace(Wider(), zest=4).zest == 4.0
    assert fields(Wider)[-1].name == "zest"
