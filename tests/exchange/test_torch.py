"""PyTorch's Linear stacks and our networks give the same outputs, both ways."""

import numpy as np
import pytest
import torch
from torch import nn

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.exchange import from_torch, to_torch

LAYERS = {
    "identity": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU, "silu": nn.SiLU, "gelu": nn.GELU, "softmax": lambda: nn.Softmax(-1),
}  # fmt: skip
X = np.random.default_rng(0).standard_normal((20, 6))


def module(activation, dtype=torch.float64):
    torch.manual_seed(0)
    made = LAYERS[activation]
    return nn.Sequential(nn.Linear(6, 5), made(), nn.Linear(5, 4), made(), nn.Linear(4, 3)).to(
        dtype
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", LAYERS)
def test_a_module_comes_over_and_goes_back(activation, dtype):
    theirs = module(activation, dtype)
    net = from_torch(theirs.state_dict(), activation=activation)
    x = torch.from_numpy(X).to(dtype)
    expected = torch.softmax(theirs(x), -1).detach().numpy()
    assert str(net.dtype) == str(dtype).removeprefix("torch.")
    np.testing.assert_allclose(net.feedforward(X), expected, atol=1e-6)
    back = module(activation, dtype)
    for parameter in back.parameters():
        parameter.data.zero_()
    back.load_state_dict(to_torch(net))
    np.testing.assert_array_equal(back(x).detach().numpy(), theirs(x).detach().numpy())


def test_names_may_be_nested_and_biases_left_out():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(6, 5, bias=False)
            self.rest = nn.Sequential(nn.ReLU(), nn.Linear(5, 2))

        def forward(self, x):
            return self.rest(self.first(x))

    theirs = Net().double()
    assert list(theirs.state_dict()) == ["first.weight", "rest.1.weight", "rest.1.bias"]
    net = from_torch(theirs.state_dict(), cost="quadratic", output_activation="identity")
    expected = theirs(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(net.feedforward(X), expected, atol=1e-12)
    assert not net.layers[0].biases.any()


def test_more_than_ten_layers_keep_their_order():
    theirs = nn.Sequential(*(nn.Linear(6, 6) for _ in range(12))).double()
    net = from_torch(theirs.state_dict(), activation="identity", cost="quadratic",
                     output_activation="identity")  # fmt: skip
    expected = theirs(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(net.feedforward(X), expected, atol=1e-12)


def test_a_single_linear_needs_no_name():
    theirs = nn.Linear(6, 3)
    net = from_torch(theirs.state_dict())
    np.testing.assert_array_equal(net.layers[0].weights, theirs.weight.detach().numpy())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_float32(dtype):
    theirs = nn.Linear(6, 3).to(dtype)
    net = from_torch(theirs.state_dict())
    assert net.dtype == np.float32
    np.testing.assert_array_equal(net.layers[0].weights, theirs.weight.detach().float().numpy())


def test_arrays_do_as_well_as_tensors():
    state = {"a.weight": np.ones((3, 6)), "a.bias": np.zeros(3, np.float16)}
    assert from_torch(state).dtype == np.float64
    state = {"a.weight": np.asfortranarray(np.ones((3, 6), np.float16))}
    assert from_torch(state).dtype == np.float32


def test_the_numbers_are_copies():
    net = hw.Network([6, 3], cost="softmax", seed=1)
    to_torch(net)["0.weight"].zero_()
    assert net.layers[0].weights.any()


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({}, "there is no layer"),
        ({"1.running_mean": np.ones(3)}, "'1.running_mean' is no weight or bias"),
        ({"1.weight": np.ones(3)}, "'1.weight' has shape"),
        ({"1.weight": np.ones((3, 3, 3))}, "'1.weight' has shape"),
        ({"1.bias": np.ones(3)}, "no 1.weight beside it"),
        ({"1.weight": np.ones((3, 2)), "1.bias": np.ones(2)}, "3 neurons, but 2 biases"),
        ({"1.weight": np.ones((3, 2)), "1.bias": np.ones((3, 1))}, "not floats of 1 dimension"),
        ({"1.weight": np.ones((3, 2)), "2.weight": np.ones((3, 2))}, "do not form a chain"),
        ({"1.weight": np.ones((3, 2), int)}, "holds int64"),
        ({"1.weight": np.ones((3, 2), object)}, "holds object"),
        ({"1.weight": torch.ones(3, 2, dtype=torch.int8)}, "holds torch.int8"),
        ({"1.weight": np.full((3, 2), np.nan)}, "not finite"),
        ({"1.weight": np.ones((0, 2))}, "not floats of 2 dimensions"),
    ],
)  # fmt: skip
def test_what_is_no_stack_of_linear_layers_is_told(state, told):
    with pytest.raises(InvalidArgument, match=told):
        from_torch(state)
