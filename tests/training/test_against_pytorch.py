"""A step of every optimizer beside PyTorch's."""

import numpy as np
import pytest
import torch

import handwrought as hw
from handwrought.nn.parameters import Parameters
from handwrought.training.optimizers import OPTIMIZERS, make_optimizer
from handwrought.training.step import Step

THEIRS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.01),
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.1, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, 0.1, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.01),
}


WITH_OTHERS = {
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.7),
    "nesterov": lambda p: torch.optim.SGD(p, 0.1, momentum=0.7, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.1, alpha=0.8, eps=1e-3),
    "adam": lambda p: torch.optim.Adam(p, 0.1, betas=(0.8, 0.9), eps=1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, 0.1, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.0),
}
OTHERS = {"momentum": 0.7, "rho": 0.8, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}


@pytest.mark.parametrize("name", WITH_OTHERS)
def test_with_other_constants_an_optimizer_steps_as_pytorchs_with_these(name):
    rng = np.random.default_rng(0)
    mine = Parameters(hw.Network([3, 2]).specs, "float64", rng.standard_normal(8))
    twin = torch.tensor(mine.vector.copy())
    theirs = WITH_OTHERS[name]([twin])
    asked = {key: OTHERS[key] for key in OPTIMIZERS[name].constants}
    optimizer = make_optimizer(name, mine, **asked)
    for _ in range(5):
        gradient = mine.like()
        gradient.vector[:] = rng.standard_normal(8)
        twin.grad = torch.tensor(gradient.vector.copy())
        theirs.step()
        optimizer.step(gradient, 0.1)
    np.testing.assert_allclose(mine.vector, twin.numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_steps_as_pytorchs_and_leaves_biases_undecayed(name):
    rng = np.random.default_rng(0)
    mine = Parameters(hw.Network([3, 2]).specs, "float64", rng.standard_normal(8))
    weights, biases = (torch.tensor(mine.vector[s].copy()) for s in (slice(6), slice(6, 8)))
    theirs = THEIRS[name]([{"params": [weights]}, {"params": [biases], "weight_decay": 0.0}])
    optimizer = make_optimizer(name, mine, 0.01)
    for _ in range(5):
        gradient = mine.like()
        gradient.vector[:] = rng.standard_normal(8)
        weights.grad = torch.tensor(gradient.vector[:6].copy())
        biases.grad = torch.tensor(gradient.vector[6:].copy())
        theirs.step()
        optimizer.step(gradient, 0.1)
    expected = np.concatenate([weights.numpy(), biases.numpy()])
    np.testing.assert_allclose(mine.vector, expected, rtol=1e-6)


@pytest.mark.parametrize("l1", [0.0, 0.02])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_whole_gradient_is_clipped_with_what_regularization_adds(name, l1):
    """PyTorch's ``clip_grad_norm_`` on the cost with its penalties written out."""
    net = hw.Network([6, 3], cost="softmax", seed=1, dtype="float64")
    twins = [net.parameters.weights.copy().reshape(3, 6), net.parameters.vector[18:].copy()]
    weights, biases = (torch.nn.Parameter(torch.tensor(array)) for array in twins)
    penalty = 0.0 if name == "adamw" else 0.3  # AdamW's decay is none
    theirs = THEIRS[name]([{"params": [weights, biases], "weight_decay": 0.0}])
    moved = make_optimizer(name, net.parameters, penalty)
    step = Step(net, moved, [0.0], 5, backprop_fraction=1.0, l1=l1, clip_norm=0.2)
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, labels = rng.standard_normal((5, 6)), rng.integers(0, 3, 5)
        step(x, np.eye(3)[labels], 0.1, rng)
        theirs.zero_grad()
        z = torch.tensor(x) @ weights.T + biases
        cost = torch.nn.functional.cross_entropy(z, torch.tensor(labels))
        (cost + penalty / 2 * (weights**2).sum() + l1 * weights.abs().sum()).backward()
        assert torch.nn.utils.clip_grad_norm_([weights, biases], 0.2) > 0.2
        theirs.step()
    expected = torch.cat([weights.ravel(), biases]).detach().numpy()
    # PyTorch divides by the norm plus 1e-6.
    np.testing.assert_allclose(net.parameters.vector, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e25, np.inf])
def test_a_gradient_whose_squares_overflow_is_clipped_like_another(scale):
    net = Parameters(hw.Network([1, 1]).specs, "float32", np.zeros(2, "float32"))
    gradient = Parameters(net.specs, "float32", np.array([3, -4], "float32") * np.float32(scale))
    make_optimizer("sgd", net).step(gradient, 1.0, clip_norm=1e20)
    expected = np.array([-3, 4]) * min(scale, 1e20 / 5) if scale < np.inf else [np.nan] * 2
    np.testing.assert_allclose(net.vector, expected, rtol=1e-6)
