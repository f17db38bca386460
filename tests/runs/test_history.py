"""The log of a training: a line for each epoch, each once, whatever fails meanwhile."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from handwrought.errors import CannotWrite, ModelFileError
from handwrought.runs.history import MOST_POINTS, Entry, History, read_history, readable_history
from handwrought.training.metrics import LayerMeasured, Point
from handwrought.training.reports import EpochReport


def report(epoch):
    return EpochReport(epoch, 9, 1.0, None, 0.5, 0.1, 1.0, 2.0)


def lines(*epochs):
    """As they must stand in the file: each with the SHA-256 of the digest before it and of itself."""
    text, last = "", ""
    for epoch in epochs:
        plain = (
            f'{{"kind": "epoch", "epoch": {epoch}, "epochs": 9, "cost": 1.0, "validation_cost": null, '
            f'"validation_accuracy": 0.5, "learning_rate": 0.1, "seconds": 1.0, '
            f'"images_per_second": 2.0, "point": null}}'
        )
        last = hashlib.sha256((last + plain).encode()).hexdigest()
        text += f'{plain[:-1]}, "digest": "{last}"}}\n'
    return text


def old_lines(*epochs):
    """As earlier versions wrote them."""
    return "".join(json.dumps(vars(report(epoch))) + "\n" for epoch in epochs)


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
    assert History(path, 3).reports == [report(1), report(2), report(3)]


def test_what_follows_the_epochs_to_go_on_after_is_forgotten(tmp_path):
    path = tmp_path / "log"
    path.write_text(lines(1, 2, 3))
    assert History(path, 2).reports == [report(1), report(2)]
    assert path.read_text() == lines(1, 2)
    assert History(path).reports == []
    assert path.read_text() == ""


@pytest.mark.parametrize("rest", ['{"epoch": 3, "ep', "3\n", "[]\n", "null\n", "[" * 9999])
def test_what_a_crash_left_after_the_epochs_to_go_on_after_is_mended(rest, tmp_path):
    path = tmp_path / "log"
    path.write_text(lines(1, 2) + rest)
    assert History(path, 2).reports == [report(1), report(2)]
    assert path.read_text() == lines(1, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lines(1, 2) + '{"epoch": 3, "ep', "ends before epoch 3"),
        (lines(1, 2), "ends before epoch 3"),
        ("", "ends before epoch 3"),
        (lines(1, 2) + "3\n", "line 3: it is no JSON object"),
        (lines(1, 2) + "[" * 9999 + "\n", "line 3: "),
        (lines(1, 2) + old_lines(3), "line 3: the digest is missing"),
        (lines(1, 2, 3).replace("0.5", "0.6", 1), "line 1: the digest does not match"),
        (lines(1, 2, 3).replace("\n", "\n\n", 1), "line 2: "),
        ("".join(lines(1, 2, 3).splitlines(True)[1:]), "line 1: the digest does not match"),
        (old_lines(1, 2) + old_lines(4), "line 3: an epoch is missing before it"),
        (old_lines(1, 2, 3).replace("9", "true"), "line 1: epochs is True"),
        (old_lines(1, 2, 3).replace('"epoch": 2', '"epoch": 2.0'), "line 2: epoch is 2.0"),
    ],
)
def test_a_line_that_was_finished_and_is_no_more_is_told_and_the_log_left_alone(
    content, said, tmp_path
):
    path = tmp_path / "log"
    path.write_text(content)
    with pytest.raises(ModelFileError) as caught:
        History(path, 3)
    assert said in str(caught.value)
    assert "remove it: the log then begins with the next epoch" in str(caught.value)
    assert path.read_text() == content


@pytest.mark.slow
def test_a_log_with_any_bit_changed_is_told(tmp_path):
    path = tmp_path / "log"
    content = lines(1, 2).encode()
    for at in range(8 * len(content)):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        with pytest.raises(ModelFileError):
            History(path, 2)


def test_a_log_of_an_earlier_version_gets_digests(tmp_path):
    path = tmp_path / "log"
    path.write_text(old_lines(1, 2, 3))
    assert History(path, 3).reports == [report(1), report(2), report(3)]
    assert path.read_text() == lines(1, 2, 3)


def test_a_log_that_is_gone_begins_with_the_next_epoch(tmp_path):
    path = tmp_path / "log"
    history = History(path, 4)
    history.add(report(5))
    history.sync()
    history.close()
    assert History(path, 5).reports == [report(5)]


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
        assert path.read_text() == lines(1) + lines(1, 2)[len(lines(1)) :][:9]
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
    (tmp_path / "log").write_text(lines(1))
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


# --- points --------------------------------------------------------------------------------------

FOLDERS = Path(__file__).parent / "folders"


def point(step):
    layers = (LayerMeasured(2, 0.5, 0.25, 0.0),)
    return Point(step, step / 10, 1.0, 0.9, 0.5, None, None, False, 0.1, 9.0, layers, 0.1)


def test_points_stand_between_epochs_and_at_their_ends(tmp_path):
    path = tmp_path / "log"
    history = History(path)
    history.add(point=point(5))
    history.add(report(1), point(10))
    history.add(point=point(15))
    history.sync()
    history.close()
    expected = [
        Entry(point=point(5)), Entry(report(1), point(10)), Entry(point=point(15)),
    ]  # fmt: skip
    assert read_history(path) == expected
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert kinds == ["point", "epoch", "point"]
    assert History(path, 1, 15).entries == expected
    assert History(path, 1, 14).entries == expected[:2]
    assert History(path, 1).reports == [report(1)]


def test_many_points_are_thinned_and_no_epoch_is_lost(tmp_path):
    path = tmp_path / "log"
    history = History(path)
    for step in range(1, 2 * MOST_POINTS):
        history.add(report(step // 100) if step % 100 == 0 else None, point(step))
        if step % 100 == 0:
            history.write()
    history.sync()
    entries = read_history(path)
    steps = [each.point.step for each in entries if each.point is not None]
    assert len(steps) <= MOST_POINTS
    assert (steps[0], steps[-50:]) == (1, list(range(2 * MOST_POINTS - 50, 2 * MOST_POINTS)))
    assert [each.report.epoch for each in entries if each.report is not None] == list(range(1, 16))


def test_a_studio_s_log_of_an_earlier_version_is_read_and_gone_on_with(tmp_path):
    path = tmp_path / "history.jsonl"
    path.write_bytes((FOLDERS / "studio" / "history.jsonl").read_bytes())
    steps = [each.point.step for each in read_history(path)]
    assert steps == [0, 5, 6]
    history = History(path, 0, steps[-2])
    assert [each.step for each in history.points] == steps[:-1]
    assert json.loads(path.read_text().splitlines()[0])["kind"] == "point"


def test_what_cannot_be_read_is_left_out_where_that_is_asked_for(tmp_path):
    path = tmp_path / "log"
    assert readable_history(path) == ([], "")
    path.write_text(lines(1, 2, 3).replace('"epoch": 2', '"epoch": 7', 1))
    entries, damage = readable_history(path)
    assert [each.report.epoch for each in entries] == [1, 3]
    assert damage == "In log, line 2 of 3 cannot be read: nothing is shown of it."
    assert History(path, 3, mend=True).reports == [report(1), report(3)]
    assert readable_history(tmp_path)[1].endswith("Is a directory.")


@pytest.mark.parametrize(
    ("before", "after"),
    [("0.9", "Infinity"), ("0.9", '"x"'), ("false", "1"), ('"step": 5', '"step": 5.5'),
     ('"layers": [', '"layers": ["x", '), ("0.25", "null"), ('"kind": "point"', '"kind": "x"')],
)  # fmt: skip
def test_a_point_of_another_kind_is_told(before, after, tmp_path):
    path = tmp_path / "log"
    history = History(path)
    history.add(point=point(5))
    history.sync()
    values = json.loads(path.read_text())
    del values["digest"]
    text = json.dumps(values)
    assert before in text
    path.write_text(text.replace(before, after) + "\n")
    with pytest.raises(ModelFileError, match="line 1: "):
        read_history(path)
