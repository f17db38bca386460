"""A disk that is full for a while, a real one."""

import signal
import subprocess

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(trainings):
    """A file system of two megabytes in memory."""
    place = trainings.home / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", place],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(path):
    with pytest.raises(OSError, match="No space left"):
        _write_on(path)


def _write_on(path):
    with path.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(512))


def test_a_disk_that_is_full_for_a_while_ends_no_training(trainings, disk, whole):
    process = trainings.begin("disk/run", "--checkpoint-every", 0)
    trainings.until(process, "epoch   1")
    process.send_signal(signal.SIGSTOP)
    fill(disk / "filler")
    process.send_signal(signal.SIGCONT)
    said = trainings.until(process, "cannot be written")
    assert "No space left on device" in said
    assert "The training goes on, and tries again after 0 s." in said
    assert (disk / "run" / "checkpoint.safetensors").exists()
    (disk / "filler").unlink()
    code, out, err = trainings.end(process)
    assert (code, err) == (0, "")
    assert out.count("cannot be written") <= 2  # told when it begins, not at each mini-batch
    assert trainings.models("disk/run") == whole


def test_a_disk_that_stays_full_ends_with_one_sentence_and_keeps_the_checkpoint(
    trainings, disk, whole
):
    process = trainings.begin("disk/run", "--checkpoint-every", 0)
    trainings.until(process, "epoch   2")
    process.send_signal(signal.SIGSTOP)  # so that it cannot end before the disk is full
    fill(disk / "filler")
    process.send_signal(signal.SIGCONT)
    code, _, err = trainings.end(process)
    assert code == 1
    assert "No space left on device" in err
    assert err.endswith("to go on:  handwrought train --resume disk/run\n")
    assert err.count("\n") == 1
    (disk / "filler").unlink()
    code, _, err = trainings.resume("disk/run")
    assert code == 0, err
    assert trainings.models("disk/run") == whole


def test_a_log_on_a_full_disk_ends_no_training(trainings, disk, whole):
    with (disk / "log").open("w") as log:
        process = trainings.begin("run", stdout=log)
        while "epoch   1" not in (disk / "log").read_text():
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        fill(disk / "filler")
        process.send_signal(signal.SIGCONT)
        _, _, err = trainings.end(process)
    assert process.returncode == 1
    assert err == (
        "handwrought: standard output cannot be written: No space left on device; what this "
        "command makes is kept all the same\n"
    )
    assert trainings.models("run") == whole
