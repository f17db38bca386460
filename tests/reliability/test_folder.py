"""A training's folder: one process at a time, nothing overwritten, nothing left over."""

import json
import signal

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def killed(trainings):
    """A training that was killed in its third epoch, with a checkpoint."""
    process = trainings.begin("run", "--checkpoint-every", 0)
    trainings.until(process, "epoch   2")
    process.kill()
    trainings.end(process)
    return trainings.home / "run"


def test_a_second_process_says_which_one_holds_the_folder_and_changes_nothing(trainings):
    first = trainings.begin("run", "--checkpoint-every", 1e9)
    trainings.until(first, "Training")
    first.send_signal(signal.SIGSTOP)  # that it may not end meanwhile
    folder = trainings.home / "run"
    before = (folder / "config.json").read_bytes()
    for second in (trainings.begin("run", "--seed", 9), trainings.start("--resume", "run")):
        code, out, err = trainings.end(second)
        assert code == 1
        assert err.startswith(f"handwrought: run is in use by process {first.pid} on ")
        assert err.count("\n") == 1
        assert out == ""
        assert (folder / "config.json").read_bytes() == before
    first.kill()
    trainings.end(first)
    code, out, err = trainings.resume("run")  # the lock went with its process
    assert code == 0, err
    assert "it begins anew" in out


def test_a_killed_training_goes_on_and_cleans_up_only_what_was_its_own(trainings, killed, whole):
    (killed / ".checkpoint.safetensors.0a1b2c3d.tmp").write_bytes(b"half a file")
    (killed / ".notes.0a1b2c3d.tmp").write_text("somebody else's")
    log = (killed / "history.jsonl").read_bytes()
    (killed / "history.jsonl").write_bytes(log + b'{"epoch": 3, "ep')
    code, _, err = trainings.resume("run")
    assert code == 0, err
    assert trainings.models("run") == whole
    assert [path.name for path in killed.glob(".*")] == [".notes.0a1b2c3d.tmp"]
    lines = (killed / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [*range(1, 101)]


def test_a_stopped_training_is_not_begun_over(trainings, killed):
    before = (killed / "checkpoint.safetensors").read_bytes()
    code, _, err = trainings.end(trainings.begin("run"))
    assert code == 2
    assert "holds a stopped training: go on with --resume run" in err
    assert (killed / "checkpoint.safetensors").read_bytes() == before


def test_an_ended_training_has_nothing_to_go_on_with(trainings, killed):
    assert trainings.resume("run")[0] == 0
    before = trainings.models("run")
    code, _, err = trainings.resume("run")
    assert code == 2
    assert "there is nothing to go on with" in err
    assert trainings.models("run") == before


def test_the_best_epochs_model_stands_beside_the_last(trainings, killed):
    from handwrought.storage import read_header

    assert trainings.resume("run")[0] == 0
    lines = (killed / "history.jsonl").read_text().splitlines()
    accuracies = [json.loads(line)["validation_accuracy"] for line in lines]
    last, best = (
        read_header(killed / f"{name}.safetensors")["record"] for name in ("model", "best")
    )
    assert (last["epochs_done"], last["validation_accuracy"]) == (100, accuracies[-1])
    assert best["epochs_done"] == accuracies.index(max(accuracies)) + 1
    assert best["validation_accuracy"] == max(accuracies)
