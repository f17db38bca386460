"""Activations, costs and gradients beside PyTorch's."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from handwrought.nn.activations import ACTIVATIONS

from .test_gradients import GRID, case, relative

TORCH = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky-relu": lambda z: F.leaky_relu(z, 0.01),
    "silu": F.silu,
    "gelu": F.gelu,
    "softmax": lambda z: torch.softmax(z, dim=-1),
}
TORCH_COSTS = {
    "quadratic": lambda a, y: 0.5 * ((a - y) ** 2).sum(1).mean(),
    "cross-entropy": lambda a, y: F.binary_cross_entropy(a, y, reduction="none").sum(1).mean(),
    "softmax": lambda a, y: -(y * torch.log(a)).sum(1).mean(),
}


@pytest.mark.slow
@pytest.mark.parametrize("setting", GRID, ids=lambda s: "-".join(map(str, s)))
def test_the_gradient_is_pytorchs(setting):
    net, x, y = case(*setting)
    found = net.backpropagate(x, y)
    parameters = [torch.tensor(array, requires_grad=True) for _, array in net.parameters.arrays()]
    a = torch.tensor(x)
    for i, layer in enumerate(net.layers):
        a = TORCH[layer.activation.name](a @ parameters[2 * i].T + parameters[2 * i + 1])
    TORCH_COSTS[net.cost.name](a, torch.tensor(np.eye(3)[y])).backward()
    for (name, mine), theirs in zip(found.arrays(), parameters, strict=True):
        assert relative(mine, theirs.grad.numpy()) < 1e-10, name


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu"])
def test_an_activation_and_its_derivative_are_pytorchs(name):
    z = np.linspace(-12, 12, 97)
    theirs = torch.tensor(z, requires_grad=True)
    a = TORCH[name](theirs)
    a.sum().backward()
    # PyTorch's GELU loses the digits of its far tail (1 + erf); ours keeps them.
    np.testing.assert_allclose(
        ACTIVATIONS[name].value(z), a.detach().numpy(), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(
        ACTIVATIONS[name].derivative(z), theirs.grad.numpy(), rtol=1e-9, atol=1e-15
    )
