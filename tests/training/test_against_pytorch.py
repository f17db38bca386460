"""A step of every optimizer beside PyTorch's."""

import numpy as np
import pytest
import torch

from handwrought.nn.parameters import Parameters
from handwrought.training.optimizers import OPTIMIZERS, make_optimizer

THEIRS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.01),
    "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.1, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, 0.1, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_steps_as_pytorchs_and_leaves_biases_undecayed(name):
    rng = np.random.default_rng(0)
    mine = Parameters([3, 2], "float64", rng.standard_normal(8))
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
