"""An optimizer is one declaration: its name, vectors, constants, learning rates and formula."""

from typing import ClassVar

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.nn.parameters import Parameters
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.training.optimizers import (
    OPTIMIZERS,
    Optimizer,
    default_learning_rate,
    make_optimizer,
)

SPECS = hw.Network([3, 2]).specs


@pytest.mark.parametrize(
    ("name", "constants", "sentence"),
    [
        ("sgd", {"momentum": 0.9}, "optimizer 'sgd' takes no momentum: it takes no constants"),
        ("adam", {"rho": 0.9}, "takes no rho: it takes beta1, beta2 and epsilon"),
        ("momentum", {"beta1": 0.9}, "optimizer 'momentum' takes no beta1: it takes momentum"),
        ("lion", {}, "optimizer 'lion' is unknown: use one of sgd, momentum"),
    ],
)
def test_a_constant_that_an_optimizer_does_not_take_is_refused(name, constants, sentence):
    with pytest.raises(InvalidArgument, match=sentence):
        make_optimizer(name, Parameters(SPECS), **constants)


@pytest.mark.parametrize(
    ("name", "constant"),
    [("momentum", {"momentum": 1.0}), ("adam", {"epsilon": 0}), ("rmsprop", {"rho": "0.9"}),
     ("adam", {"beta2": float("nan")})],
)  # fmt: skip
def test_a_training_refuses_a_constant_out_of_its_range(name, constant):
    split = hw.Split(np.zeros((3, 2)), np.arange(3), 3)
    with pytest.raises(InvalidArgument, match=f"{next(iter(constant))} is "):
        hw.train(hw.Network([2, 3]), split, optimizer=name, **constant)


def test_a_constant_left_out_is_the_default():
    assert make_optimizer("adam", Parameters(SPECS), beta1=None, beta2=0.5).beta1 == 0.9


def test_learning_rates_by_default_are_nielsens_for_sgd():
    assert default_learning_rate("sgd", "quadratic") == 3.0
    assert default_learning_rate("nesterov", "cross-entropy") == 0.05
    assert default_learning_rate("adamw", "softmax") == 0.001


class Lion(Optimizer):
    """c = β₁ m + (1 - β₁) g; θ ← θ - η sign c; m ← β₂ m + (1 - β₂) g (Chen et al. 2023)."""

    name = "lion"
    slots = ("mean",)
    constants: ClassVar = {"beta1": 0.9, "beta2": 0.99}
    learning_rate = 1e-3

    def _move(self, g, learning_rate):
        mean = self.vectors["mean"]
        c = self.beta1 * mean + (1 - self.beta1) * g
        self.parameters.vector -= np.float32(learning_rate) * np.sign(c)
        mean *= self.beta2
        mean += (1 - self.beta2) * g


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
def test_an_optimizer_that_is_declared_trains_is_kept_and_goes_on(monkeypatch, tmp_path, kernels):
    monkeypatch.setitem(OPTIMIZERS, "lion", Lion)
    monkeypatch.setenv("HANDWROUGHT_KERNELS", kernels)
    split = hw.load_dataset("mnist").train[:300]
    settings = {"optimizer": "lion", "epochs": 3, "batch_size": 32, "label_smoothing": 0.1}

    def network():
        return hw.Network([784, 64, 10], "relu", "softmax", seed=1)

    whole, net = network(), network()
    costs = [report.cost for report in hw.train(whole, split, **settings)]
    assert costs[-1] < 0.7 * costs[0]
    training = hw.train(net, split, **settings)
    assert next(training).learning_rate == 1e-3
    save_checkpoint(training.state(), tmp_path / "checkpoint.safetensors")
    training.close()
    again, state = network(), load_checkpoint(tmp_path / "checkpoint.safetensors")
    assert state.arrays["mean"].any()
    list(hw.train(again, split, **settings, resume=state))
    assert np.array_equal(again.parameters.vector, whole.parameters.vector)
