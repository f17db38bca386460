"""The microscope without a server: its numbers are the library's, its answers are measured."""

import re
from dataclasses import replace

import numpy as np
import pytest

from handwrought.data.representations import represent
from handwrought.data.strokes import stroke_maps
from handwrought.errors import InvalidArgument
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.nn.equations import follow, update
from handwrought.nn.faults import FAULTS
from handwrought.nn.gradient_check import derivative_at
from handwrought.nn.network import Network
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import load_model
from handwrought.studio.backprop.formulas import num
from handwrought.studio.backprop.microscope import Microscope, View
from handwrought.studio.backprop.questions import DEEP, QUESTIONS
from handwrought.studio.backprop.steps import close_up, steps
from handwrought.studio.backprop.subjects import built, ink_name
from handwrought.studio.server.input_names import place
from handwrought.studio.server.studio import Studio

FRESH = "16-16:sigmoid:quadratic:fresh"
VIEW = View(FRESH, "test:8")


@pytest.fixture(scope="module")
def microscope(tmp_path_factory):
    studio = Studio(tmp_path_factory.mktemp("folder"))
    yield studio.backend(Microscope)
    studio.close()


def text(mathml):
    return re.sub(r"<[^>]+>", "", mathml)


# --- images and networks ---------------------------------------------------------------------------


def test_a_drawing_is_its_own_name(microscope):
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    found, label = microscope.images.pixels(ink_name(pixels))
    assert np.array_equal(found, pixels.reshape(-1))
    assert label is None


@pytest.mark.parametrize(
    "name",
    [
        *("", "test", "test:", "test:10000", "test:-1", "test:1.5", "other:3", "ink:", "ink:abc"),
        *("ink:" + "A" * 500, "test:٣", ink_name(np.zeros((29, 28), np.uint8)), "ink:é"),
        ink_name(np.zeros((28, 27), np.uint8)),
    ],
)
def test_an_image_that_is_none_is_refused(microscope, name):
    with pytest.raises(InvalidArgument):
        microscope.images.pixels(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "16", "16:sigmoid", "16:sigmoid:other", "16:softmax:quadratic", "0:relu:softmax"),
        *("2049:relu:softmax", "2048-2048:relu:softmax", "9-9-9-9-9-9-9:relu:softmax"),
        *("../x:relu:softmax", "16:relu:softmax:old", "file:../secrets", "file:nothing"),
    ],
)
def test_a_network_that_is_none_is_refused(microscope, name):
    with pytest.raises(InvalidArgument):
        microscope.networks.get(name)


def test_runs_are_offered_by_name_as_they_are_now_without_their_other_files(
    tmp_path,
):
    one = Network([784, 4, 10], seed=1)
    folder = tmp_path / "runs" / "7"
    (folder / "moments").mkdir(parents=True)
    for name in ("model", "checkpoint", "moments/000000000"):
        one.save(folder / f"{name}.safetensors")
    (folder / "config.json").write_text('{"name": "my run"}')
    one.save(tmp_path / "letters.safetensors")
    microscope = Studio(tmp_path).backend(Microscope)
    offered = {each.network: each.title for each in microscope.networks.offered()}
    files = {name: title for name, title in offered.items() if name.startswith("file:")}
    name = "file:runs/7/model.safetensors"
    assert files == {name: "my run", "file:letters.safetensors": "letters"}
    first = microscope.networks.get(name).model.network.parameters.vector
    one.parameters.vector += 1
    one.save(folder / "model.safetensors")  # it has learnt since
    assert np.allclose(microscope.networks.get(name).model.network.parameters.vector, first + 1)
    microscope.close()


def test_a_network_as_wide_as_the_shipped_one_can_be_named():
    hidden = load_model(shipped_model()).sizes[1:-1]
    name = f"{'-'.join(map(str, hidden))}:relu:softmax"
    assert built(name).sizes == [784, *hidden, 10]


@pytest.mark.slow
@pytest.mark.parametrize(("view", "n_inputs"), [("strokes", 1568), ("upright", 784)])
@pytest.mark.parametrize("name", ["model", "file:own.safetensors"])
def test_a_network_sees_an_image_in_its_view(tmp_path, name, view, n_inputs):
    path = tmp_path / "own.safetensors"
    Network([n_inputs, 12, 10], "relu", "softmax", seed=0).save(path, representation=view)
    microscope = Studio(tmp_path, path).backend(Microscope)
    test = microscope.images.split("test")
    picture = microscope.picture(View(name, "test:8"))
    seen = represent(test.images[8:9], view).reshape(-1)
    assert np.array_equal(picture.pixels, test.images[8].reshape(-1))
    assert np.array_equal(picture.layers[0].a, (seen * (1 / 255)).astype(np.float32))
    trace = microscope.trace(View(name, "test:8"))
    assert np.array_equal(trace.x, seen * (1 / 255))
    wrong = int(microscope.find("misread", name, 3, 20).split(":")[1])
    x = represent(test.images[21 : wrong + 1], view).reshape(-1, n_inputs) / 255
    misread = load_model(path).predict(x) != test.labels[21 : wrong + 1]
    assert np.flatnonzero(misread & (test.labels[21 : wrong + 1] == 3)).tolist() == [wrong - 21]
    drawn = View(name, ink_name(test.images[8]))
    assert microscope.trace(drawn).y.argmax() == trace.a[3].argmax()
    microscope.close()


def test_a_file_with_another_view_is_seen_anew(tmp_path):
    view = View("file:own.safetensors", "test:8")
    microscope = Studio(tmp_path).backend(Microscope)
    sizes = []
    for name, n_inputs in (("as-is", 784), ("strokes", 1568), ("upright", 784)):
        Network([n_inputs, 10], cost="softmax", seed=0).save(
            tmp_path / "own.safetensors", representation=name
        )
        trace = microscope.trace(view)
        sizes.append(len(trace.x))
        expected = represent(microscope.images.split("test").images[8:9], name).reshape(-1) * (
            1 / 255
        )
        assert np.array_equal(trace.x, expected)
    assert sizes == [784, 1568, 784]
    microscope.close()


@pytest.mark.parametrize(
    ("arrow", "down", "right"), [("→", 0, 1), ("↘", 1, 1), ("↓", 1, 0), ("↙", 1, -1)]
)
def test_an_edge_is_called_by_where_the_image_grows_brighter(arrow, down, right):
    y, x = np.mgrid[-14:14, -14:14] + 0.5
    image = (down * y + right * x > 0).astype(np.float32)
    for bright, called in ((image, arrow), (1 - image, "←↖↑↗"["→↘↓↙".index(arrow)])):
        seen = stroke_maps(bright[None])[0].reshape(-1)
        inner = [k for k in range(1568) if 4 <= k // 56 % 14 < 10 and 4 <= k % 14 < 10]
        k = max(inner, key=lambda k: seen[k])
        assert place(k, 1568).startswith(f"edge {called} at ")
        row, column = map(int, place(k, 1568).split(" at ")[1].split(", "))
        assert abs(down * (row + 0.5 - 14) + right * (column + 0.5 - 14)) <= 2


def test_numbers_have_places():
    assert place(425, 784) == "pixel 15, 5"
    assert place(56 + 14, 1568) == "edge ↘ at 2, 0"
    assert place(14 * 56 + 3, 1568) == "edge ← at 0, 6"
    assert place(7, 30) == "number 7"
    network = Network([1568, 4, 10], seed=0)
    trace = follow(network, np.random.default_rng(0).random(1568), 3)
    assert close_up(trace, "input", 2, 0, 70, 1.0).lines[1].what == "Edge ↘ at 2, 0"
    assert "eight maps of 196 numbers" in close_up(trace, "input", 2, 0, 70, 1.0).says
    for step in ("BP4", "update"):
        what = close_up(trace, step, 2, 1, 70, 1.0).lines[1].what
        assert what == "The weight from edge ↘ at 2, 0 to neuron 1"


@pytest.mark.slow
def test_the_default_is_trained_kept_and_reads_most_digits(microscope):
    name = "16-16:sigmoid:quadratic"
    shown, fresh, _ = microscope.networks.get(name)
    assert shown == FRESH
    assert np.array_equal(
        fresh.network.parameters.vector, built(FRESH).begin().copy("float64").parameters.vector
    )
    microscope.networks._worker.submit(int).result(timeout=300)  # after the training before it
    shown, trained, _ = microscope.networks.get(name)
    assert shown == name
    assert microscope.networks.progress(name) == 1
    validation = microscope.images.data.validation[:2000]
    assert np.mean(trained.network.predict(validation.inputs()) == validation.labels) > 0.85
    found = microscope.find("misread", name, 5, -1)
    pixels, label = microscope.images.pixels(found)
    assert label == 5
    assert trained.network.predict(pixels / 255)[0] != 5
    assert microscope.networks._file(built(name)).is_file()


# --- the close-up -----------------------------------------------------------------------------------


def test_the_steps_are_the_algorithm_in_its_order():
    names = [step.name for step in steps((784, 16, 16, 10))]
    assert names == [
        *("input", "z2", "a2", "z3", "a3", "z4", "a4", "cost"),
        *("BP1", "BP2-3", "BP2-2", "BP3", "BP4", "update"),
    ]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_step_can_be_shown_and_its_terms_add_up(activation, cost):
    network = Network([30, 12, 11, 10], activation, cost, seed=3)
    trace = follow(network, np.random.default_rng(0).random(30), 4)
    for step in steps(network.sizes):
        seen = close_up(trace, step.name, 3, 2, 5, 0.5)
        assert all("<math" in line.mathml for line in seen.lines)
        if seen.quantity in ("z", "delta") and seen.terms:
            total = sum(term.product for term in seen.terms) + seen.rest + (seen.offset or 0)
            factor = 1 if seen.factor is None else seen.factor
            assert total * factor == pytest.approx(seen.value, rel=1e-9, abs=1e-14)
            sizes = [abs(term.product) for term in seen.terms]
            assert sizes == sorted(sizes, reverse=True)


def test_softmax_keeps_its_sum_and_says_what_it_shortens_to():
    network = Network([30, 12, 10], "tanh", "softmax", seed=3)
    trace = follow(network, np.random.default_rng(0).random(30), 4)
    seen = close_up(trace, "BP1", 3, 4, 0, 1.0)
    assert seen.terms[0].index == 4
    assert seen.value == pytest.approx(float(trace.a[3][4]) - 1)
    assert [line.what for line in seen.lines][-1] == "All of which shortens to"
    quadratic = follow(Network([30, 12, 10], seed=3), np.random.default_rng(0).random(30), 4)
    lines = close_up(quadratic, "BP1", 3, 4, 0, 1.0).lines
    assert "All of which shortens to" not in [line.what for line in lines]


def test_the_shares_of_the_outputs_are_the_cost():
    for cost in COSTS:
        trace = follow(Network([30, 12, 10], cost=cost), np.random.default_rng(0).random(30), 4)
        seen = close_up(trace, "cost", 3, 4, 0, 1.0)
        assert sum(term.product for term in seen.terms) == pytest.approx(seen.value)


def test_numbers_have_four_digits():
    assert [num(x) for x in (0.5, -0.1234567, 1234.567, 0, 99999.9, 1e-5)] == [
        *("0.5000", "-0.1235", "1235", "0", "100000", r"1.000 \cdot 10^{-5}"),
    ]
    assert num(-2.0, "w", brackets=True) == r"\left(\textcolor{q-w}{-2.000}\right)"


def test_what_is_not_there_is_refused(microscope):
    for step, layer, j, k in [
        ("z9", 2, 0, 0),
        ("BP4", 9, 0, 0),
        ("z2", 2, 16, 0),
        ("z2", 2, 0, 784),
    ]:
        with pytest.raises(InvalidArgument):
            microscope.close_up(VIEW, step, layer, j, k, 1.0)


# --- verify and apply --------------------------------------------------------------------------------


def test_verify_lays_the_central_difference_beside_the_gradient(microscope):
    trace = microscope.trace(VIEW)
    j, k = np.unravel_index(np.abs(trace.dC_dw[3]).argmax(), trace.dC_dw[3].shape)
    found = microscope.verify(VIEW, 3, int(j), int(k))
    assert found.analytic == trace.dC_dw[3][j, k]
    assert found.numeric == derivative_at(
        trace.network, trace.x[np.newaxis], trace.y[np.newaxis], 1, int(j), int(k)
    )
    assert found.digits >= 6
    assert found.analytic_text[: found.agreeing] == found.numeric_text[: found.agreeing]
    slope = (found.cost_up - found.cost_down) / (2 * found.step)
    assert slope == pytest.approx(found.analytic, rel=1e-6)


def test_applied_steps_are_the_librarys_updates(microscope):
    trace = microscope.trace(VIEW)
    twice = update(update(trace, 2.0), 0.5)
    view = replace(VIEW, rates=(2.0, 0.5))
    picture = microscope.picture(view)
    assert picture.costs == [trace.C, update(trace, 2.0).C, twice.C]
    assert picture.cost < picture.costs[0]
    assert picture.output == twice.a[4].tolist()
    assert microscope.moved(replace(VIEW, rates=(2.0,)), 0.5).cost == twice.C


# --- mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mistake", FAULTS)
def test_verify_catches_every_mistake_that_is_switched_on(microscope, mistake):
    view = replace(VIEW, mistake=mistake)
    trace = microscope.trace(view)
    l = 2 if mistake in ("missing-sigma-prime-in-hidden-layers", "transposed-weights") else 4
    j, k = np.unravel_index(np.abs(trace.dC_dw[l]).argmax(), trace.dC_dw[l].shape)
    found = microscope.verify(view, l, int(j), int(k))
    assert found.digits <= 1
    assert found.says.startswith("They do not agree")
    step = "BP1" if l == 4 else "BP2-2"
    seen = microscope.close_up(view, step, l, int(j), int(k), 1.0)
    assert seen.lines[0].what == "The mistake"
    assert seen.value == trace.δ[l][j]
    assert "which gives" in [line.what for line in seen.lines]


def test_a_mistake_that_a_network_cannot_show_is_refused(microscope):
    view = View("16:relu:softmax:fresh", "test:8", mistake="articles-sigmoid")
    with pytest.raises(InvalidArgument, match="choose the small network"):
        microscope.trace(view)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", QUESTIONS)
def test_the_right_answer_is_what_happens(microscope, mistake):
    found = microscope.broken(mistake)
    wrong, right = found.wrong.costs, found.right.costs
    errors = {row.array: row.wrong_error for row in found.checks}
    assert max(row.right_error for row in found.checks) < 1e-6
    assert found.answer == QUESTIONS[mistake][1].index
    if mistake == DEEP:
        assert max(errors.values()) < 1e-6  # the check passes: the gradient is right
        assert min(row.wrong_saturated for row in found.layers) > 0.5
        assert max(row.right_saturated for row in found.layers) < 0.2
        assert wrong[0] > 3 * right[0]
        return
    assert max(errors.values()) > 0.5  # caught
    if mistake == "articles-sigmoid":
        assert wrong[-1] > 2 * wrong[0]
        assert errors["weights of layer 3"] == pytest.approx(2)
        assert errors["weights of layer 2"] < 1e-6
    elif mistake == "transposed-weights":
        assert right[-1] < wrong[-1] < 0.9 * wrong[1]
        assert errors["weights of layer 3"] < 1e-6
    elif mistake == "lost-half":
        assert found.twice.costs == pytest.approx(wrong)
        assert list(errors.values()) == pytest.approx([1] * 4)
    else:
        assert wrong[-1] < right[-1]  # it learns, even faster


def test_an_unknown_mistake_is_refused(microscope):
    with pytest.raises(InvalidArgument):
        microscope.broken("none")


def test_the_share_of_a_saturated_output_is_what_it_adds_to_the_cost():
    net = Network([1, 3], cost="cross-entropy", seed=None)
    net.layers[0].biases[...] = 60.0, -60.0, 50.0  # of label 0: ln(1 + e^50) is wrong by 50
    found = close_up(follow(net, np.zeros(1), 0), "cost", 2, 0, 0, 0.5)
    assert (found.terms[0].index, found.terms[0].product) == (2, pytest.approx(50))
    assert found.value == pytest.approx(50)
