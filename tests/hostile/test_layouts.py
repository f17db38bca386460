"""Arrays of any memory layout into every public function: the result of a clean copy, or our error.

What is tried is derived from the public names: a function that takes an array and stands neither
under CASES nor, with its reason, under TRUSTED makes a test fail.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import handwrought as hw
from handwrought.data import (
    dataset,
    digit_files,
    idx,
    outliers,
    tables,
)
from handwrought.data.augmentation import Augmentation
from handwrought.data.collection import Collection
from handwrought.data.digests import digest_of_arrays
from handwrought.data.flags import add_flags
from handwrought.data.representations import (
    REPRESENTATIONS,
    deskewed,
    extract_features,
    represent,
)
from handwrought.data.test_time_augmentation import rotations
from handwrought.errors import HandwroughtError
from handwrought.evaluation import calibration, rejection, robustness
from handwrought.imaging import sampling
from handwrought.imaging.conversion import to_float, to_uint8
from handwrought.model import probabilities
from handwrought.nn import costs, equations, gradient_check
from handwrought.nn.activations import ACTIVATIONS, activation_named
from handwrought.nn.parameters import Parameters
from handwrought.reading.pictures import open_picture, picture
from handwrought.storage import load_model, save_model

# --- layouts -------------------------------------------------------------------------------------


def unaligned(x):
    """Big-endian, and one byte off every boundary."""
    swapped = x.astype(x.dtype.newbyteorder(">"))
    room = np.zeros(swapped.nbytes + 1, np.uint8)[1:]
    room[:] = np.frombuffer(swapped.tobytes(), np.uint8)
    return room.view(swapped.dtype).reshape(x.shape)


def read_only(x):
    out = x.copy()
    out.flags.writeable = False
    return out


def overlapping(x):
    """Each element beside the one before it in every direction: most are in memory once."""
    return as_strided(x.ravel(), x.shape, (x.itemsize,) * x.ndim, writeable=False)


LAYOUTS = {
    "strided": lambda x: np.repeat(x, 2, axis=0)[::2],
    "strided within": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "fortran": lambda x: np.asfortranarray(x) if x.ndim > 1 else np.repeat(x, 3)[1::3],
    "backwards": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "read-only": read_only,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "unaligned": unaligned,
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "overlapping": overlapping,
    "0-d": lambda x: np.array(x.ravel()[0]),
    "empty": lambda x: x[:0],
    "without columns": lambda x: x[..., :0],
}


def clean(x):
    """The same values as any array has them by default."""
    return np.array(x, dtype=x.dtype.newbyteorder("="), order="C")


def test_the_layouts_are_what_they_are_called():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    made = {name: make(x) for name, make in LAYOUTS.items()}
    for name in ("strided", "strided within", "fortran", "backwards"):
        assert not made[name].flags.c_contiguous, name
    assert not made["read-only"].flags.writeable
    assert not made["big-endian"].dtype.isnative
    assert not made["unaligned"].flags.aligned
    assert made["broadcast"].strides[0] == 0
    assert made["overlapping"].strides == (4, 4)
    assert made["0-d"].shape == ()
    assert not made["empty"].size
    assert not made["without columns"].size
    for name in ("strided", "strided within", "fortran", "backwards", "read-only", "unaligned"):
        assert np.array_equal(made[name], x), name


# --- what is called ------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
X = RNG.random((6, 9)).astype(np.float32)
Y = np.eye(4, dtype=np.float32)[RNG.integers(0, 4, 6)]
LABELS = RNG.integers(0, 4, 6)
PIXELS = RNG.integers(0, 256, (6, 3, 3), np.uint8)
DIGITS = RNG.integers(0, 256, (6, 28, 28), np.uint8)
SOFT = RNG.random((6, 28, 28)).astype(np.float32)
SEES = [hw.Network([784, 3, 2], seed=0), hw.Network([1568, 3, 2], seed=0)]
OUTPUTS = (Y + 0.1) / (Y + 0.1).sum(1, keepdims=True)
Z = (RNG.random((6, 4)).astype(np.float32) - 0.5) * 9
NET = hw.Network([9, 5, 4], "tanh", "softmax")
READER = hw.Recognizer.load()
CONFIDENCE, RIGHT = RNG.random(6), np.array([1, 0, 1, 1, 0, 1], bool)


def split(images=PIXELS, labels=LABELS):
    return hw.Split(images, labels, 4)


def trained(data):
    network = NET.copy()
    reports = list(hw.train(network, data, epochs=1, batch_size=2, learning_rate=0.1))
    return network.parameters.vector, [report.cost for report in reports]


def saved(folder, vector):
    network = NET.with_parameters(Parameters(NET.specs, numbers=vector))
    save_model(network, folder / "m.safetensors")
    return load_model(folder / "m.safetensors").parameters.vector


def written(folder, array):
    idx.write_idx(folder / "a", array)
    return idx.read_idx(folder / "a")


def collected(folder, pixels):
    collection = Collection.open(folder / "digits")
    path = collection.add(pixels, 3)
    found = collection.label_of(pixels), digit_files.read_png(path)
    collection.remove(pixels)
    return found, len(collection)


def seen(reading):
    return reading.digit, reading.confidence, reading.probabilities, reading.normalized


def σ(name):
    return activation_named(name)


def each_activation(call):
    return lambda *arrays: [call(f, *arrays) for f in ACTIVATIONS.values()]


def each_cost(call):
    return lambda *arrays: [call(c, *arrays) for c in costs.COSTS.values()]


VECTOR = NET.parameters.vector

CASES = {
    # name: (array, function of that array and of a folder), ...
    "Network.feedforward": [(X, lambda x, _: NET.feedforward(x)),
                            (X[0], lambda x, _: NET.feedforward(x)),
                            (X.astype(np.float64), lambda x, _: NET.feedforward(x)),
                            (PIXELS.reshape(6, 9) // 255, lambda x, _: NET.feedforward(x))],
    "Network.predict": [(X, lambda x, _: NET.predict(x))],
    "Network.costs": [(X, lambda x, _: NET.costs(x, Y)), (Y, lambda y, _: NET.costs(X, y))],
    "Network.backpropagate": [(X, lambda x, _: NET.backpropagate(x, Y)),
                              (Y, lambda y, _: NET.backpropagate(X, y)),
                              (LABELS, lambda y, _: NET.backpropagate(X, y)),
                              (LABELS.astype(np.uint16), lambda y, _: NET.backpropagate(X, y))],
    "Network.checked_inputs": [(X, lambda x, _: NET.checked_inputs(x))],
    "Network.checked_targets": [(Y, lambda y, _: NET.checked_targets(y, 6))],
    "check_gradients": [(X, lambda x, _: gradient_check.check_gradients(NET, x, Y)),
                        (Y, lambda y, _: gradient_check.check_gradients(NET, X, y))],
    "derivative_at": [(X, lambda x, _: gradient_check.derivative_at(NET, x, Y, 0, 1, 2))],
    "follow": [(X[0], lambda x, _: equations.follow(NET, x, 1)),
               (Y[0], lambda y, _: equations.follow(NET, X[0], y))],
    "backpropagate": [(X, lambda x, _: equations.backpropagate(NET, x, Y)),
                      (Y, lambda y, _: equations.backpropagate(NET, X, y))],
    "gradient_by_equations": [(X, lambda x, _: equations.gradient_by_equations(NET, x, Y))],
    "BP1": [(Z[0], lambda z, _: equations.BP1(Z[1], σ("tanh"), z))],
    "BP2": [(Z, lambda W, _: equations.BP2(W, Z[:, 0], σ("tanh"), Z[1]))],
    "BP3": [(Z[0], lambda δ, _: equations.BP3(δ))],
    "BP4": [(Z[0], lambda δ, _: equations.BP4(δ, Z[1]))],
    "Activation.value": [(Z, lambda z, _: each_activation(lambda f, z: f.value(z))(z))],
    "Activation.derivative": [(Z, lambda z, _: each_activation(lambda f, z: f.derivative(z))(z))],
    "Activation.backward": [(Z, lambda z, _: each_activation(
        lambda f, z: f.backward(np.ones_like(z), z, f.value(z)))(z))],
    "Activation.complement": [(Z, lambda z, _: each_activation(
        lambda f, z: f.complement(z, f.value(z)))(z))],
    "Activation.jacobian": [(Z[0], lambda z, _: each_activation(lambda f, z: f.jacobian(z))(z))],
    "Cost.value": [(OUTPUTS, lambda a, _: each_cost(lambda c, a: c.value(a, Y))(a)),
                   (Y, lambda y, _: each_cost(lambda c, y: c.value(OUTPUTS, y))(y))],
    "Cost.gradient": [(OUTPUTS, lambda a, _: each_cost(lambda c, a: c.gradient(a, Y))(a))],
    "Cost.value_at": [(Z, lambda z, _: each_cost(
        lambda c, z: c.value_at(σ(c.pair), z, OUTPUTS, Y))(z))],
    "Cost.gradient_at": [(Z, lambda z, _: each_cost(
        lambda c, z: c.gradient_at(σ(c.pair), z, OUTPUTS, Y))(z))],
    "Cost.error": [(OUTPUTS, lambda a, _: each_cost(
        lambda c, a: c.error(σ(c.pair), Z, a, Y))(a))],
    "Cost.check_targets": [(Y, lambda y, _: each_cost(lambda c, y: c.check_targets(y))(y))],
    "smoothed": [(Y, lambda y, _: costs.smoothed(y, 0.1))],
    "Split.__init__": [(PIXELS, lambda x, _: split(x)), (LABELS, lambda y, _: split(PIXELS, y)),
                       (X, lambda x, _: split(x)), (Y, lambda y, _: split(PIXELS, y))],
    "Split.inputs": [(PIXELS, lambda x, _: split(x, LABELS[: x.shape[0] if x.ndim else 1]).inputs()),
                     (np.array([1, 3]), lambda i, _: split().inputs(i))],
    "Split.targets": [(LABELS, lambda y, _: split(PIXELS[: np.size(y)], y).targets()),
                      (np.array([1, 3]), lambda i, _: split().targets(i))],
    "one_hot": [(LABELS, lambda y, _: dataset.one_hot(y, 4))],
    "train": [(PIXELS, lambda x, _: trained(split(x))), (X, lambda x, _: trained(split(x))),
              (LABELS, lambda y, _: trained(split(PIXELS, y))),
              (Y, lambda y, _: trained(split(PIXELS, y)))],
    "evaluate": [(PIXELS, lambda x, _: hw.evaluate(NET, split(x))),
                 (LABELS, lambda y, _: hw.evaluate(NET, split(PIXELS, y)))],
    "probabilities": [(OUTPUTS, lambda a, _: probabilities(a)),
                      (Z, lambda a, _: probabilities(a, 2.0))],
    "calibration": [(CONFIDENCE, lambda c, _: calibration.calibration(c, RIGHT)),
                    (RIGHT, lambda r, _: calibration.calibration(CONFIDENCE, r))],
    "risk_coverage": [(CONFIDENCE, lambda c, _: rejection.risk_coverage(c, RIGHT)),
                      (RIGHT, lambda r, _: rejection.risk_coverage(CONFIDENCE, r))],
    "changed": [(SOFT, lambda x, _: robustness.changed(
        x, {"rotation": 9.0, "blur": 1.0, "thickness": 0.5, "noise": 0.1}))],
    "Augmentation.__call__": [
        (DIGITS, lambda x, _: Augmentation(shift=1, elastic=1, blur=1, thickness=1, noise=0.1,
                                           contrast=0.1, cutout=3, share=0.5)(x, chance())),
        (SOFT, lambda x, _: Augmentation(rotation=9)(x, chance())),
        (np.array([1, 7, 1, 7, 0, 2]), lambda y, _: Augmentation(flags=1.0)(DIGITS, chance(), y))],
    "add_flags": [(SOFT, lambda x, _: add_flags(x, np.ones(len(np.atleast_1d(x)), int), 1.0, chance()))],
    "sample": [(SOFT, lambda x, _: sampling.sample(x, *where(x)))],
    "make_outliers": [(DIGITS, lambda x, _: outliers.make_outliers(x, 12, chance()))],
    "affine": [(SOFT, lambda x, _: sampling.affine(x, np.eye(2), (1.5, -1)))],
    "rotate": [(SOFT, lambda x, _: sampling.rotate(x, 9.0))],
    "to_uint8": [(SOFT, lambda x, _: to_uint8(x))],
    "to_float": [(DIGITS, lambda x, _: to_float(x)), (SOFT, lambda x, _: to_float(x))],
    "rotations": [(DIGITS, lambda x, _: list(rotations(x)))],
    **{f"Model.{name}": [
        (SOFT, lambda x, _, name=name: [
            getattr(hw.Model(SEES[v.strokes], n), name)(x) for n, v in REPRESENTATIONS.items()
        ])
    ] for name in ("inputs", "outputs", "activations", "probabilities")},
    "extract_features": [(DIGITS, lambda x, _: [extract_features(x, r) for r in REPRESENTATIONS])],
    "deskewed": [(DIGITS, lambda x, _: [deskewed(x, r) for r in REPRESENTATIONS])],
    "represent": [(DIGITS, lambda x, _: [represent(x, r) for r in REPRESENTATIONS])],
    "digest_of_arrays": [(DIGITS, lambda x, _: digest_of_arrays(x, None)),
                         (X, lambda x, _: digest_of_arrays(x, LABELS))],
    "class_labels": [(LABELS, lambda y, _: tables.class_labels(y, "here"))],
    "idx_bytes": [(DIGITS, lambda x, _: idx.idx_bytes(x)), (X, lambda x, _: idx.idx_bytes(x))],
    "write_idx": [(X, lambda x, folder: written(folder, x))],
    "checked": [(DIGITS[0], lambda x, _: digit_files.checked(x))],
    "key_of": [(DIGITS[0], lambda x, _: digit_files.key_of(x))],
    "as_png": [(DIGITS[0], lambda x, _: digit_files.as_png(x))],
    "Collection.add": [(DIGITS[0], lambda x, folder: collected(folder, x))],
    "Collection.label_of": [(DIGITS[0], lambda x, folder: collected(folder, x))],
    "Collection.remove": [(DIGITS[0], lambda x, folder: collected(folder, x))],
    "Predictor.digit": [(PIXELS[0], lambda x, _: hw.Predictor(NET).digit(x)),
                        (PIXELS[0], lambda x, _: hw.Predictor(NET, compiled=True).digit(x))],
    "Predictor.digits": [(PIXELS, lambda x, _: hw.Predictor(NET).digits(x)),
                         (PIXELS.reshape(6, 9), lambda x, _: hw.Predictor(NET).digits(x))],
    "Recognizer.read_digit": [(DIGITS[0], lambda x, _: seen(READER.read_digit(x))),
                              (SOFT[0], lambda x, _: seen(READER.read_digit(x)))],
    "Recognizer.read_digits": [(DIGITS, lambda x, _: [seen(r) for r in READER.read_digits(x)])],
    "Recognizer.read": [(DIGITS.reshape(84, 56), lambda x, _: READER.read(x).text)],
    "Recognizer.probabilities": [(DIGITS, lambda x, _: READER.probabilities(x)),
                                 (DIGITS, lambda x, _: READER.probabilities(x, augmented=True))],
    "open_picture": [(DIGITS[0], lambda x, _: open_picture(x)), (SOFT[0], lambda x, _: picture(x)),
                     (RNG.integers(0, 65536, (9, 8)).astype(np.uint16), lambda x, _: picture(x)),
                     (RNG.integers(0, 256, (9, 8, 4), np.uint8), lambda x, _: picture(x))],
    "picture": [(RNG.random((9, 8, 3)), lambda x, _: picture(x))],
    "save_model": [(VECTOR, lambda v, folder: saved(folder, v))],
}  # fmt: skip

INSIDE = "called by ours with what the edge has checked"
RECORD = "a record of results, which we make ourselves"
SKLEARN = "scikit-learn's own checks of estimators try it"
TRUSTED = {
    "nn.layers.dense": INSIDE, "nn.layers.protocol": INSIDE, "Network.shaped": INSIDE,
    "TrainingConfig": "its settings are checked, and it takes no arrays", "runs.models": INSIDE,
    "nn.workspace": INSIDE, "data.strokes": INSIDE, "imaging.pen": INSIDE,
    "data.letters": INSIDE, "Network.forward": INSIDE,
    "Network.backward": INSIDE, "Network.batch_costs": INSIDE, "LayerParameters": INSIDE,
    "Parameters.__init__": INSIDE, "BatchReader.read": INSIDE, "Equations": "a table of functions",
    "Trace.__init__": RECORD, "ArrayCheck.__init__": RECORD, "GradientCheck.__init__": RECORD,
    "Calibration.__init__": RECORD, "Evaluation.__init__": RECORD, "RiskCoverage.__init__": RECORD,
    "Change.__init__": RECORD, "Curve.__init__": RECORD, "Reading.__init__": RECORD,
    "Picture.__init__": RECORD, "training.state": RECORD, "training.batches": INSIDE,
    **dict.fromkeys(
        (f"training.engines.{kind}" for kind in ("plain", "protocol", "sparse", "split")), INSIDE),
    "training.step": INSIDE, "training.resuming": INSIDE,
    "Committee.outputs": "feedforward of its members", "Model.inputs_of_deskewed": INSIDE,
    "load_recipe": "takes a path", "resize": INSIDE, "deskew": INSIDE, "shift_rows": INSIDE,
    "exchange.stacks": INSIDE, "training.tensorboard": INSIDE, "estimator.examples": INSIDE,
    "estimator.networks": INSIDE, "estimator.classifier": SKLEARN, "estimator.regressor": SKLEARN,
    "estimator.perceptron": SKLEARN, "estimator.stochastic": INSIDE, "estimator.lbfgs": INSIDE,
    **dict.fromkeys(
        ("imaging.blur", "imaging.centring", "imaging.moments", "imaging.morphology",
         "imaging.threshold",
         "reading.borders", "reading.ink", "reading.normalization",
         "reading.components", "reading.polarity", "reading.ruled_lines", "reading.segmentation",
         "reading.sheet", "reading.single"), INSIDE),
}  # fmt: skip
FACES = ("kernels", "studio", "report", "cli", "estimator", "__main__")
"""Compiled code is called by ours alone; the faces take words and files, and no arrays; the
estimator's arrays are tried by scikit-learn's own checks."""


def chance():
    return np.random.default_rng(1)


def where(x):
    """Places between the pixels."""
    rows, columns = np.indices(x.shape)[-2:].astype(np.float32) if x.ndim else (x, x)
    return rows + np.float32(0.3), columns - np.float32(0.4)


def array_takers():
    """Public functions and methods whose signatures speak of arrays or pictures."""
    for info in pkgutil.walk_packages(hw.__path__, "handwrought."):
        if info.name.split(".")[1] in FACES:
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", ()):
            found = getattr(module, name)
            if getattr(found, "__module__", None) != info.name:
                continue
            members = {name: found} if inspect.isfunction(found) else {}
            if inspect.isclass(found):
                own = [
                    n for n in vars(found) if not n.startswith("_") or n in ("__init__", "__call__")
                ]
                members = {
                    f"{name}.{n}": getattr(found, n) for n in own if callable(getattr(found, n))
                }
            for qualified, function in members.items():
                try:
                    parameters = inspect.signature(function).parameters.values()
                except (TypeError, ValueError):
                    continue
                if any("Array" in str(p.annotation) or p.name in ("image", "images")
                       for p in parameters):  # fmt: skip
                    yield info.name.removeprefix("handwrought."), qualified


def test_every_public_function_that_takes_an_array_is_tried_or_has_its_reason():
    takers = list(array_takers())
    assert len(takers) > 60
    for module, name in takers:
        home = module if module in TRUSTED else name.split(".")[0] if name not in TRUSTED else name
        assert name in CASES or home in TRUSTED, f"handwrought.{module}: {name}"
    named = {name for _, name in takers} | {
        "train",
        "evaluate",
        "open_picture",
        "picture",
        "save_model",
    }
    assert set(CASES) <= named


# --- what must hold ------------------------------------------------------------------------------


DEGENERATE = ("0-d", "empty", "without columns")
FORMULAS = {
    "BP1", "BP2", "BP3", "BP4", "smoothed", "add_flags", "sample", "affine", "rotate", "rotations",
    "make_outliers", "as_png",
    *(name for name in CASES if name.startswith(("Activation.", "Cost."))),
}  # fmt: skip
"""Lines of mathematics inside the edge: of no number at all they say what NumPy says."""
PLAIN = (ValueError, TypeError, IndexError, ArithmeticError)
MAY_REFUSE = {"save_model"}
"""A vector whose layers would be copies and no views of it is refused."""


def outcome(function, array, folder, plain=()):
    """What comes of it: the value, or the class of our error; anything else is raised."""
    try:
        return function(array, folder)
    except (HandwroughtError, *plain) as error:
        return type(error)


def made(folder):
    folder.mkdir()
    return folder


def same(one, other):
    if isinstance(one, type) or isinstance(other, type):
        return one is other
    if isinstance(one, Parameters):
        return same(one.vector, other.vector)
    if dataclasses.is_dataclass(one):
        return all(
            same(getattr(one, f.name), getattr(other, f.name))
            for f in dataclasses.fields(one)
            if f.name not in ("network", "σ", "equations")
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray | float | np.floating):
        a, b = np.asarray(one), np.asarray(other)
        if a.dtype.kind not in "fc":
            return a.shape == b.shape and np.array_equal(a, b)
        # A sum over another layout may be taken in another order.
        close = 2e-5 if a.dtype.itemsize < 8 else 1e-6
        return a.shape == b.shape and np.allclose(a, b, rtol=close, atol=close, equal_nan=True)
    return one == other


NUMPY_S_OWN = ("Activation.", "Cost.", "BP")
"""Lines of mathematics that obey what the caller wants of NumPy's errors, as NumPy's functions do."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(NUMPY_S_OWN)])
def test_the_caller_s_handling_of_floating_point_errors_neither_comes_in_nor_changes(
    name, tmp_path
):
    for i, (base, function) in enumerate(CASES[name]):
        expected = outcome(function, base.copy(), made(tmp_path / f"{i}-default"))
        for handling in ("raise", "ignore"):
            with np.errstate(all=handling):
                before = np.geterr()
                found = outcome(function, base.copy(), made(tmp_path / f"{i}-{handling}"))
                assert np.geterr() == before
            assert same(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_threads_get_what_one_caller_gets(name, tmp_path):
    for i, (base, function) in enumerate(CASES[name]):
        inputs = [base.copy(), np.ascontiguousarray(base[::-1]), base.copy()]
        alone = [
            outcome(function, x, made(tmp_path / f"{i}-{n}"), PLAIN) for n, x in enumerate(inputs)
        ]
        with ThreadPoolExecutor(3) as pool:
            jobs = [
                pool.submit(outcome, function, x, made(tmp_path / f"{i}-{n}-{again}"), PLAIN)
                for again in range(4)
                for n, x in enumerate(inputs)
            ]
        for job, expected in zip(jobs, alone * 4, strict=True):
            assert same(job.result(), expected)


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CASES)
def test_a_layout_gives_what_a_clean_copy_gives(name, layout, tmp_path):
    for i, (base, function) in enumerate(CASES[name]):
        view = LAYOUTS[layout](base.copy())
        copy, before = clean(view), view.tobytes()
        folders = [tmp_path / f"{i}-{kind}" for kind in ("view", "copy")]
        for folder in folders:
            folder.mkdir()
        plain = PLAIN if name in FORMULAS and layout in DEGENERATE else ()
        found, expected = (
            outcome(function, array, folder, plain)
            for array, folder in zip((view, copy), folders, strict=True)
        )
        refused = isinstance(found, type)
        assert same(found, expected) or (refused and name in MAY_REFUSE), (i, found, expected)
        assert view.tobytes() == before
        assert np.array_equal(clean(view), copy)
        if layout not in (*DEGENERATE, "broadcast", "overlapping"):  # of which some make no sense
            assert not refused or name in MAY_REFUSE, (i, found)


def test_same_tells_results_apart():
    assert not same(np.zeros(3), np.ones(3))
    assert not same(HandwroughtError, np.zeros(1))
    assert not same(NET.parameters, NET.backpropagate(X, Y))
    with warnings.catch_warnings():
        assert same([1, (2.0, np.nan)], [1, (2.0, np.nan)])
