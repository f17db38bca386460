"""`handwrought collect`: digits of one's own are shown, labelled and kept."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import handwrought as hw
from handwrought.cli import app
from handwrought.data.collection import Collection
from handwrought.errors import DataError, InvalidArgument

TRUE = "38696"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Five validation digits in a row, dark on white, drawn large."""
    split = hw.load_dataset("mnist").validation
    assert "".join(map(str, split.labels[:5])) == TRUE
    row = np.zeros((60, 300), np.uint8)
    for i, image in enumerate(split.images[:5]):
        row[16:44, 20 + 52 * i : 48 + 52 * i] = image
    path = tmp_path_factory.mktemp("pages") / "page.png"
    Image.fromarray(255 - np.kron(row, np.ones((3, 3), np.uint8))).save(path)
    return path


@pytest.fixture
def own(tmp_path):
    return tmp_path / "own"


@pytest.fixture
def at_terminal(monkeypatch):
    """As if somebody sat there: the input given is what they type."""
    module = import_module("handwrought.cli.collect")
    monkeypatch.setattr(module, "is_terminal", lambda: True)


def collect(*arguments, typed=None):
    return CliRunner().invoke(app, ["collect", *map(str, arguments)], input=typed)


def kept(folder):
    return Collection.open(folder).counts()


def counts_of(text):
    return [text.count(str(digit)) for digit in range(10)]


@pytest.mark.usefixtures("at_terminal")
class TestAsking:
    def test_enter_keeps_each_reading(self, page, own):
        done = collect(page, "--out", own, typed="\n" * 5)
        assert done.exit_code == 0
        assert kept(own) == counts_of(TRUE)
        assert "5 of 5 digits kept, 0 of them misread" in done.stdout
        assert done.stdout.count("%") > 100  # they are drawn
        record = Collection.open(own).records()[0]
        assert record["source"] == str(page)
        assert len(record["box"]) == 4

    def test_the_doubtful_come_first(self, page, own):
        done = collect(page, "--out", own, "--json", typed="\n" * 5)
        shown = [float(share) for share in re.findall(r"reads \d \(([\d.]+)%\)", done.stderr)]
        assert len(shown) == 5
        assert shown == sorted(shown)
        answer = json.loads(done.stdout)
        assert answer["kept"] == 5
        assert [d["label"] for d in answer["digits"]] == [int(c) for c in TRUE]

    def test_a_digit_corrects_and_s_skips_and_q_ends(self, page, own):
        done = collect(page, "--out", own, "--json", typed="1\ns\n4\nq\n")
        assert done.exit_code == 0
        assert kept(own) == counts_of("14")
        answer = json.loads(done.stdout)
        assert sorted(d["label"] for d in answer["digits"] if d["kept"]) == [1, 4]
        assert [d["label"] for d in answer["digits"] if not d["kept"]] == [None] * 3
        assert answer["kept"] == 2

    def test_b_goes_back_and_the_new_answer_replaces_the_old(self, page, own):
        collect(page, "--out", own, typed="1\nb\n2\nb\nb\nb\ns\n5\nq\n")
        assert kept(own) == counts_of("5")

    def test_b_then_enter_keeps_what_was_typed_before(self, page, own):
        done = collect(page, "--out", own, typed="1\nb\n\nq\n")
        assert kept(own) == counts_of("1")
        assert "kept as 1" in done.stdout

    def test_skipping_one_that_was_kept_in_an_earlier_session_leaves_it(self, page, own):
        collect(page, "--out", own, typed="1\nq\n")
        collect(page, "--out", own, typed="2\nb\ns\nq\n")
        assert kept(own) == counts_of("1")

    def test_other_answers_are_asked_again(self, page, own):
        done = collect(page, "--out", own, typed="what\n12\n7\nq\n")
        assert "'what' is no answer" in done.stdout
        assert "'12' is no answer" in done.stdout
        assert kept(own) == counts_of("7")

    def test_the_end_of_the_input_is_q(self, page, own):
        done = collect(page, "--out", own, typed="7\n")
        assert done.exit_code == 0
        assert kept(own) == counts_of("7")

    def test_only_wrong_keeps_the_corrected_alone(self, page, own):
        collect(page, "--out", own, "--only-wrong", typed="\n1\n\n\n\n")
        assert kept(own) == counts_of("1")

    def test_a_picture_on_standard_input_leaves_no_room_for_answers(self, own):
        done = collect("-", "--out", own)
        assert isinstance(done.exception, InvalidArgument)
        assert "--labels" in str(done.exception)


def test_labels_are_kept_without_asking(page, own):
    done = collect(page, "--out", own, "--labels", "38 6/95")
    assert done.exit_code == 0
    assert kept(own) == counts_of("38695")
    assert "5 of 5 digits kept, 1 of them misread" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_question_mark_leaves_one_out_and_only_wrong_the_right_ones(page, own):
    collect(page, "--out", own, "--labels", "3?695", "--only-wrong")
    assert kept(own) == counts_of("5")


@pytest.mark.parametrize("labels", ["3869", "386966"])
def test_a_count_that_does_not_match_keeps_nothing_of_that_picture(page, own, labels):
    done = collect(page, "--out", own, "--labels", labels)
    assert done.exit_code == 1
    assert f"gives {len(labels)} digits ({labels}), and 5 were found (38696)" in done.stderr
    assert not own.exists()


@pytest.mark.slow
def test_lines_of_a_file_go_to_the_pictures_in_order_or_by_name(page, own, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b.png").write_bytes(page.read_bytes())
    (folder / "a.png").write_text("no picture")
    labels = tmp_path / "labels.txt"
    labels.write_text("111\n38695\n")
    done = collect(folder, "--out", own, "--labels", labels)
    assert done.exit_code == 1  # a.png
    assert done.stderr.count("\n") == 1
    assert "a.png is no picture" in done.stderr
    assert kept(own) == counts_of("38695")
    labels.write_text("b.png\t386 / 90\n")
    collect(folder, "--out", own, "--labels", labels)
    assert kept(own) == counts_of("38690")
    labels.write_text("c.png\t38690\n")
    done = collect(folder, "--out", own, "--labels", labels)
    assert "has no line for" in str(done.exception)
    labels.write_text("38690\n")
    done = collect(folder, "--out", own, "--labels", labels)
    assert "gives 1 lines, and 2 pictures" in str(done.exception)


def test_one_digit_a_picture_takes_a_digit_each(own, tmp_path):
    split = hw.load_dataset("mnist").validation
    files = []
    for i in range(3):
        files.append(tmp_path / f"{i}.png")
        Image.fromarray(255 - split.images[i]).resize((84, 84)).save(files[-1])
    done = collect(*files, "--out", own, "--digits", 1, "--labels", "386")
    assert done.exit_code == 0
    assert kept(own) == counts_of("386")
    with Image.open(next((own / "8").glob("*.png"))) as image:
        seen = np.asarray(image)
    np.testing.assert_array_equal(seen, hw.Recognizer.load().read_digit(files[1]).normalized)


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["38x96", "none.txt", "38696\x00", "3" * 9999 + "x"])
def test_labels_that_are_neither_digits_nor_a_file_are_refused(page, own, labels):
    done = collect(page, "--out", own, "--labels", labels)
    assert isinstance(done.exception, DataError)
    assert "--labels holds" in str(done.exception)


def test_without_a_terminal_labels_are_asked_for(page, own):
    done = subprocess.run(
        [sys.executable, "-m", "handwrought", "collect", page, "--out", own],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no terminal" in done.stderr
    assert "--labels 5021" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not own.exists()


@pytest.mark.slow
def test_in_a_terminal_ctrl_c_loses_no_answer(page, own):
    here, there = pty.openpty()
    command = [sys.executable, "-m", "handwrought", "collect", str(page), "--out", str(own)]
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command, stdin=there, stdout=there, stderr=there, env=environment, start_new_session=True
    ) as asked:
        os.close(there)
        shown = until(here, b"1 of 5")
        os.write(here, b"4\n")
        shown += until(here, b"2 of 5")
        os.write(here, b"\n")
        shown += until(here, b"3 of 5")
        asked.send_signal(signal.SIGINT)
        shown += until(here, None)
        assert asked.wait(60) == 130
    os.close(here)
    text = shown.decode()
    assert "▀" in text  # drawn in greys
    assert "every answer given is kept" in text
    assert "2 of 5 digits kept" in text
    assert "Traceback" not in text
    assert sum(kept(own)) == 2
    assert kept(own)[4] == 1


def until(terminal, mark):
    """What appears on the terminal up to a mark; with None, to the end."""
    shown = b""
    while mark is None or mark not in shown:
        try:
            some = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            some = b""
        if not some:
            assert mark is None, shown.decode()
            break
        shown += some
    return shown
