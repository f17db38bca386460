"""A predictor says what its network says, from bytes."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]


@pytest.fixture(scope="module")
def images():
    return hw.load_dataset("mnist").train.images[:1203]


def trained(net):
    for _ in hw.train(net, hw.load_dataset("mnist").train[:2000], epochs=4, optimizer="adam"):
        pass
    return net


def expected(net, images):
    return net.predict(images.reshape(len(images), -1) / np.float32(255))


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "numba"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", HIDDEN)
def test_digits_are_those_of_predict(images, activation, dtype, compiled):
    net = hw.Network([784, 33, 21, 10], activation, "softmax", seed=3, dtype=dtype)
    said = expected(trained(net), images)
    assert len(set(said.tolist())) == 10
    predictor = hw.Predictor(net, compiled=compiled)
    assert (predictor.digits(images) == said).mean() > 0.998  # near ties may round either way
    assert (predictor.digits(images[:7].reshape(7, 784)) == said[:7]).all()
    one_by_one = [predictor.digit(image) for image in images[:300]]
    assert np.mean(one_by_one == said[:300]) > 0.996


@pytest.mark.parametrize("output", ["identity", "sigmoid", "tanh", "relu", "gelu", "silu"])
def test_the_output_activation_counts_where_it_changes_the_order(images, output):
    net = hw.Network([784, 40, 10], "relu", "quadratic", seed=1, output_activation=output)
    for layer in net.layers:
        layer.biases -= 0.5
    assert (hw.Predictor(net).digits(images) == expected(net, images)).mean() > 0.998


@pytest.fixture
def restless():
    """Threads that take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "numba"])
def test_one_predictor_reads_for_several_threads_what_it_reads_for_one(images, compiled, restless):
    net = trained(hw.Network([784, 60, 10], "sigmoid", "softmax", seed=3))
    predictor = hw.Predictor(net, compiled=compiled)
    one_by_one = [predictor.digit(image) for image in images]
    together = predictor.digits(images)
    assert len(set(one_by_one)) == 10

    def read(start):
        turned = np.roll(images, -start, axis=0)  # each thread another image at a time
        return np.roll([predictor.digit(image) for image in turned], start), [
            np.roll(predictor.digits(turned), start) for _ in range(9)
        ]

    with ThreadPoolExecutor(4) as pool:
        for found, all_at_once in pool.map(read, (0, 300, 600, 900)):
            assert found.tolist() == one_by_one
            assert all((each == together).all() for each in all_at_once)


def test_later_training_leaves_it_alone(images):
    net = hw.Network([784, 10], cost="softmax", seed=0)
    predictor, before = hw.Predictor(net), expected(net, images)
    net.parameters.vector[:] = 0
    assert (predictor.digits(images) == before).all()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((3, 783), np.uint8),
        np.zeros((28, 28), np.float32),
        np.zeros((3, 28, 28), np.int64),
        np.uint8(3),
    ],
    ids=["pixels", "floats", "integers", "scalar"],
)
def test_what_is_no_image_is_refused(wrong):
    predictor = hw.Predictor(hw.Network([784, 10], seed=0))
    with pytest.raises(InvalidArgument, match="uint8 pixels, 784"):
        predictor.digits(wrong)
    with pytest.raises(InvalidArgument, match="uint8 pixels, 784"):
        predictor.digit(wrong)


def test_no_image_gives_no_digit():
    assert hw.Predictor(hw.Network([784, 10])).digits(np.zeros((0, 28, 28), np.uint8)).size == 0


def test_compiled_code_without_its_compiler_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "handwrought.kernels.sparse_inference", None)
    with pytest.raises(InvalidArgument, match=r"pip install 'handwrought\[fast\]'"):
        hw.Predictor(hw.Network([784, 10]), compiled=True)
