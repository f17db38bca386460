"""The rarer ways of the studio's backends, without a server: what is refused, and why."""

import io
import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import DataError, HandwroughtError, InvalidArgument
from handwrought.runs.digits import read_digits
from handwrought.runs.history import MOST_POINTS, thinned
from handwrought.studio.backprop.microscope import Microscope, View
from handwrought.studio.backprop.subjects import ink_name
from handwrought.studio.evaluate.activation_map import map_seen
from handwrought.studio.evaluate.projections import tsne
from handwrought.studio.playground.settings import MOST_CHARACTERS, read_did
from handwrought.studio.server.messages import encode, parse
from handwrought.studio.server.studio import Studio
from handwrought.studio.train.live_images import worst_read
from handwrought.studio.train.process_messages import hear
from handwrought.studio.train.run_folder import LOG, last_words

FRESH = "16-16:sigmoid:quadratic:fresh"
BLANK = ink_name(np.zeros((28, 28), np.uint8))


@pytest.fixture
def microscope(tmp_path):
    studio = Studio(tmp_path)
    yield studio.backend(Microscope)
    studio.close()


def constant(digit):
    """A network that says one digit whatever it sees."""
    net = hw.Network([784, 4, 10], cost="softmax", seed=0)
    net.parameters.vector[:] = 0
    net.layers[-1].biases[digit] = 5
    return net


# --- the microscope ----------------------------------------------------------------------------------


def test_the_next_misread_image_comes_after_the_last_and_begins_again_at_the_end(microscope):
    labels = microscope.images.data.test.labels
    model = hw.Model(constant(7))
    first, second, *_ = np.flatnonzero(labels != 7)
    assert microscope.images.misread(model, None, -1) == f"test:{first}"
    assert microscope.images.misread(model, None, int(first)) == f"test:{second}"
    assert microscope.images.misread(model, None, len(labels) - 1) == f"test:{first}"
    last = np.flatnonzero(labels == 3)[-1]
    assert microscope.images.misread(model, 3, int(last) - 1) == f"test:{last}"


def test_a_digit_that_is_always_read_right_has_no_misread_image(microscope):
    with pytest.raises(InvalidArgument, match="misreads no 7 of the test images"):
        microscope.images.misread(hw.Model(constant(7)), 7, -1)


def test_an_image_by_chance_is_of_the_digit_asked_for(microscope):
    for digit in (0, 9):
        name = microscope.find("random", FRESH, digit, -1)
        assert microscope.images.pixels(name)[1] == digit
    assert microscope.find("random", FRESH, None, -1).startswith("test:")


def test_at_a_kink_the_difference_means_nothing_and_says_so(microscope):
    view = View("16:relu:softmax:fresh", BLANK)  # no ink: every z is its bias, 0
    found = microscope.verify(view, 2, 0, None)
    assert found.numeric is None
    assert "has its kink" in found.says


def test_a_weight_of_a_pixel_without_ink_changes_nothing_in_both_ways(microscope):
    found = microscope.verify(View(FRESH, BLANK), 2, 0, 0)
    assert found.analytic == found.numeric == 0
    assert found.says.startswith("Both are exactly 0")
    assert found.analytic_text == found.numeric_text


def test_a_drawing_without_a_label_is_compared_with_what_the_network_reads(microscope):
    network = microscope.networks.get(FRESH).model.network
    expected = network.predict(np.zeros((1, 784)))[0]
    assert microscope.trace(View(FRESH, BLANK)).y.argmax() == expected
    assert microscope.trace(View(FRESH, BLANK, label=4)).y.argmax() == 4


def test_steps_that_leave_the_numbers_are_refused(microscope):
    view = View("16:relu:softmax:fresh", "test:8", rates=(1e300, 1e300))
    with np.errstate(all="ignore"), pytest.raises(InvalidArgument, match="take smaller ones"):
        microscope.trace(view)


def test_a_file_for_other_images_is_refused(microscope, tmp_path):
    hw.Network([100, 10]).save(tmp_path / "small.safetensors")
    hw.Network([784, 10]).save(tmp_path / "strokes.safetensors", representation="strokes")
    hw.Network([784, 10]).save(tmp_path / "unknown.safetensors", representation="sideways")
    for name in ("small", "strokes", "unknown"):
        with pytest.raises(
            InvalidArgument, match=f"{name}.safetensors does not read 28 x 28 pictures"
        ):
            microscope.networks.get(f"file:{name}.safetensors")


def test_a_network_that_was_trained_before_is_read_from_its_file(microscope, tmp_path):
    name = "5:sigmoid:softmax"
    kept = hw.Network([784, 5, 10], cost="softmax", seed=3)
    (tmp_path / "microscope").mkdir()
    kept.save(tmp_path / "microscope" / "5_sigmoid_softmax.safetensors")
    shown, model, _ = microscope.networks.get(name)
    assert shown == name
    assert np.allclose(model.network.parameters.vector, kept.parameters.vector)


@pytest.mark.parametrize("content", [b"damaged", None], ids=["damaged", "another"])
def test_a_kept_file_that_does_not_fit_is_trained_anew(microscope, tmp_path, monkeypatch, content):
    soon = []
    monkeypatch.setattr(microscope.networks, "_train_soon", soon.append)
    (tmp_path / "microscope").mkdir()
    path = tmp_path / "microscope" / "5_sigmoid_softmax.safetensors"
    if content is None:
        hw.Network([784, 6, 10], cost="softmax").save(path)
    else:
        path.write_bytes(content)
    assert microscope.networks.get("5:sigmoid:softmax")[0] == "5:sigmoid:softmax:fresh"
    assert [wish.name for wish in soon] == ["5:sigmoid:softmax"]


def test_a_training_that_failed_is_told_to_whoever_asks_how_far_it_is(microscope, monkeypatch):
    def fails(*_, **__):
        raise InvalidArgument("no")

    monkeypatch.setattr("handwrought.training.train.train", fails)
    microscope.networks.get("5:sigmoid:softmax")
    microscope.networks._worker.submit(int).result(timeout=60)
    with pytest.raises(InvalidArgument, match="could not be trained: no"):
        microscope.networks.progress("5:sigmoid:softmax")
    assert microscope.networks.get("5:sigmoid:softmax")[0].endswith(":fresh")  # and is not retried


def test_four_networks_wait_for_their_training_and_no_fifth(microscope, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(microscope.networks, "_train", lambda wish: go.wait(60))
    for width in (2, 3, 4, 5):
        microscope.networks.get(f"{width}:sigmoid:softmax")
        assert microscope.networks.progress(f"{width}:sigmoid:softmax") == 0
    with pytest.raises(InvalidArgument, match="four networks are being trained already"):
        microscope.networks.get("6:sigmoid:softmax")
    go.set()


@pytest.mark.parametrize("mistake", ["lost-half", "missing-sigma-prime-at-output"])
def test_a_mistake_of_the_quadratic_cost_needs_it(microscope, mistake):
    with pytest.raises(InvalidArgument, match="belongs to the quadratic cost"):
        microscope.trace(View("16:relu:softmax:fresh", "test:8", mistake=mistake))


def test_a_mistake_is_shown_only_where_it_sits(microscope):
    plain = View(FRESH, "test:8")
    wrong = replace(plain, mistake="lost-half")
    seen, right = (microscope.close_up(view, "z2", 2, 0, 0, 1.0) for view in (wrong, plain))
    assert (seen.says, seen.lines, seen.terms) == (right.says, right.lines, right.terms)
    sigmoid = replace(plain, mistake="articles-sigmoid")
    for step, layer in (("a2", 2), ("BP1", 4), ("BP2-2", 2)):
        seen = microscope.close_up(sigmoid, step, layer, 0, 0, 1.0)
        assert seen.lines[0].what == "The mistake"


# --- processes and files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [b"[]\n", b"{}\n", b"no json\n", b'{"bytes": "3"}\n', b'{"bytes": -1}\n', b'{"bytes": true}\n'],
)
def test_what_is_no_message_of_another_process_is_refused(line):
    with pytest.raises(DataError, match="which is no message"):
        hear(io.BytesIO(line))


@pytest.mark.parametrize("cut", [b"", b'{"do": "st', b'{"do": "stop", "bytes": 5}\nabc'])
def test_a_message_that_was_cut_off_is_the_end(cut):
    assert hear(io.BytesIO(cut)) is None


def test_the_last_words_are_the_last_line_of_the_log(tmp_path):
    assert last_words(tmp_path) == ""
    (tmp_path / LOG).write_text("")
    assert last_words(tmp_path) == ""
    (tmp_path / LOG).write_text("Traceback\n  line\nMemoryError: " + "x" * 500 + "\n\n")
    assert last_words(tmp_path) == ("MemoryError: " + "x" * 500)[:200]


def test_a_long_history_keeps_its_ends_and_every_other_point_between():
    short = list(range(MOST_POINTS))
    assert thinned(short) is short
    long = list(range(MOST_POINTS + 1))
    fewer = thinned(long)
    keep = MOST_POINTS // 8
    assert fewer[0] == 0
    assert fewer[-keep:] == long[-keep:]
    assert len(fewer) < 0.6 * MOST_POINTS
    assert fewer == sorted(set(fewer))


# --- maps and measures -------------------------------------------------------------------------------


def test_without_scikit_learn_the_other_map_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr("handwrought.studio.evaluate.projections.find_spec", lambda name: None)
    with pytest.raises(InvalidArgument, match="pip install scikit-learn"):
        tsne(np.zeros((4, 3)), lambda doing, share: None)


def test_a_table_has_no_images_that_are_read_worst():
    table = hw.Split(np.zeros((4, 5)), np.zeros(4, int), 2)
    for split in (None, table):
        images, found = worst_read(hw.Network([5, 2], seed=0), split)
        assert (images.shape, found) == ((0, 5), [])


@pytest.mark.parametrize("layer", [0, 4])
def test_a_map_is_of_a_layer_that_there_is(layer):
    class Subject:
        model = hw.Model(constant(0))

    with pytest.raises(InvalidArgument, match=f"layer is {layer}: this network has layers 1 to 3"):
        map_seen(Subject, layer, "pca", lambda doing, share: None)


def test_a_model_that_cannot_be_read_is_told_to_whoever_needs_it(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"nothing")
    studio = Studio(tmp_path, model=path)
    with pytest.raises(HandwroughtError):
        _ = studio.recognizer
    studio.close()


# --- messages and links ------------------------------------------------------------------------------


def test_numbers_that_json_has_not_are_sent_as_null():
    @dataclass(frozen=True)
    class Said:
        costs: tuple[float, ...]
        by: dict[str, np.float32]

    said = parse(encode(Said((1.5, float("nan"), float("inf")), {"rate": np.float32(0.5)})))
    assert said == {"costs": [1.5, None, None], "by": {"rate": 0.5}}


def test_a_link_too_long_to_be_one_is_refused_before_it_is_read():
    with pytest.raises(InvalidArgument, match="a link carries at most"):
        read_did("1e_" * MOST_CHARACTERS)


def test_digits_brought_along_that_are_damaged_are_told(tmp_path):
    whole = io.BytesIO()
    np.savez(whole, own=np.zeros((3, 28, 28), np.uint8))
    cut, holed = whole.getvalue()[:-30], whole.getvalue()[:400] + b"x" + whole.getvalue()[401:]
    for content in (b"", b"no archive", cut, holed, whole.getvalue()):
        (tmp_path / "digits.npz").write_bytes(content)
        with pytest.raises(DataError, match="begin the fine-tuning anew"):
            read_digits(tmp_path / "digits.npz")
    with pytest.raises(DataError, match="is damaged"):
        read_digits(tmp_path / "none.npz")
