"""The log of a training: a line for each epoch, each once, whatever fails meanwhile."""

import errno
import json
import os

import pytest

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.training.history import History
from handwrought.training.reports import EpochReport


def report(epoch):
    return EpochReport(epoch, 9, 1.0, None, 0.5, 0.1, 1.0, 2.0)


def line(epoch):
    return (
        f'{{"epoch": {epoch}, "epochs": 9, "cost": 1.0, "validation_cost": null, '
        f'"validation_accuracy": 0.5, "learning_rate": 0.1, "seconds": 1.0, '
        f'"images_per_second": 2.0}}\n'
    )


def lines(*epochs):
    return "".join(map(line, epochs))


def refuse(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def open_files():
    return len(os.listdir("/dev/fd"))


def test_each_epoch_is_a_line_and_is_written_once(tmp_path):
    path, before = tmp_path / "log", open_files()
    history = History(path)
    assert path.read_text() == ""
    for epoch in (1, 2):
        history.add(report(epoch))
    history.write()
    assert path.read_text() == lines(1, 2)
    history.write()
    history.add(report(3))
    history.sync()
    assert path.read_text() == lines(1, 2, 3)
    history.close()
    assert open_files() == before
    assert History(path, 9).reports == [report(1), report(2), report(3)]


def test_what_follows_the_epochs_to_go_on_after_is_forgotten(tmp_path):
    path = tmp_path / "log"
    path.write_text(lines(1, 2, 3))
    assert History(path, 2).reports == [report(1), report(2)]
    assert path.read_text() == lines(1, 2)
    assert History(path).reports == []
    assert path.read_text() == ""


@pytest.mark.parametrize(
    "rest", ['{"epoch": 3, "ep', "3\n", "[]\n", "null\n", '{"epoch": 3}\n', "[" * 9999, line(4)]
)
def test_a_log_is_read_as_far_as_it_is_whole(rest, tmp_path):
    path = tmp_path / "log"
    path.write_text(lines(1, 2) + rest + lines(3))
    assert History(path, 9).reports == [report(1), report(2)]
    assert path.read_text() == lines(1, 2)


def test_lines_go_on_after_those_of_the_file(tmp_path):
    path = tmp_path / "log"
    path.write_text(lines(1, 2))
    history = History(path, 2)
    history.add(report(3))
    history.write()
    assert path.read_text() == lines(1, 2, 3)


def told(path):
    return (
        f"{path} cannot be written: No space left on device; the log is written whole as soon as it "
        f"can be"
    )


def test_half_a_line_of_a_full_disk_is_mended_by_the_next_write(tmp_path, monkeypatch):
    path, before = tmp_path / "log", open_files()
    history = History(path)
    history.add(report(1))
    history.write()
    history.add(report(2))
    real = os.write

    def half(handle, content):
        real(handle, content[:9])
        refuse()

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(CannotWrite) as caught:
            history.write()
        assert str(caught.value) == told(path)
        assert path.read_text() == lines(1) + line(2)[:9]
        with pytest.raises(CannotWrite) as caught:
            history.write()
        assert str(caught.value) == told(path)
    history.add(report(3))
    history.write()
    history.add(report(4))
    history.write()
    assert path.read_text() == lines(1, 2, 3, 4)
    history.close()
    assert open_files() == before


def test_a_log_that_could_not_be_synced_is_written_anew(tmp_path, monkeypatch):
    path = tmp_path / "log"
    history = History(path)
    history.add(report(1))
    synced = []
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle)))
        history.sync()
        assert len(synced) == 1
        assert os.path.samestat(synced[0], path.stat())
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(CannotWrite) as caught:
            history.sync()
        assert str(caught.value) == told(path)
    path.write_text("lost")
    history.write()
    assert path.read_text() == lines(1)
    history.close()


def test_a_log_that_cannot_be_made_or_read_is_told(tmp_path, monkeypatch):
    with pytest.raises(ModelFileError) as caught:
        History(tmp_path, 1)
    assert str(caught.value) == f"{tmp_path} cannot be read: Is a directory"
    monkeypatch.setattr(os, "write", refuse)
    (tmp_path / "log").write_text(json.dumps(vars(report(1))))
    with pytest.raises(CannotWrite) as caught:
        History(tmp_path / "log", 1)
    assert str(caught.value) == told(tmp_path / "log")


def test_a_close_that_fails_is_no_failure_of_the_training(tmp_path, monkeypatch):
    history = History(tmp_path / "log")
    real = os.close

    def close(handle):
        real(handle)
        refuse()

    monkeypatch.setattr(os, "close", close)
    history.close()
    history.close()


def test_a_program_without_standard_input_keeps_its_log_as_any_other(tmp_path):
    stdin = os.dup(0)
    os.close(0)
    try:
        before = open_files()
        history = History(tmp_path / "log")
        for epoch in (1, 2):
            history.add(report(epoch))
            history.write()
        assert (tmp_path / "log").read_text() == lines(1, 2)
        assert open_files() == before + 1
        history.close()
        assert open_files() == before
    finally:
        os.dup2(stdin, 0)
        os.close(stdin)
