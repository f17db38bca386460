"""Whoever holds a copy holds the same: by copy, deepcopy, pickle and in another process.

The right value of a copy is what its original does in its place, or did before.
"""

import copy
import pickle
from dataclasses import fields, is_dataclass

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import handwrought as hw
from handwrought.committee import Committee
from handwrought.data.augmentation import Augmentation
from handwrought.errors import CannotCopy
from handwrought.estimator import MLPClassifier, MLPRegressor
from handwrought.nn.equations import follow
from handwrought.nn.parameters import Parameters
from handwrought.nn.workspace import Workspace
from handwrought.training.averaging import RunningAverage
from handwrought.training.best import Best
from handwrought.training.optimizers import OPTIMIZERS, make_optimizer
from handwrought.training.step import Step


def elsewhere(thing):
    """As another process has it, and gives it back."""
    return joblib.Parallel(n_jobs=2)(joblib.delayed(copy.copy)(each) for each in (thing, thing))[0]


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301


WAYS = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": pickled, "joblib": elsewhere}
OF_THEIR_OWN = {name: WAYS[name] for name in ("deepcopy", "pickle", "joblib")}
"""Ways in which every part is copied."""

anyhow = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
wholly = pytest.mark.parametrize("way", OF_THEIR_OWN.values(), ids=OF_THEIR_OWN)


@pytest.fixture(scope="module")
def data():
    whole = hw.load_dataset("mnist")
    train, validation = whole.train[:1500], whole.validation[:300]
    return hw.Dataset("some", train, validation, None, train, whole.class_names)


def network(seed=0):
    return hw.Network([784, 30, 10], "relu", "softmax", seed=seed)


def curve(net, data, **settings):
    settings = {"epochs": 2, "optimizer": "adam", "batch_size": 25} | settings
    return [report.cost for report in hw.train(net, data, **settings)]


def trained_in_a_worker(net, data):
    return curve(net, data), net.parameters.vector


@pytest.mark.slow
@anyhow
def test_a_copied_network_learns_as_the_original_and_leaves_it_alone(way, data):
    original = network()
    before = original.parameters.vector.copy()
    twin = way(original)
    costs = curve(twin, data)
    assert (original.parameters.vector == before).all()
    assert costs == curve(original, data)
    assert costs[-1] < 0.7 * costs[0]
    assert (twin.parameters.vector == original.parameters.vector).all()
    x = data.validation.inputs()
    assert (twin.feedforward(x) == original.feedforward(x)).all()


@pytest.mark.slow
def test_a_network_learns_in_a_worker_as_here(data):
    nets = [network(seed) for seed in (0, 1)]
    jobs = joblib.Parallel(n_jobs=2)(joblib.delayed(trained_in_a_worker)(n, data) for n in nets)
    for net, (costs, vector) in zip(nets, jobs, strict=True):
        with threadpool_limits(1):  # as joblib's workers have it: the last bits depend on it
            assert costs == curve(net, data)
        assert (vector == net.parameters.vector).all()


def moved_in_a_worker(optimizer, workspace):
    optimizer.step(optimizer.parameters.copy(), 0.5)
    workspace.rows(2)[0].z[:] = 3
    return optimizer.parameters.vector, workspace.rows(4)[0].z[:2]


def test_what_is_so_large_that_joblib_maps_it_can_be_written_in_a_worker():
    """From a megabyte on joblib hands arrays over as maps of a file, to be read only."""
    net = hw.Network([784, 512, 10], seed=0)
    optimizer, workspace = (
        make_optimizer("momentum", net.parameters),
        hw.Network([1, 9000], dtype="f8").workspace(40),
    )
    pool = joblib.Parallel(n_jobs=2)
    (vector, z), _ = pool(joblib.delayed(moved_in_a_worker)(optimizer, workspace) for _ in range(2))
    np.testing.assert_allclose(vector, net.parameters.vector * np.float32(0.5), rtol=1e-6)
    assert (z == 3).all()


def test_an_array_given_to_a_layer_or_a_network_is_copied_into_its_vector():
    net = hw.Network([3, 2, 1], seed=0)
    bias = net.parameters.vector[-1].copy()
    net.layers[0].weights = np.full((2, 3), 7)
    net.layers[1].biases -= 5
    assert (net.parameters.vector[:6] == 7).all()
    assert net.parameters.vector[-1] == net.layers[1].biases[0] == bias - 5
    net.parameters.vector = np.arange(11)
    assert net.layers[0].weights.tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="broadcast"):
        net.layers[0].weights = np.zeros((3, 2))


@anyhow
def test_a_copied_network_is_drawn_and_saved_as_one(way, tmp_path):
    twin = way(hw.Network([9, 5, 4], seed=0))
    twin.initialize(7)
    drawn = hw.Network([9, 5, 4], seed=7).parameters.vector
    assert (twin.parameters.vector == drawn).all()
    assert all(np.shares_memory(l.weights, twin.parameters.vector) for l in twin.layers)
    twin.save(tmp_path / "twin.safetensors")
    assert (hw.Network.load(tmp_path / "twin.safetensors").parameters.vector == drawn).all()


@pytest.mark.slow
@anyhow
def test_a_copied_vector_has_views_of_its_own(way):
    original = Parameters(hw.Network([3, 2, 1]).specs, np.float64, np.arange(11.0))
    twin = way(original)
    twin.vector[:] = 5
    assert (original.vector == np.arange(11.0)).all()
    assert all((array == 5).all() for _, array in twin.arrays())


@anyhow
def test_the_views_of_a_copied_workspace_share_its_buffers(way):
    original = Workspace(hw.Network([3, 2, 1]).layers, 4, np.float64, dropout=[True, False])
    original.rows(3)
    twin = way(original)
    twin.rows(3)[0].z[:] = 7
    assert (twin.rows(4)[0].z[:3] == 7).all()


@wholly
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "numba"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_copied_optimizer_moves_its_own_parameters_as_the_original_would(name, compiled, way):
    specs = hw.Network([3, 2, 1]).specs
    parameters = Parameters(specs, np.float32, np.linspace(-1, 1, 11, dtype=np.float32))
    original = make_optimizer(name, parameters, 0.1)
    original.compiled = compiled
    rng = np.random.default_rng(0)
    gradients = [Parameters(specs, np.float32, rng.normal(size=11).astype("f4")) for _ in range(4)]
    for gradient in gradients[:2]:
        original.step(gradient.copy(), 0.1)
    twin, before = way(original), parameters.vector.copy()
    assert twin.compiled == compiled
    for gradient in gradients[2:]:
        twin.step(gradient.copy(), 0.1)
    assert (parameters.vector == before).all()
    for gradient in gradients[2:]:
        original.step(gradient.copy(), 0.1)
    assert (twin.parameters.vector == parameters.vector).all()
    assert (twin.parameters.vector != before).any()


@wholly
def test_a_copied_step_trains_the_network_it_holds(way, data):
    net = network()
    step = Step(
        net,
        make_optimizer("momentum", net.parameters),
        [0.0, 0.0],
        50,
        backprop_fraction=0.5,
        l1=0.1,
        clip_norm=1.0,
    )
    average = RunningAverage(net, 0.9)
    twin, twins_average = way((step, average))
    x, y = data.train.inputs(slice(0, 50)), data.train.targets(slice(0, 50))
    for each, mean in ((step, average), (twin, twins_average)):
        for _ in range(3):
            each(x, y, 0.1, np.random.default_rng(0))
            mean.step()
    assert (twin.network.parameters.vector == net.parameters.vector).all()
    assert twin.network is not net
    assert (twins_average.vector == average.vector).all()


@wholly
def test_a_copied_best_follows_the_network_copied_with_it(way, data):
    net = network()
    twin, best = way((net, Best(net)))
    for report in hw.train(twin, data, epochs=1):
        best.observe(report)
    assert (best.vector == twin.parameters.vector).all()
    assert (best.vector != net.parameters.vector).any()


@pytest.mark.slow
@anyhow
def test_a_training_under_way_is_not_copied_but_its_state_is(way, data):
    settings = {
        "epochs": 3,
        "optimizer": "adam",
        "batch_size": 25,
        "dropout": 0.2,
        "ema_decay": 0.99,
    }
    net, whole = network(), network()
    list(hw.train(whole, data, **settings))
    training = hw.train(net, data, **settings)
    next(training)
    with pytest.raises((CannotCopy, pickle.PicklingError)) as refusal:
        way(training)
    said = refusal.value if isinstance(refusal.value, CannotCopy) else refusal.value.__cause__
    assert "keep its state()" in str(said)
    state, twin = way(training.state()), way(net)
    training.close()
    list(hw.train(twin, data, **settings, resume=state))
    assert (twin.parameters.vector == whole.parameters.vector).all()


@pytest.mark.slow
@anyhow
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "numba"])
def test_a_copied_predictor_reads_the_same(way, compiled, data):
    net = network()
    curve(net, data)
    original = hw.Predictor(net, compiled=compiled)
    images = data.validation.images
    original.digit(images[0])
    twin = way(original)
    assert (twin.digits(images) == net.predict(data.validation.inputs())).mean() > 0.99
    assert [twin.digit(i) for i in images[:50]] == [original.digit(i) for i in images[:50]]


@anyhow
def test_a_copied_reader_and_committee_say_the_same(way, data):
    images = data.validation.images[:20]
    reader = hw.Recognizer.load()
    assert (way(reader).probabilities(images) == reader.probabilities(images)).all()
    committee = Committee(
        [hw.Model(network(seed), view) for seed, view in ((0, "as-is"), (1, "upright"))]
    )
    assert (way(committee).outputs(images) == committee.outputs(images)).all()


@pytest.mark.slow
@anyhow
def test_a_copied_data_set_trains_as_the_original(way, data):
    augmentation = Augmentation(shift=2, rotation=9)
    runs = []
    for each, change in ((data, augmentation), (way(data), way(augmentation))):
        net = network()
        curve(net, each, augmentation=change, epochs=1)
        runs.append(net.parameters.vector)
    assert (runs[0] == runs[1]).all()


@pytest.mark.slow
@anyhow
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_copied_estimator_goes_on_as_the_original(kind, way, data):
    X, y = data.train.inputs(slice(0, 300)), data.train.labels[:300].astype(int)
    # A generator of the caller's is one object for an estimator and its shallow copy.
    chance = 3 if way is copy.copy else np.random.RandomState(3)
    fitted = kind(hidden_layer_sizes=(12,), max_iter=5, random_state=chance, dropout=0.1)
    for _ in range(2):
        fitted.partial_fit(X, y, **({"classes": range(10)} if kind is MLPClassifier else {}))
    before = fitted.predict(X)
    twin = way(fitted)
    for _ in range(2):
        twin.partial_fit(X, y)
    assert (fitted.predict(X) == before).all()
    for _ in range(2):
        fitted.partial_fit(X, y)
    assert (twin.coefs_[0] == fitted.coefs_[0]).all()
    assert (twin.predict(X) == fitted.predict(X)).all()


def alike(one, other):
    if is_dataclass(one):
        return all(alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return type(one) is type(other) and (one == other or repr(one) == repr(other))


@pytest.mark.slow
@anyhow
def test_results_are_copied_whole(way, data):
    net = network()
    reports = list(hw.train(net, data, epochs=1))
    x, y = data.validation.inputs(slice(0, 3)), data.validation.labels[:3]
    reader = hw.Recognizer.load()
    for result in (
        *reports,
        hw.evaluate(net, data.validation),
        hw.check_gradients(net, x, y, max_per_array=3),
        follow(net, x[0], 1),
        reader.read_digit(data.validation.images[0]),
        reader.read(np.tile(data.validation.images[0], (2, 3))),
    ):
        assert alike(way(result), result), type(result)
