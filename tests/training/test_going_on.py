"""What a training that goes on remembers: the best epoch, its patience, its log."""

import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import CannotWrite, ModelFileError
from handwrought.runs.checkpoint import load_checkpoint, save_checkpoint
from handwrought.runs.history import History
from handwrought.training.best import Best
from handwrought.training.observers import early_stopped
from handwrought.training.reports import EpochReport


def report(epoch, accuracy=0.5):
    return EpochReport(epoch, 9, 0.1, 0.2, accuracy, 3.0, 1.0, 100.0)


def data():
    mnist = hw.load_dataset("mnist")
    return replace(mnist, train=mnist.train[:200], validation=mnist.validation[:100])


def training(seed=0, **more):
    net = hw.Network([784, 8, 10], seed=seed)
    return net, hw.train(net, data(), epochs=40, batch_size=20, seed=seed, report_every=4, **more)


@pytest.mark.slow
@pytest.mark.parametrize("stop_after", [3, 20, 33])
def test_early_stopping_goes_on_to_the_same_end(tmp_path, stop_after):
    net, reports = training()
    whole = list(early_stopped(reports, net, patience=3))
    assert whole[-1].epoch < 40

    first, reports = training()
    best = Best(first)
    watched = early_stopped(reports, first, patience=3, best=best)
    for _ in range(min(stop_after, len(whole))):
        next(watched)
    save_checkpoint(reports.state().including(best), tmp_path / "c")
    watched.close()

    state = load_checkpoint(tmp_path / "c")
    second, reports = training(resume=state)
    best = Best(second)
    best.restore(state)
    rest = list(early_stopped(reports, second, patience=3, best=best))
    assert stop_after + len(rest) == max(len(whole), stop_after)
    np.testing.assert_array_equal(second.parameters.vector, net.parameters.vector)


def test_patience_that_had_run_out_trains_no_further():
    net, reports = training()
    best = Best(net)
    best.epoch, best.score, best.waited = 2, 1.0, 3
    best.vector[:] = 7
    assert list(early_stopped(reports, net, patience=3, best=best)) == []
    assert (net.parameters.vector == 7).all()


def test_the_first_of_equally_good_epochs_is_the_best():
    net = hw.Network([4, 2])
    best = Best(net)
    for epoch, accuracy in enumerate((0.5, 0.7, 0.7, None, 0.6), 1):
        net.parameters.vector[:] = epoch
        best.observe(report(epoch, accuracy))
    assert (best.epoch, best.score, best.waited) == (2, 0.7, 2)
    assert (best.restored().parameters.vector == 2).all()
    assert (net.parameters.vector == 5).all()


def test_a_log_cut_short_is_mended_up_to_the_checkpoint(tmp_path):
    path = tmp_path / "history.jsonl"
    log = History(path)
    for epoch in (1, 2, 3):
        log.add(report(epoch))
        log.write()
    log.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    again = History(path, 2)
    assert again.reports == [report(1), report(2)]
    again.add(report(3))
    again.write()
    again.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"[]\n", b'{"epoch": 2}\n', b"\xff\n"])
def test_a_log_that_is_damaged_where_it_was_whole_is_told_and_left_alone(tmp_path, content):
    first = json.dumps(vars(report(1))).encode() + b"\n"
    (tmp_path / "h").write_bytes(first + content)
    with pytest.raises(ModelFileError, match=r"line 2: |ends before epoch 5"):
        History(tmp_path / "h", 5)
    assert (tmp_path / "h").read_bytes() == first + content
    log = History(tmp_path / "h", 1)
    log.close()
    assert log.reports == [report(1)]


def test_a_log_that_cannot_be_read_is_left_alone(tmp_path):
    (tmp_path / "h").mkdir()
    with pytest.raises(ModelFileError, match="cannot be read: Is a directory"):
        History(tmp_path / "h", 1)


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()])
def test_a_log_that_could_not_be_written_is_written_whole_later(tmp_path, monkeypatch, call, error):
    if call == "fsync" and isinstance(error, MemoryError):
        error = OSError(errno.EIO, "Input/output error")
    path = tmp_path / "h"
    log = History(path)
    log.add(report(1))
    log.sync()

    def fail(handle, *content):
        raise error

    log.add(report(2))
    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        for _ in range(2):
            with pytest.raises(CannotWrite, match="the log is written whole as soon"):
                log.sync()
    log.add(report(3))
    log.sync()
    log.close()
    epochs = [json.loads(line)["epoch"] for line in path.read_text().splitlines()]
    assert epochs == [1, 2, 3]


def test_gone_on_with_after_an_epochs_last_mini_batch_its_report_tells_no_speed():
    net, settings = hw.Network([784, 8, 10]), {"epochs": 2, "batch_size": 30, "report_every": 7}
    reports = hw.train(net, data(), **settings)
    assert next(reports).batch == 7  # of 7: the last has 20 of the 200 images
    state = reports.state()
    reports.close()
    again = hw.train(hw.Network([784, 8, 10]), data(), **settings, resume=state)
    assert next(again).images_per_second == 0
    assert next(again).images_per_second > 0
