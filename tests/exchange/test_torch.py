"""PyTorch's Linear stacks and our networks give the same outputs, both ways."""

import io
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
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


# --- which layer comes after which: PyTorch's own forward decides ---------------------------------


class Called(nn.Module):
    """Linear layers under the names given, with a ReLU between them, called in the order given."""

    def __init__(self, sizes, names, defined=None):
        super().__init__()
        torch.manual_seed(0)
        layers = dict(zip(names, map(nn.Linear, sizes, sizes[1:]), strict=True))
        for name in defined or names:
            self.add_module(name, layers[name])
        self.names = names

    def forward(self, x):
        for name in self.names[:-1]:
            x = torch.relu(self.get_submodule(name)(x))
        return self.get_submodule(self.names[-1])(x)


class Listed(nn.Module):
    """A ModuleList and the layer after it."""

    def __init__(self, n, n_in):
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.ModuleList(nn.Linear(n_in if k == 0 else 6, 6) for k in range(n))
        self.out = nn.Linear(6, 3)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.out(x)


class Blocks(nn.Module):
    """Two layers a block, whose names would not tell which of the two comes first."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.begin = nn.Linear(6, 5)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"up": nn.Linear(5, 9), "down": nn.Linear(9, 5)}) for _ in range(11)
        )

    def forward(self, x):
        x = torch.relu(self.begin(x))
        for block in self.blocks:
            x = torch.relu(block["down"](torch.relu(block["up"](x))))
        return x


def sequential(*sizes):
    torch.manual_seed(0)
    layers = [f for a, b in pairwise(sizes) for f in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def through_safetensors(module):
    return load(save(module.state_dict()))


def through_a_pickle(module):
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    return torch.load(file)


def as_a_plain_dictionary_upside_down(module):
    return dict(reversed(module.state_dict().items()))


def assert_it_is(net, module):
    expected = module(torch.from_numpy(X)).detach().numpy()
    assert expected.std() > 1e-6
    np.testing.assert_allclose(net.feedforward(X), expected, atol=1e-12)


def taken_over(state, **options):
    return from_torch(
        state, activation="relu", cost="quadratic", output_activation="identity", **options
    )


@pytest.mark.parametrize(
    "made",
    [
        through_safetensors, through_a_pickle, as_a_plain_dictionary_upside_down,
        nn.Module.state_dict, lambda module: module,
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "module",
    [
        sequential(*[6] * 13),
        sequential(6, *[5] * 11, 3),
        Listed(11, 6),
        Listed(12, 6),
        Called([6] * 12, [f"fc{k}" for k in range(1, 12)]),
        Called([6, *[4] * 11, 3], [*(f"layer_{k}" for k in range(11)), "head"]),
        nn.ModuleDict({"net": sequential(*[6] * 12)})["net"],
        nn.Sequential(sequential(*[6] * 8), nn.ReLU(), sequential(*[6] * 8)),
        nn.Sequential(*(nn.Sequential(nn.Linear(6, 6), nn.ReLU()) for _ in range(11)),
                      nn.Linear(6, 6)),
        Called([6, 5, 4, 3], ["c", "a", "b"]),
    ],
)  # fmt: skip
def test_layers_come_in_their_modules_order_however_they_were_kept(module, made):
    module = module.double()
    assert_it_is(taken_over(made(module)), module)


def test_layers_of_blocks_come_block_by_block():
    module = Blocks().double()
    expected = torch.relu(module(torch.from_numpy(X))).detach().numpy()
    for state in (module.state_dict(), through_safetensors(module), module):
        net = from_torch(state, activation="relu", cost="quadratic", output_activation="relu")
        np.testing.assert_allclose(net.feedforward(X), expected, atol=1e-12)


OPEN = {
    "two layers of one shape": Called([6, 6, 6], ["first", "afterwards"]),
    "an autoencoder": Called([6, 2, 6], ["encoder", "decoder"]),
    "a decoder numbered from its end": Called([6, 4, 2, 4, 6], ["enc1", "enc2", "dec2", "dec1"]),
    "a layer between numbered ones": Called([6] * 5, ["fc1", "between", "fc2", "last"]),
    "two lists by turns": Called([6] * 5, ["a1", "b1", "a2", "b2"]),
}


@pytest.mark.parametrize("kind", OPEN)
def test_an_order_that_neither_names_nor_shapes_tell_is_the_modules_or_is_refused(kind):
    module = OPEN[kind].double()
    assert_it_is(taken_over(module), module)
    assert_it_is(taken_over(module.state_dict()), module)
    assert_it_is(taken_over(through_a_pickle(module)), module)
    kept = through_safetensors(module)
    with pytest.raises(InvalidArgument, match=r"more than one order .* give the module itself, or"):
        taken_over(kept)
    assert_it_is(taken_over(kept, order=module.names), module)


def test_a_module_is_followed_where_it_calls_its_layers_in_another_order_than_they_were_made():
    names = ["a", "b", "c", "d"]
    module = Called([6] * 5, names, defined=["c", "d", "b", "a"]).double()
    assert_it_is(taken_over(module), module)
    assert module.training  # it was asked, and left as it is
    assert not any(layer._forward_hooks for layer in module.modules())
    module = Called([6] * 3, ["fc2", "fc1"]).double()  # the numbers say one thing, it another
    assert_it_is(taken_over(module), module)
    with pytest.raises(InvalidArgument, match="more than one order"):
        taken_over(module.state_dict())


def test_a_layer_that_is_called_twice_is_there_twice():
    module = Called([6] * 3, ["a", "b"]).double()
    module.names = ["a", "b", "b", "a"]
    assert_it_is(taken_over(module), module)


def test_shapes_that_fit_one_way_alone_tell_the_order():
    module = Called([6, 5, 4, 3], ["x", "y", "z"], defined=["z", "x", "y"]).double()
    assert_it_is(taken_over(module.state_dict()), module)


def test_an_order_that_does_not_name_each_layer_once_is_refused():
    state = sequential(6, 6, 6).state_dict()
    for order in (["0"], ["0", "0", "2"], ["0", "1"], []):
        with pytest.raises(InvalidArgument, match="it must name each of 0, 2 once"):
            from_torch(state, order=order)


def test_many_layers_of_many_orders_are_refused_in_no_time():
    state = {f"{chr(97 + k)}.weight": np.eye(3) for k in range(26)}
    state |= {"in.weight": np.ones((3, 2)), "never.weight": np.ones((9, 8))}
    with pytest.raises(InvalidArgument, match=r"more than one order|do not form a chain"):
        from_torch(state)


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
