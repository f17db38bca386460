"""Fine-tuning on the digits kept in Draw, as ``handwrought train --from MODEL --add DIR`` does it."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.data.collection import Collection
from handwrought.errors import DataError, InvalidArgument, ModelFileError
from handwrought.reading.fine_tuned import measured
from handwrought.storage import read_header
from handwrought.studio.train.fine_tuning import standard_wish, taught_settings
from handwrought.studio.train.training_request import OwnDigits, TrainingRequest
from handwrought.training.fine_tuning import fine_tune

pytestmark = pytest.mark.slow

SEEN = slice(0, 24)


def written():
    """Digits of a writer who leans far to the left."""
    split = hw.load_dataset("mnist").validation[SEEN]
    images = np.zeros_like(split.images)
    for row in range(28):
        images[:, row] = np.roll(split.images[:, row], (14 - row) // 2, axis=1)
    return images, split.labels


@pytest.fixture
def own(watched, tmp_path, request):
    """Twenty-four digits kept, and a network with 12 hidden neurons, half trained, as a run."""
    collection = Collection.open(tmp_path / "digits")
    for pixels, label in zip(*written(), strict=True):
        collection.add(pixels, int(label))
    view = getattr(request, "param", "as-is")
    wish = TrainingRequest(
        images=3000, representation=view, hidden=(12,), cost="softmax", optimizer="adam", epochs=2
    )
    run = watched.runs.begin(wish, "run", "small")
    watched.until_gone(run)
    return run


def wish_of(run, **settings):
    asked = {"own": OwnDigits(run, 0.2, 1000), "epochs": 2, "learning_rate": 0.005, **settings}
    return replace(standard_wish(), **asked)


@pytest.mark.parametrize(
    ("own", "view"), [("as-is", "as-is"), ("strokes", "strokes")], indirect=["own"]
)
def test_it_learns_as_the_command_does_to_the_bit_and_counts_before_and_after(
    watched, own, view, tmp_path
):
    run = watched.runs.begin(wish_of(own), "run")
    ended = watched.until_gone(run)
    assert (ended.status, ended.sentence) == ("finished", "")
    assert ended.name == "small, fine-tuned"
    model = hw.Model.load(watched.runs.model(own))
    network = model.network
    data = hw.load_dataset("mnist")
    learnt, held_out = Collection.open(tmp_path / "digits").split()
    before = measured(model, data, learnt, held_out)
    tuning = fine_tune(
        network,
        learnt,
        data,
        epochs=2,
        learning_rate=0.005,
        share=0.2,
        rehearsed=1000,
        representation=view,
    )
    list(tuning)
    after = measured(model, data, learnt, held_out)
    kept = hw.Network.load(watched.runs.model(run))
    np.testing.assert_array_equal(kept.parameters.vector, network.parameters.vector)
    brought = watched.runs.whole(run)["brought"]
    assert brought["before"] == {name: each.as_json() for name, each in before.items()}
    assert brought["after"] == {name: each.as_json() for name, each in after.items()}
    learnt_more = brought["after"]["own"]["right"] - brought["before"]["own"]["right"]
    # Seen upright, a leaning hand is read right from the beginning.
    assert learnt_more >= (1 if view == "as-is" else 0)
    header = read_header(watched.runs.model(run))
    record = header["record"]
    assert header["representation"] == view
    assert record["fine_tuned"]["from"] == own
    assert record["fine_tuned"]["digits"] == len(learnt)
    assert 0.2 <= header["calibration"]["temperature"] <= 5
    assert [m["kind"] for m in watched.heard].count("brought") == 2


def test_killed_it_goes_on_whatever_became_of_the_model_and_the_digits(watched, own, tmp_path):
    run = watched.runs.begin(wish_of(own, epochs=2), "batch")
    watched.until(lambda: watched.runs.get(run).progress.get("step") == 1, "one batch")
    watched.until_status(run, "paused")
    checkpoint = watched.runs.get(run).folder / "checkpoint.safetensors"
    watched.until(checkpoint.exists, "it is kept")
    watched.runs.delete(own)
    for png in (tmp_path / "digits").rglob("*.png"):
        png.unlink()
    os.kill(watched.runs.get(run).process.pid, signal.SIGKILL)
    assert watched.until_gone(run).status == "crashed"
    watched.runs.go_on(run, "run")
    ended = watched.until_gone(run)
    assert (ended.status, ended.sentence) == ("finished", "")
    brought = watched.runs.whole(run)["brought"]
    assert brought["after"]["own"]["images"] == brought["before"]["own"]["images"] > 0


def test_the_form_says_what_is_kept_and_begins_with_the_command_s_settings(watched, own):
    offered = watched.runs.own()
    assert sum(offered["counts"]) == 24
    assert offered["sources"] == {"shipped": "the shipped model", own: "small"}
    defaults = {control.name: control.default for control in offered["controls"]}
    assert defaults == {
        "own.share": 0.1,
        "own.rehearsed": 10_000,
        "epochs": 3,
        "learning_rate": 2e-4,
        "seed": 0,
    }
    assert offered["wish"] == standard_wish()
    json.dumps([control.sentence for control in offered["controls"]])


def test_too_few_digits_and_models_of_other_things_are_refused(watched, tmp_path):
    Collection.open(tmp_path / "digits").add(written()[0][0], 3)
    with pytest.raises(DataError, match="1 of your digits are kept: label at least 8"):
        watched.runs.begin(standard_wish(), "run")
    assert watched.runs.state()["runs"] == []
    assert [*(tmp_path / "runs").iterdir()] == []
    with pytest.raises(InvalidArgument, match=r"there is no run '\.\./\.\./x'"):
        watched.runs.begin(wish_of("../../x"), "run")
    path = tmp_path / "letters.safetensors"
    hw.Network([784, 26], seed=0).save(path)
    with pytest.raises(ModelFileError, match="784 numbers to 26"):
        taught_settings(standard_wish(), path)
