"""The Playground's network learns as the library does, and a link opens on the same numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect

import handwrought as hw
from handwrought.data.toys import TOYS
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.studio.playground.playground import FRAME, Playground, Playgrounds
from handwrought.studio.playground.settings import (
    MOST_ADDED,
    MOST_STEPS,
    PRESETS,
    Did,
    Settings,
    read_did,
    write_did,
)
from handwrought.training.batches import chance
from handwrought.training.optimizers import SGD

SMALL = Settings("moons", 40, 0.1, 0.25, (4, 3), "tanh", "sgd", 0.3, 7)


def vector(playground):
    return playground.network.parameters.vector.copy()


def test_points_put_in_and_taken_out_are_learnt_from_as_if_they_had_always_been_so():
    here = Playground(SMALL)
    n = len(here.points)
    here.apply(Did("p", 1, (-250, 250)))
    here.apply(Did("x", 0))
    assert len(here.points) == n
    np.testing.assert_array_equal(here.points.x[-1], [-2.5, 2.5])
    here.finish_epoch()
    other = Playground(SMALL).network
    x, y = here.points.x, here.points.y
    # The epoch under way knew neither: a point put in is met in the next one.
    order = chance(SMALL.seed, 1, "order").permutation(n)
    order = order[order != 0] - 1
    split = hw.Split(x[order], y[order], 1)
    by_hand = SGD(other.parameters)
    for i in range(0, n - 1, SMALL.batch):
        batch = slice(i, i + SMALL.batch)
        by_hand.step(other.backpropagate(split.images[batch], split.labels[batch]), 0.3)
    np.testing.assert_allclose(vector(here), other.parameters.vector, rtol=1e-12)
    assert here.points.epoch == 2
    here.finish_epoch()
    assert n - 1 in chance(SMALL.seed, 2, "order").permutation(n)
    assert here.points.epoch == 3


def test_taking_out_what_was_learnt_from_and_what_was_not_leaves_no_point_out():
    here = Playground(SMALL)
    for _ in range(10):
        here.apply(Did("e", 1))
    met, unmet = here.points.next(-1)[:0], here.points.next(500)
    here.apply(Did("x", int(here.points.last[0])))
    assert len(here.points.last) == 0
    assert here.points.seen == 9
    np.testing.assert_array_equal(np.sort(here.points.next(500)).size, unmet.size)
    while len(here.points.next(500)) > 1:
        here.apply(Did("x", int(here.points.next(1)[0])))
    here.apply(Did("x", int(here.points.next(1)[0])))  # the last one of this epoch
    assert (here.points.epoch, here.points.seen) == (2, 0)
    assert sorted(here.points.next(500)) == [*range(len(here.points))]
    assert not len(met)


def test_a_curve_takes_values_and_a_class_none_but_0_and_1():
    curve = Playground(Settings("wave", 20))
    curve.apply(Did("p", -0.35, (50,)))
    assert (curve.points.x[-1], curve.points.y[-1]) == (0.5, -0.35)
    for at, y, said in (
        ((50, 50), 0, "1 inputs"),
        ((9000,), 0, "inputs from"),
        ((0,), 11, "y is 11"),
    ):
        with pytest.raises(InvalidArgument, match=said):
            curve.apply(Did("p", y, at))
    with pytest.raises(InvalidArgument, match=r"0.5: it must be 0 or 1"):
        Playground(SMALL).apply(Did("p", 0.5, (0, 0)))
    few = Playground(Settings("wave", 4, held=0.7))
    while len(few.points) > 1:
        few.apply(Did("x", 0))
    with pytest.raises(InvalidArgument, match="must stay"):
        few.apply(Did("x", 0))
    for _ in range(MOST_ADDED):
        few.apply(Did("p", 0, (0,)))
    with pytest.raises(InvalidArgument, match="that is the most"):
        few.apply(Did("p", 0, (0,)))
    few.costs()


def test_a_reset_keeps_the_points_and_other_data_only_what_makes_sense_there():
    kept = Playgrounds(None)
    here = kept.open("tab-number-1", SMALL, "p0.0*1_x3_4b", again=False)
    again = kept.open("tab-number-1", SMALL, "", again=False, points=True)
    np.testing.assert_array_equal(again.points.x, here.points.x)
    assert (again.steps, again.shown_points()["own"]) == (0, 2)
    other = kept.open("tab-number-1", replace(SMALL, seed=8), "", again=False, points=True)
    assert len(other.points) == len(here.points) + 1  # what was taken out was another point
    wave = kept.open("tab-number-1", Settings("wave"), "", again=False, points=True)
    assert wave.shown_points()["own"] == 0
    assert kept.open("tab-number-1", SMALL, "", again=False).shown_points()["own"] == 0


def test_a_step_by_example_is_the_librarys_own_step_of_sgd():
    here = Playground(SMALL)
    by_hand = here.network.copy()
    for _ in range(3):
        here.apply(Did("e", 1))
        x, y = here.points.x[here.points.last], here.points.y[here.points.last]
        SGD(by_hand.parameters).step(by_hand.backpropagate(x, y), 0.3)
        np.testing.assert_array_equal(vector(here), by_hand.parameters.vector)
    assert (here.steps, here.points.seen, here.points.epoch) == (3, 3, 1)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (SMALL, {}),
        (replace(SMALL, optimizer="adam", l2=0.01), {"optimizer": "adam", "weight_decay": 0.01}),
        (replace(SMALL, optimizer="momentum", l1=0.02), {"optimizer": "momentum", "l1": 0.02}),
    ],
)
def test_epochs_leave_the_numbers_that_hw_train_leaves(settings, options):
    here = Playground(settings)
    other = here.network.copy()
    split = hw.Split(here.points.x, here.points.y, 1)
    for _ in hw.train(other, split, epochs=2, batch_size=7, learning_rate=0.3, seed=1, **options):
        here.finish_epoch()
    np.testing.assert_array_equal(vector(here), other.parameters.vector)
    assert here.points.epoch == 3


@pytest.mark.parametrize("hidden", [(), (8,), (8, 8, 8)])
def test_without_an_activation_the_boundary_is_straight_and_the_curve_a_line(hidden):
    plane = Playground(replace(SMALL, activation="identity", hidden=hidden))
    line = Playground(Settings("wave", 40, hidden=hidden, activation="identity", rate=0.05))
    for here in (plane, line):
        for _ in range(5):
            here.finish_epoch()
        low, high = here.toy.domain
        start, along = np.full(here.toy.n_inputs, low), np.linspace(0, high - low, 50)
        for direction in np.eye(here.toy.n_inputs):
            states = here.network.workspace(50).rows(50)
            here.network.forward(start + np.outer(along, direction), states)
            z = states[-1].z[:, 0]
            np.testing.assert_allclose(np.diff(z), np.full(49, z[1] - z[0]), rtol=1e-9)
            assert np.ptp(z) > 0.01  # not a constant, either


def test_a_network_without_activations_ends_at_the_line_of_least_squares():
    settings = replace(PRESETS[0].settings, held=0.0, batch=500, rate=0.02)
    here = Playground(settings, did="800b")
    slope, intercept = np.polyfit(here.points.x[:, 0], here.points.y[:, 0], 1)
    best = 0.5 * np.mean((slope * here.points.x[:, 0] + intercept - here.points.y[:, 0]) ** 2)
    assert here.costs().training == pytest.approx(best, rel=1e-3)
    bent = Playground(replace(settings, activation="tanh"), did="800b")
    assert bent.costs().training < 0.2 * best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "epochs", "accuracy"),
    [("Circles", 60, 0.95), ("Moons", 60, 0.95), ("Spirals", 150, 0.9), ("The dog", 200, 0.75)],
)
def test_presets_learn(name, epochs, accuracy):
    (preset,) = (each for each in PRESETS if each.name == name)
    here = Playground(preset.settings)
    before = here.costs()
    for _ in range(epochs):
        here.finish_epoch()
    after = here.costs()
    assert after.training < 0.6 * before.training
    assert after.training_accuracy > accuracy


def test_every_preset_has_a_name_of_its_own_and_a_sentence():
    assert len({preset.name for preset in PRESETS}) == len(PRESETS)
    assert len({preset.settings for preset in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        assert preset.look.endswith(".")
        assert preset.settings.data in TOYS


def test_overfitting_overfits_and_too_fast_is_too_fast():
    named = {preset.name: preset.settings for preset in PRESETS}
    here = Playground(named["Overfitting"])
    least = here.costs().held
    for _ in range(100):
        here.finish_epoch()
        least = min(least, here.costs().held)
    assert here.costs().held > 1.3 * least
    assert here.costs().training < 0.5 * here.costs().held


# --- links -------------------------------------------------------------------------------------------


def test_the_same_link_opens_on_the_same_numbers():
    first = Playground(SMALL)
    for did in (
        *(Did("e", 3), Did("w", 1.25, (2, 1, 0)), Did("b", 9), Did("rate", 0.05), Did("b", 4)),
        *(Did("w", -0.5, (4, 0)), Did("batch", 3), Did("l2", 0.01), Did("b", 30)),
    ):
        first.apply(did)
    first.finish_epoch()
    did = first.link()["did"]
    assert did.startswith("3e_w2.1.0*1.25_9b_rate*0.05_4b_b4.0*-0.5_batch*3_l2*0.01_")
    assert first.link()["start"] == SMALL
    second = Playground(SMALL, did)
    assert second.frame(1, False) == first.frame(1, False)
    assert second.settings == first.settings != SMALL


def test_dragging_writes_one_word_however_often_it_moves():
    here = Playground(SMALL)
    for value in (0.1, 0.2, 0.3):
        here.apply(Did("w", value, (2, 0, 1)))
    assert here.link()["did"] == "w2.0.1*0.3"
    assert here.network.layers[0].weights[0, 1] == 0.3


def test_what_is_too_long_for_a_link_is_none():
    assert write_did([Did("b", MOST_STEPS)]) == f"{MOST_STEPS}b"
    assert write_did([Did("b", MOST_STEPS + 1)]) is None
    assert write_did([Did("w", i / 7, (2, i % 8, 0)) for i in range(200)]) is None
    here = Playground(SMALL)
    here.apply(Did("rate", 0.01))
    here.done += [Did("b", MOST_STEPS + 1)]
    assert here.link() == {"start": here.settings, "did": None, "settings": here.settings}
    assert here.settings.rate == 0.01


@given(
    st.lists(
        st.one_of(
            st.builds(Did, st.sampled_from("eb"), st.integers(1, 1000)),
            st.builds(Did, st.just("l1"), st.floats(1e-9, 1)),
            st.builds(
                Did,
                st.just("w"),
                st.floats(-1000, 1000, allow_nan=False),
                st.tuples(st.integers(2, 8), st.integers(0, 7))
                | st.tuples(st.integers(2, 8), st.integers(0, 7), st.integers(0, 7)),
            ),
        ),
        max_size=15,
    )
)
def test_what_was_done_reads_back_as_it_was_written(done):
    assert read_did(write_did(done)) == done


@given(st.text(alphabet="0123456789ebwlrate._*-", max_size=30))
def test_a_link_is_read_or_refused_in_a_sentence(text):
    try:
        read_did(text)
    except InvalidArgument as refused:
        said = str(refused)
    else:
        said = ""
    assert len(said) < 120


@pytest.mark.parametrize(
    ("did", "sentence"),
    [
        ("w2.5.0*1", "there is no weight 2.5.0 in a network of 2-4-3-1"),
        ("w8.0.0*1", "there is no weight 8.0.0"),
        ("b5.0*1", "there is no bias 5.0"),
        ("w2.0.0*1001", "from -1000 to 1000"),
        ("rate*0", "rate is 0.0: it must lie from"),
        ("batch*501", "batch is 501"),
        ("20001b", "20,001 steps"),
        ("hop", "'hop', which is nothing"),
    ],
)
def test_a_link_that_does_not_fit_is_refused(did, sentence):
    with pytest.raises(InvalidArgument) as refused:
        Playground(SMALL, did)
    assert sentence in str(refused.value)


def test_a_cost_that_overflows_stops_and_leaves_good_weights():
    here = Playground(Settings("wave", 40, hidden=(8, 8), activation="relu", rate=50.0))
    with pytest.raises(TrainingDiverged, match="Lower it, and reset"):
        here.apply(Did("b", 500))
    assert np.isfinite(np.frombuffer(here.frame(1, False), "<f4", offset=FRAME.size)).all()


# --- frames ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [SMALL, Settings("dog", 30, hidden=(3,), held=0.0)])
def test_a_frame_holds_what_its_layout_says(settings):
    here = Playground(settings, "5b")
    raw = here.frame(9, True)
    state, running, epoch, seen, steps, p, c, last, *costs = FRAME.unpack_from(raw)
    assert (state, running, epoch, seen, steps, last) == (
        9,
        1,
        here.points.epoch,
        here.points.seen,
        5,
        2**32 - 1,
    )
    now = here.costs()
    np.testing.assert_array_equal(
        costs, [now.training, now.held, now.training_accuracy, now.held_accuracy]
    )
    at = FRAME.size
    np.testing.assert_array_equal(np.frombuffer(raw, "<f8", p, at), vector(here))
    course = np.frombuffer(raw, "<f4", 3 * c, at + 8 * p).reshape(c, 3)
    assert course[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert course[-1, 1] == np.float32(now.training)
    about = here.about()
    fine, coarse = (
        (about["fine"], about["coarse"])
        if here.toy.n_inputs == 1
        else (about["fine"] ** 2, about["coarse"] ** 2)
    )
    rest = np.frombuffer(raw, "<f4", offset=at + 8 * p + 12 * c)
    assert len(rest) == fine + coarse * sum(settings.hidden)
    low, high = here.toy.domain
    if here.toy.n_inputs == 2:  # the last row's first cell is the lower left corner
        cell = (high - low) / 64
        corner = np.array([[low + cell / 2, low + cell / 2]])
        assert rest[fine - 64] == pytest.approx(here.network.feedforward(corner)[0, 0], rel=1e-5)
        cell = (high - low) / 32
        corner = np.array([low + cell / 2, high - cell / 2])
        first = here.network.layers[0]
        assert rest[fine] == pytest.approx(
            np.tanh(first.weights[0] @ corner + first.biases[0]), rel=1e-5
        )


def test_the_course_of_the_cost_never_grows_long():
    here = Playground(replace(SMALL, hidden=(1,)), "2000b")
    *_, c, _last, _, _, _, _ = FRAME.unpack_from(here.frame(1, False))
    assert 100 < c <= 401


# --- tabs, and the wire ------------------------------------------------------------------------------


def test_tabs_have_networks_of_their_own_and_the_longest_unused_is_forgotten():
    kept = Playgrounds(None)
    first = kept.open("tab-0000", SMALL, "", again=False)
    assert kept.open("tab-0000", SMALL, "", again=True) is first
    assert kept.open("tab-0001", SMALL, "", again=True) is not first
    for i in range(Playgrounds.MOST):
        kept.open(f"tab-{i + 2:04}", replace(SMALL, points=4, hidden=()), "", again=False)
    assert kept.open("tab-0000", SMALL, "", again=True) is not first


def connected(studio):
    address = studio.url.replace("http", "ws") + "/ws/playground"
    return connect(address, additional_headers={"X-Handwrought-Token": studio.token})


@pytest.fixture
def wire(studio):
    with connected(studio) as made:
        yield made


def say(wire, **message):
    wire.send(json.dumps(message))


def heard(wire, wanted):
    """The first message that is wanted, others left aside."""
    while True:
        message = wire.recv(timeout=30)
        found = message if isinstance(message, bytes) else json.loads(message)
        if wanted(found):
            return found


FIELDS = {"data": "moons", "points": 40, "hidden": [3], "rate": 0.1}


def test_a_visit_from_open_to_run(wire):
    say(wire, kind="open", tab="a-tab-of-mine", settings=FIELDS)
    state = heard(wire, lambda m: True)
    assert (state["kind"], state["state"], state["sizes"]) == ("state", 1, [2, 3, 1])
    frame = heard(wire, lambda m: isinstance(m, bytes))
    assert FRAME.unpack_from(frame)[:5] == (1, 0, 1, 0, 0)
    say(wire, kind="do", what="example")
    heard(wire, lambda m: isinstance(m, bytes) and FRAME.unpack_from(m)[4] == 1)
    say(wire, kind="set", layer=2, neuron=0, below=1, value=0.75)
    assert heard(wire, lambda m: m["kind"] == "did" if isinstance(m, dict) else False)
    say(wire, kind="run", speed="fast")
    heard(wire, lambda m: isinstance(m, bytes) and FRAME.unpack_from(m)[4] > 20)
    say(wire, kind="pause")
    done = heard(wire, lambda m: isinstance(m, dict) and m["kind"] == "did")
    assert done["did"].startswith("1e")


def test_a_connection_that_drops_comes_back_to_the_same_network(studio):
    seen = 0
    for turn in range(5):
        with connected(studio) as wire:
            say(wire, kind="open", tab="a-tab-that-drops", settings=FIELDS, again=turn > 0)
            assert heard(wire, lambda m: True)["state"] == 1
            frame = heard(wire, lambda m: isinstance(m, bytes))
            assert FRAME.unpack_from(frame)[4] == seen
            say(wire, kind="do", what="batch")
            heard(wire, lambda m, n=seen + 1: isinstance(m, bytes) and FRAME.unpack_from(m)[4] == n)
            seen += 1


def test_wrong_messages_are_refused_and_the_visit_goes_on(wire):
    for message in ("7", "{}", '{"kind": "fly"}', '{"kind": "run"}', '{"kind": "open"}', "\x00"):
        wire.send(message)
        assert json.loads(wire.recv(timeout=30))["kind"] == "error", message
    say(wire, kind="open", tab="a-tab-of-mine", settings=FIELDS | {"hidden": [9]})
    assert "must lie from 1 to 8" in json.loads(wire.recv(timeout=30))["error"]
    say(wire, kind="open", tab="a-tab-of-mine", settings=FIELDS)
    assert json.loads(wire.recv(timeout=30))["kind"] == "state"
    say(wire, kind="set", layer=4, neuron=0, below=None, value=1)
    refused = heard(wire, lambda m: isinstance(m, dict) and m["kind"] == "error")
    assert "there is no bias 4.0" in refused["error"]
