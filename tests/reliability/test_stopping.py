"""Signals, as users and systems send them, to real processes."""

import signal

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_saves_and_says_how_to_go_on_to_the_same_file(trainings, whole, number):
    process = trainings.begin("run")
    trainings.until(process, "epoch   2")
    process.send_signal(number)
    code, out, err = trainings.end(process)
    assert code == 130
    assert err == ""
    assert "To go on:  handwrought train --resume run" in out
    assert (trainings.home / "run" / "model.safetensors").exists()
    code, out, err = trainings.resume("run")
    assert code == 0, err
    assert "It goes on in epoch" in out
    assert trainings.models("run") == whole
    assert sorted(path.name for path in (trainings.home / "run").iterdir()) == [
        "best.safetensors", "config.json", "history.jsonl", "model.safetensors",
    ]  # fmt: skip


def test_two_signals_leave_at_once_and_the_last_checkpoint_stays(trainings, whole):
    process = trainings.begin("run", "--checkpoint-every", 0)
    trainings.until(process, "epoch   2")
    # Both arrive when it goes on, so that it cannot have left after the first.
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        process.send_signal(number)
    code, _, err = trainings.end(process)
    assert code == 130
    assert err == (
        "handwrought: left at once; from the last checkpoint goes on:  "
        "handwrought train --resume run\n"
    )
    assert not (trainings.home / "run" / "model.safetensors").exists()
    code, _, err = trainings.resume("run")
    assert code == 0, err
    assert trainings.models("run") == whole


def test_a_training_whose_output_nobody_reads_keeps_itself(trainings, whole):
    process = trainings.begin("run")
    trainings.until(process, "epoch   2")
    process.stdout.close()
    assert process.wait(300) == 130
    said = process.stderr.read()
    assert said.startswith("handwrought: nobody reads its output any more. Stopped after ")
    assert said.endswith("To go on:  handwrought train --resume run\n")
    assert said.count("\n") == 1
    process.stderr.close()
    code, _, err = trainings.resume("run")
    assert code == 0, err
    assert trainings.models("run") == whole
