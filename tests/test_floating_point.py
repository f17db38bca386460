"""NumPy's handling of overflow and the like: the caller's outside of our functions, ours inside."""

import threading
import warnings

import numpy as np
import pytest
from PIL import Image

import handwrought as hw
from handwrought.estimator import MLPClassifier, MLPRegressor
from handwrought.evaluation import probabilities
from handwrought.floating_point import with_default_errstate
from handwrought.reading.pictures import open_picture

STRICT = {"divide": "raise", "over": "raise", "under": "raise", "invalid": "raise"}
LAX = {"divide": "ignore", "over": "print", "under": "ignore", "invalid": "ignore"}
handlings = pytest.mark.parametrize("handling", [STRICT, LAX], ids=["strict", "lax"])


@pytest.fixture(scope="module")
def data():
    whole = hw.load_dataset("mnist")
    train, validation = whole.train[:400], whole.validation[:100]
    return hw.Dataset("some", train, validation, None, train, whole.class_names)


def saturated(activation="sigmoid", cost="quadratic"):
    """e^{-|z|} underflows in each of its neurons."""
    net = hw.Network([784, 30, 10], activation, cost, seed=0)
    net.parameters.vector *= 1000
    return net


@handlings
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "numba"])
def test_whoever_reads_reports_finds_the_handling_that_was_set(
    handling, compiled, data, monkeypatch
):
    monkeypatch.setenv("HANDWROUGHT_KERNELS", "numba" if compiled else "numpy")
    net, settings = saturated(), {"epochs": 3, "report_every": 10}
    with np.errstate(**handling):
        for _ in hw.train(net, data, **settings):
            assert np.geterr() == handling
        for _ in hw.train(net, data, **settings):
            break
        assert np.geterr() == handling
    other = saturated()
    list(hw.train(other, data, **settings))
    next(hw.train(other, data, **settings))
    np.testing.assert_allclose(net.parameters.vector, other.parameters.vector, atol=1e-6)


@pytest.mark.slow
@handlings
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "silu", "gelu", "softmax"])
@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy", "softmax"])
def test_a_saturated_network_says_the_same_whatever_the_caller_has_set(
    activation, cost, handling, data
):
    net, split = saturated(activation, cost), data.validation
    x, y = split.inputs(), split.labels
    asked = [
        lambda: net.feedforward(x),
        lambda: net.costs(x, y),
        lambda: net.backpropagate(x, y).vector,
        lambda: net.predict(x),
        lambda: hw.evaluate(net, split).outputs,
        lambda: hw.Predictor(net).digits(split.images),
        lambda: np.array([hw.Predictor(net).digit(image) for image in split.images[:9]]),
        lambda: hw.Recognizer(net).probabilities(split.images, augmented=True),
        lambda: probabilities(net.feedforward(x), 0.01),
    ]
    for ask in asked:
        expected = ask()
        with np.errstate(**handling):
            found = ask()
            assert np.geterr() == handling
        np.testing.assert_array_equal(found, expected)


def test_a_model_is_stored_in_half_precision_whatever_the_caller_has_set(tmp_path):
    net = hw.Network([3, 2], seed=0)
    net.parameters.vector *= np.float32(1e-7)  # below what float16 holds: it is 0 there
    with np.errstate(all="raise"):
        net.save(tmp_path / "m.safetensors", stored="float16")
        read = hw.Network.load(tmp_path / "m.safetensors").parameters.vector
    assert (read == net.parameters.vector.astype(np.float16)).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@handlings
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_callback_of_an_estimator_finds_the_handling_that_was_set(kind, solver, handling, data):
    seen = []
    model = kind(
        hidden_layer_sizes=(9,), solver=solver, max_iter=20, tol=1e-9, random_state=0,
        callbacks=[lambda _: seen.append(np.geterr())],
    )  # fmt: skip
    X, y = data.train.inputs(slice(0, 99)), data.train.labels[:99].astype(int)
    with np.errstate(**handling):
        model.fit(X, y)
        assert np.geterr() == handling
    assert seen
    assert all(each == handling for each in seen)


def test_the_decorator_serves_threads_at_once():
    both, found = threading.Barrier(2, timeout=20), []

    @with_default_errstate
    def inside():
        both.wait()
        found.append(np.geterr())
        both.wait()

    def outside(handling):
        with np.errstate(**handling):
            inside()
            found.append(np.geterr() == handling)

    threads = [threading.Thread(target=outside, args=(h,)) for h in (STRICT, LAX)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    defaults = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
    ignoring = defaults | {"divide": "ignore", "invalid": "ignore"}  # who ignores is not warned
    assert sorted(map(str, found[:2])) == sorted(map(str, (defaults, ignoring)))
    assert found[2:] == [True, True]


def test_pictures_read_in_threads_leave_the_filters_of_warnings_as_they_were(tmp_path):
    Image.new("L", (40, 40), 255).save(tmp_path / "white.png")
    before = list(warnings.filters)

    def read():
        for _ in range(200):
            open_picture(tmp_path / "white.png")

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
