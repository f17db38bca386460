"""A folder of one's own digits."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import handwrought as hw
from handwrought.data.collection import INDEX, Collection
from handwrought.errors import DataError


@pytest.fixture(scope="module")
def digits():
    return hw.load_dataset("mnist").validation[:60]


def filled(folder, digits):
    collection = Collection.open(folder)
    for pixels, label in zip(digits.images, digits.labels, strict=True):
        collection.add(pixels, int(label))
    return collection


def test_a_digit_comes_back_bit_for_bit_under_its_label(tmp_path, digits):
    collection = filled(tmp_path / "own", digits[:5])
    learnt, held_out = collection.split(held_out=0.0)
    assert len(learnt) == len(collection) == 5
    assert len(held_out) == 0
    by_label = np.argsort(learnt.labels), np.argsort(digits.labels[:5])
    assert (learnt.labels[by_label[0]] == digits.labels[by_label[1]]).all()
    assert {i.tobytes() for i in learnt.images} == {i.tobytes() for i in digits.images[:5]}
    for image, label in zip(learnt.images, learnt.labels, strict=True):
        assert collection.label_of(image) == label


def test_the_same_digit_twice_is_one_file_and_one_line(tmp_path, digits):
    collection = Collection.open(tmp_path)
    first = collection.add(digits.images[0], 3, source="a.png")
    assert collection.add(digits.images[0].copy(), 3, source="b.png") == first
    assert len(collection) == 1
    assert [record["source"] for record in collection.records()] == ["a.png"]


def test_another_label_moves_it(tmp_path, digits):
    collection = Collection.open(tmp_path)
    collection.add(digits.images[0], 1)
    path = collection.add(digits.images[0], np.uint8(7))
    assert path.parent.name == "7"
    assert collection.counts() == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert collection.label_of(digits.images[0]) == 7
    assert [record["label"] for record in collection.records()] == [1, 7]
    collection.remove(digits.images[0])
    assert len(collection) == 0
    assert collection.label_of(digits.images[0]) is None
    assert collection.records()[-1]["label"] is None


def test_the_index_says_where_a_digit_came_from(tmp_path, digits):
    collection = Collection.open(tmp_path)
    path = collection.add(
        digits.images[0], 7, source="page.jpg", box=np.array([3, 4, 20, 30]), reading=1,
        confidence=np.float64(0.61),
    )  # fmt: skip
    record = json.loads((tmp_path / INDEX).read_text())
    assert record.pop("time").startswith("20")
    assert record == {
        "file": f"7/{path.name}",
        "source": "page.jpg",
        "box": [3, 4, 20, 30],
        "reading": 1,
        "confidence": 0.61,
        "label": 7,
    }


@pytest.mark.parametrize("rest", [b'{"file": "3/ab', b"\xff\xfe", b"[]\n", b"\n\n"])
def test_a_line_cut_short_costs_no_other(tmp_path, digits, rest):
    collection = filled(tmp_path, digits[:2])
    with (tmp_path / INDEX).open("ab") as index:
        index.write(rest)
    assert len(collection.records()) == 2
    collection.add(digits.images[2], int(digits.labels[2]))
    assert [r["label"] for r in collection.records()] == digits.labels[:3].tolist()


def test_a_process_killed_while_it_adds_leaves_a_readable_collection(tmp_path):
    code = (
        "import sys, os, numpy as np\n"
        "from handwrought.data.collection import Collection\n"
        "collection = Collection.open(sys.argv[1])\n"
        "rng = np.random.default_rng(0)\n"
        "for i in range(10**6):\n"
        "    collection.add(rng.integers(0, 99, (28, 28), np.uint8), i % 10)\n"
        "    if i == 30: print('going', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True
    ) as adding:
        adding.stdout.readline()
        adding.kill()
    collection = Collection.open(tmp_path, create=False)
    n = len(collection)
    assert n > 30
    assert sum(map(len, collection.split())) == n
    assert n - 1 <= len(collection.records()) <= n


def test_load_dataset_reads_it_though_some_digits_are_missing(tmp_path, digits):
    chosen = np.isin(digits.labels, (1, 7))
    filled(tmp_path, digits[chosen])
    data = hw.load_dataset(tmp_path)
    assert data.full_train.n_classes == 10
    assert sorted(data.full_train.labels) == sorted(digits.labels[chosen])


def test_a_digit_stays_on_its_side_whatever_is_added_or_relabelled(tmp_path, digits):
    def sides(collection):
        return [{image.tobytes() for image in split.images} for split in collection.split()]

    collection = filled(tmp_path, digits[:30])
    learnt, held_out = sides(collection)
    assert len(learnt) + len(held_out) == 30
    assert 2 <= len(held_out) <= 15
    filled(tmp_path, digits)
    collection.add(digits.images[0], (int(digits.labels[0]) + 1) % 10)
    path = next((tmp_path / "9").glob("*.png"))
    path.rename(path.with_name("renamed.png"))
    for before, after in zip((learnt, held_out), sides(Collection.open(tmp_path)), strict=True):
        assert before < after
    assert not set.intersection(*sides(collection))


@pytest.mark.slow
def test_about_the_share_asked_for_is_held_out(tmp_path):
    collection = Collection.open(tmp_path)
    rng = np.random.default_rng(1)
    for _ in range(400):
        collection.add(rng.integers(0, 99, (28, 28), np.uint8), 5)
    for share in (0.0, 0.25, 0.5, 1.0):
        held_out = len(collection.split(share)[1])
        assert abs(held_out - 400 * share) <= 4 * np.sqrt(400 * share * (1 - share))
    other = collection.split(0.25, seed=1)[1]
    assert not np.array_equal(other.images[:9], collection.split(0.25)[1].images[:9])


@pytest.mark.parametrize(
    ("pixels", "label", "said"),
    [
        (np.zeros((28, 28), np.uint8), 3, "all black"),
        (np.ones((28, 28), np.float32), 3, "uint8"),
        (np.ones((20, 28), np.uint8), 3, r"\(20, 28\)"),
        (np.ones((28, 28), np.uint8), 10, "label is 10"),
        (np.ones((28, 28), np.uint8), "7", "label is '7'"),
        (np.ones((28, 28), np.uint8), True, "label is True"),
    ],
)
def test_what_is_no_labelled_digit_is_refused(tmp_path, pixels, label, said):
    with pytest.raises(DataError, match=said):
        Collection.open(tmp_path / "own").add(pixels, label)
    assert not (tmp_path / "own").exists()


def spoil(path, kind):
    if kind == "damaged":
        path.write_bytes(path.read_bytes()[:60])
    elif kind == "no picture":
        path.write_text("hello")
    else:
        size = (30, 20) if kind == "30 x 20" else (28, 28)
        Image.new("L", size, 255 if kind == "dark ink on white" else 0).save(path)


@pytest.mark.parametrize(
    "kind", ["damaged", "no picture", "30 x 20", "dark ink on white", "all black"]
)
def test_a_png_that_is_wrong_is_named_and_the_others_can_still_be_counted(tmp_path, digits, kind):
    collection = filled(tmp_path, digits[:3])
    path = collection.add(digits.images[5], int(digits.labels[5]))
    spoil(path, kind)
    assert len(collection) == 4
    with pytest.raises(DataError, match=kind) as caught:
        collection.split()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_digit_under_two_labels_is_named(tmp_path, digits):
    path = Collection.open(tmp_path).add(digits.images[0], 3)
    (tmp_path / "8" / "copy.png").write_bytes(path.read_bytes())
    with pytest.raises(DataError, match=r"same digit with two labels"):
        Collection.open(tmp_path).split()


def test_foreign_files_are_passed_over(tmp_path, digits):
    filled(tmp_path, digits[:3])
    for name in ("notes.txt", "3/Thumbs.db", "3/.hidden.png"):
        (tmp_path / name).write_text("hello")
    assert len(Collection.open(tmp_path)) == 3
    assert sum(map(len, Collection.open(tmp_path).split())) == 3


def test_a_folder_that_is_none_of_ours_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("hello")
    with pytest.raises(DataError, match="holds other things"):
        Collection.open(tmp_path)
    with pytest.raises(DataError, match="cannot be used as a folder"):
        Collection.open(tmp_path / "file")
    for folder in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(DataError, match=r"not there|empty"):
            Collection.open(folder, create=False)
        (tmp_path / "empty").mkdir(exist_ok=True)
    assert len(Collection.open(tmp_path / "none")) == 0
    assert not (tmp_path / "none").exists()
