"""A collection to the byte: its files, its index, its sides, and the sentence for what is none."""

import hashlib
import os
import re

import numpy as np
import pytest
from PIL import Image

from handwrought.data.collection import INDEX, Collection
from handwrought.errors import DataError


def digit(i=0):
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 12] = np.arange(20) + 100 + i
    return pixels


def key(i):
    return hashlib.sha256(digit(i).tobytes()).hexdigest()[:20]


def refusal(call, *arguments, **named):
    with pytest.raises(DataError) as caught:
        call(*arguments, **named)
    return str(caught.value)


# --- which folders -------------------------------------------------------------------------------


def test_a_folder_that_is_no_collection_is_told_in_a_sentence(tmp_path):
    none, empty, file, other = (tmp_path / name for name in ("none", "empty", "file", "other"))
    empty.mkdir()
    (empty / ".hidden").touch()
    file.touch()
    other.mkdir()
    for name in ("b", "a", "10", ".hidden"):
        (other / name).touch()
    assert refusal(Collection.open, none, create=False) == (
        f"{none} is not there: collect digits into it with handwrought collect"
    )
    assert refusal(Collection.open, empty, create=False) == (
        f"{empty} is empty: collect digits with handwrought collect"
    )
    for create in (True, False):
        assert refusal(Collection.open, file, create=create) == (
            f"{file} cannot be used as a folder of digits: Not a directory"
        )
        assert refusal(Collection.open, other, create=create) == (
            f"{other} holds other things (10) and no digits: name the folder that handwrought collect "
            f"made, or a new one"
        )


@pytest.mark.parametrize("name", ["0", "9", INDEX])
def test_one_sub_folder_or_the_index_makes_a_collection(name, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / "other").mkdir()
    for create in (True, False):
        assert Collection.open(str(tmp_path), create=create).folder == tmp_path


def test_a_new_or_an_empty_folder_will_do(tmp_path):
    assert Collection.open(tmp_path).folder == tmp_path
    assert Collection.open(tmp_path / "none").folder == tmp_path / "none"


def test_it_says_what_it_is(tmp_path):
    assert repr(Collection(tmp_path)) == f"<Collection {tmp_path}: 0 digits>"
    (tmp_path / "4").mkdir()
    for i in range(1000):
        (tmp_path / "4" / f"{i}.png").touch()
    assert repr(Collection(tmp_path)) == f"<Collection {tmp_path}: 1,000 digits>"
    assert Collection(tmp_path).counts() == [0, 0, 0, 0, 1000, 0, 0, 0, 0, 0]


# --- what is kept --------------------------------------------------------------------------------


def test_a_digit_is_a_file_in_one_of_ten_sub_folders_and_a_line(tmp_path):
    collection = Collection.open(tmp_path / "deep" / "down")
    path = collection.add(digit(), 7, source="é.png", box=(1, 2.0, 3, 4), reading=np.uint8(1),
                          confidence=0.123456)  # fmt: skip
    assert path == collection.folder / "7" / f"{key(0)}.png"
    assert np.array_equal(np.asarray(Image.open(path)), digit())
    assert sorted(p.name for p in collection.folder.iterdir()) == [*"0123456789", INDEX]
    text = (collection.folder / INDEX).read_text()
    time = re.search(r'"time": "(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00)"}\n$', text).group(1)
    assert text == (
        f'{{"file": "7/{key(0)}.png", "source": "\\u00e9.png", "box": [1, 2, 3, 4], "reading": 1, '
        f'"confidence": 0.1235, "label": 7, "time": "{time}"}}\n'
    )
    collection.add(digit(1), 0)
    assert collection.records()[1] | {"time": ""} == {
        "file": f"0/{key(1)}.png", "source": "", "box": None, "reading": None, "confidence": None,
        "label": 0, "time": "",
    }  # fmt: skip


def test_a_digit_kept_before_is_moved_and_one_with_its_label_left_alone(tmp_path):
    collection = Collection.open(tmp_path)
    first = collection.add(digit(), 0)
    before = (tmp_path / INDEX).read_text()
    assert collection.add(digit(), 0, source="again") == first
    assert (tmp_path / INDEX).read_text() == before
    second = collection.add(digit(), 1, source="other")
    assert (first.exists(), second.exists(), collection.label_of(digit())) == (False, True, 1)
    assert [(r["file"], r["label"], r["source"]) for r in collection.records()] == [
        (f"0/{key(0)}.png", 0, ""), (f"1/{key(0)}.png", 1, "other")
    ]  # fmt: skip


def test_what_is_removed_is_noted(tmp_path):
    collection = Collection.open(tmp_path)
    path = collection.add(digit(), 0)
    collection.remove(digit())
    assert not path.exists()
    assert collection.label_of(digit()) is None
    record = collection.records()[-1]
    assert record.pop("time")
    assert record == {"file": f"0/{key(0)}.png", "label": None}


def test_what_another_program_removed_meanwhile_is_removed(tmp_path, monkeypatch):
    collection = Collection.open(tmp_path)
    collection.add(digit(), 0)
    monkeypatch.setattr(collection, "label_of", lambda _: 5)
    collection.remove(digit())
    assert collection.records()[-1]["file"] == f"5/{key(0)}.png"


def test_a_label_is_a_digit(tmp_path):
    for label in (10, -1, "7", True):
        assert refusal(Collection.open(tmp_path).add, digit(), label) == (
            f"label is {label!r}: it must be a whole number from 0 to 9"
        )
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_with_the_file(tmp_path):
    (tmp_path / "9").touch()
    assert refusal(Collection.open(tmp_path).add, digit(), 3) == (
        f"{tmp_path / '3' / (key(0) + '.png')} cannot be written (File exists): name another folder"
    )
    assert refusal(Collection.open(tmp_path).counts) == (
        f"{tmp_path / '9'} cannot be read as a folder: Not a directory"
    )


# --- the index -----------------------------------------------------------------------------------


def test_a_line_is_safe_on_the_disk_before_the_call_returns(tmp_path, monkeypatch):
    collection, seen = Collection.open(tmp_path), []
    real = os.fsync

    def fsync(handle):
        index = tmp_path / INDEX
        if index.exists() and os.path.samestat(os.fstat(handle), index.stat()):
            seen.append(index.read_text().count("\n"))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    collection.add(digit(), 3)
    collection.add(digit(1), 3)
    assert seen == [1, 2]


@pytest.mark.parametrize(
    ("start", "kept"), [("", ""), ("{}\n", "{}\n"), ("{}", "{}\n"), ("{}\nx", "{}\nx\n")]
)
def test_a_line_begins_on_a_line_of_its_own(start, kept, tmp_path):
    (tmp_path / INDEX).write_text(start)
    Collection.open(tmp_path).add(digit(), 3)
    text = (tmp_path / INDEX).read_text()
    assert text.startswith(f'{kept}{{"file": "3/')
    assert text.count("\n") == kept.count("\n") + 1


def test_lines_that_are_no_records_are_passed_over(tmp_path):
    lines = [
        b'{"file": "a"}', b"", b"no JSON", b"[]", b'"file"', b"3", b'{"name": "b"}', b"[" * 9999,
        b'{"file": "\xff"}', '{"file": "é"}'.encode(), b'{"file": ',
    ]  # fmt: skip
    (tmp_path / INDEX).write_bytes(b"\n".join(lines))
    assert [r["file"] for r in Collection(tmp_path).records()] == ["a", "�", "é"]


def test_an_index_that_is_not_there_is_empty_and_one_that_cannot_be_read_is_told(tmp_path):
    assert Collection(tmp_path).records() == []
    (tmp_path / INDEX).mkdir()
    assert refusal(Collection(tmp_path).records) == (
        f"{tmp_path / INDEX} cannot be read: Is a directory"
    )


# --- the two sides -------------------------------------------------------------------------------


def by_hand(n, seed, held_out):
    """The keys of both sides as the documentation has them: from the pixels and the seed alone."""
    sides = [], []
    for k in sorted(map(key, range(n))):
        place = int.from_bytes(hashlib.sha256(f"{seed}:{k}".encode()).digest()[:4], "big") / 2**32
        sides[place < held_out].append(k)
    return sides


def keys(split):
    return [hashlib.sha256(image.tobytes()).hexdigest()[:20] for image in split.images]


def test_the_sides_follow_from_the_pixels_and_the_seed(tmp_path):
    collection = Collection.open(tmp_path / "mine")
    labels = {key(i): i % 10 for i in range(40)}
    for i in range(40):
        collection.add(digit(i), i % 10)
    for arguments, seed, share in (((), 0, 0.25), ((0.5,), 0, 0.5), ((0.5, 3), 3, 0.5)):
        training, held = collection.split(*arguments)
        assert [keys(training), keys(held)] == [*by_hand(40, seed, share)]
        assert training.labels.tolist() == [labels[k] for k in keys(training)]
        assert (training.name, held.name) == ("mine training", "mine held out")
        assert (training.n_classes, held.n_classes) == (10, 10)
        assert (held.images.dtype, held.labels.dtype) == (np.uint8, np.int64)
    assert [len(side) for side in collection.split(0)] == [40, 0]
    assert [len(side) for side in collection.split(1)] == [0, 40]
    first = hashlib.sha256(f"0:{key(0)}".encode()).digest()[:4]
    at_its_place = collection.split(int.from_bytes(first, "big") / 2**32)
    assert key(0) in keys(at_its_place[0])


@pytest.mark.parametrize("held_out", [-0.01, 1.01, float("nan")])
def test_a_share_lies_from_0_to_1(held_out, tmp_path):
    assert refusal(Collection(tmp_path).split, held_out) == (
        f"held_out is {held_out!r}: it must lie from 0 to 1"
    )


def test_a_digit_with_two_labels_is_told_and_one_kept_twice_counts_once(tmp_path):
    collection = Collection.open(tmp_path)
    path = collection.add(digit(), 2)
    (tmp_path / "2" / "copy.PNG").write_bytes(path.read_bytes())
    (tmp_path / "2" / ".hidden.png").write_bytes(b"none")
    (tmp_path / "2" / "notes.txt").write_bytes(b"none")
    assert collection.counts()[2] == 2
    assert [len(side) for side in collection.split(0)] == [1, 0]
    (tmp_path / "2" / "copy.PNG").rename(tmp_path / "8" / "a.png")
    assert refusal(collection.split) == (
        f"{path} and {tmp_path / '8' / 'a.png'} are the same digit with two labels: delete the wrong "
        f"one"
    )
