"""Archives and tables at their limits: what is taken, and the sentence for what is not."""

import gzip
import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from handwrought.data import tables
from handwrought.data.tables import class_labels, load_csv, load_npz
from handwrought.errors import DataError

IMAGES = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
LABELS = np.array([1, 0], np.uint8)


def refusal(read, path):
    with pytest.raises(DataError) as caught:
        read(path)
    return str(caught.value).replace(str(path), "FILE")


# --- archives ------------------------------------------------------------------------------------


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    return tmp_path / "a.npz"


@pytest.mark.parametrize(
    ("x", "y"),
    [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"), ("X", "y")],
)
def test_each_pair_of_names_is_known(x, y, tmp_path):
    (images, labels), test = load_npz(npz(tmp_path, **{x: IMAGES, y: LABELS}))
    assert (images.tolist(), labels.tolist(), test) == (IMAGES.tolist(), [1, 0], None)


@pytest.mark.parametrize(("x", "y"), [("x_test", "y_test"), ("test_images", "test_labels")])
def test_each_pair_of_names_of_a_test_is_known(x, y, tmp_path):
    arrays = {"images": IMAGES, "labels": LABELS, x: IMAGES[:1], y: LABELS[:1]}
    train, test = load_npz(npz(tmp_path, **arrays))
    assert (len(train[0]), len(train[1])) == (2, 2)
    assert test[0].tolist() == IMAGES[:1].tolist()
    assert test[1].tolist() == [1]


def test_an_example_may_be_as_large_as_its_bound(tmp_path):
    arrays = {"X": np.zeros((0, 2**31 - 1), bool), "y": LABELS[:0]}
    assert load_npz(npz(tmp_path, **arrays))[0][0].shape == (0, 2**31 - 1)


NAMES = (
    "name the arrays x_train and y_train; train_images and train_labels; images and labels; X and y"
)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": LABELS, "b": LABELS}, f"FILE holds a, b: {NAMES}"),
        ({"images": IMAGES}, f"FILE holds images: {NAMES}"),
        ({}, f"FILE holds nothing: {NAMES}"),
        ({"X": np.zeros(3), "y": LABELS}, "FILE, X is float64 (3,): give images (n, height, width) or "
         "a table (n, features)"),
        ({"X": np.zeros((2, 3, 3, 3)), "y": LABELS}, "FILE, X is float64 (2, 3, 3, 3): give images "
         "(n, height, width) or a table (n, features)"),
        ({"X": np.zeros((2, 3), complex), "y": LABELS}, "FILE, X is complex128 (2, 3): give images "
         "(n, height, width) or a table (n, features)"),
        ({"X": np.zeros((2, 0)), "y": LABELS}, "FILE, X is float64 (2, 0): an example without a value"),
        ({"X": np.zeros((0, 2**31), bool), "y": LABELS}, "FILE, X is bool (0, 2147483648): an example "
         "may have at most 2,147,483,647 values"),
        ({"X": np.full((2, 1, 2), 256), "y": LABELS},
         "FILE, X runs outside the whole numbers 0 to 255: give uint8 pixels"),
        ({"X": np.full((2, 1, 2), -1), "y": LABELS},
         "FILE, X runs outside the whole numbers 0 to 255: give uint8 pixels"),
        ({"X": np.full((2, 1, 2), 0.5), "y": LABELS},
         "FILE, X runs outside the whole numbers 0 to 255: give uint8 pixels"),
        ({"X": IMAGES, "y": np.array(["a", "b"])}, "FILE, y is <U1 (2,): give integer class labels (n,)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_archive_is_told_in_a_sentence(arrays, message, tmp_path):
    assert refusal(load_npz, npz(tmp_path, **arrays)) == message


def test_what_is_no_archive_is_told(tmp_path):
    path = tmp_path / "a.npz"
    assert refusal(load_npz, path) == "FILE cannot be read: No such file or directory"
    path.write_bytes(b"no zip")
    assert refusal(load_npz, path) == (
        "FILE is not a sound .npz archive (File is not a zip file): write it anew"
    )


def test_a_member_that_is_no_array_or_more_than_one_is_named(tmp_path):
    path = tmp_path / "a.npz"
    content = io.BytesIO()
    np.save(content, IMAGES)
    for extra, message in (
        (b" ", "FILE: images.npy goes on after its array: it is not what it seems"),
        (None, "FILE: images.npy is no plain array ("),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("images.npy", b"?" if extra is None else content.getvalue() + extra)
            archive.writestr("labels.npy", b"")
        assert refusal(load_npz, path).startswith(message)
    np.savez(path, images=np.array([[None]]), labels=LABELS)
    assert "allow_pickle=False" in refusal(load_npz, path)


def test_an_archive_may_unpack_to_what_its_size_allows_and_no_more(tmp_path, monkeypatch):
    path = npz(tmp_path, images=IMAGES, labels=LABELS)
    with zipfile.ZipFile(path) as archive:
        total = sum(info.file_size for info in archive.infolist())
    packed = []
    monkeypatch.setattr(tables, "most_unpacked", lambda n: packed.append(n) or total)
    assert load_npz(path)[0][0].shape == (2, 4, 4)
    assert packed == [path.stat().st_size]
    monkeypatch.setattr(tables, "most_unpacked", lambda n: total - 1)
    assert refusal(load_npz, path) == (
        f"FILE claims to unpack to {total:,} bytes, too much to be trusted: if that is right, write "
        f"it with np.savez, which does not compress"
    )


@pytest.mark.parametrize(
    ("images", "dtype"),
    [
        (IMAGES[..., np.newaxis], np.uint8),
        (np.array([[[0.0, 255.0]]]), np.uint8),
        (np.array([[[0, 255]]], np.int16), np.uint8),
        (np.array([[[True, False]]]), np.uint8),
        (np.zeros((0, 2, 2)), np.uint8),
        (np.array([[0.25, -7]]), np.float64),
        (np.array([[0.25, -7]], np.float32), np.float64),
        (np.array([[1, -7]], np.int16), np.float32),
        (np.array([[1, 7]], np.uint8), np.uint8),
    ],
)
def test_images_are_bytes_and_tables_are_floats(images, dtype, tmp_path):
    labels = np.zeros(len(images), np.uint8)
    found = load_npz(npz(tmp_path, X=images, y=labels))[0][0]
    assert found.dtype == dtype
    assert np.array_equal(found, images[..., 0] if images.ndim == 4 else images)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (np.array([0, 65535]), [0, 65535]),
        (np.array([[3], [4]]), [3, 4]),
        (np.array([], int), []),
        (np.array([7.0, 0.0]), [7, 0]),
        (np.array([True, False]), [1, 0]),
    ],
)
def test_labels_are_whole_numbers_from_0_to_65535(labels, found):
    assert class_labels(labels, "here").tolist() == found
    assert class_labels(labels, "here").dtype == np.int32
    assert class_labels(labels.astype(np.uint8), "here").dtype == np.uint8


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 65536]), "here runs from 0 to 65536: classes are 0 to 65535"),
        (np.array([-1, 9]), "here runs from -1 to 9: classes are 0 to 65535"),
        (np.zeros((3, 2), int), "here is int64 (3, 2): give integer class labels (n,)"),
        (np.zeros((3, 1, 1), int), "here is int64 (3, 1, 1): give integer class labels (n,)"),
        (
            np.array([1, 0.5]),
            "here holds a value that is no whole number: class labels are integers",
        ),
        (
            np.array([np.inf]),
            "here holds a value that is no whole number: class labels are integers",
        ),
    ],
)
def test_what_is_no_label_is_told_in_a_sentence(labels, message):
    with pytest.raises(DataError) as caught:
        class_labels(labels, "here")
    assert str(caught.value) == message


# --- CSV -----------------------------------------------------------------------------------------


def csv(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "FILE holds no line of data: expected label,pixel,pixel,..."),
        (b"label,a\n\n", "FILE holds no line of data: expected label,pixel,pixel,..."),
        (b"label,a\n\n3\n", "FILE, line 3 has one column: expected label,pixel,pixel,..."),
        (b"1,2\n\n1,2,3\n",
         "FILE, line 3 has 3 columns, line 1 has 2: every line needs the same"),
        (b"\n1,2,3\n1,2\n",
         "FILE, line 3 has 2 columns, line 2 has 3: every line needs the same"),
        (b"1,2\n3, x \n", "FILE, line 2, column 2 is 'x': expected a number"),
        (b"1,2\n3," + b"x" * 50 + b"\n", f"FILE, line 2, column 2 is {'x' * 40!r}: expected a number"),
        (b"\nlabel,a\n1,2\n", "FILE, line 2, column 1 is 'label': expected a number"),
        (b"1,2\nlabel,a\n", "FILE, line 2, column 1 is 'label': expected a number"),
        (b"1,2\n1,1e999\n",
         "FILE, line 2, column 2 is inf: every value must be a finite number"),
        (b"1,2\n1,nan\n1,x\n",
         "FILE, line 2, column 2 is nan: every value must be a finite number"),
        (b"1,2\n-1,2\n", "FILE, column 1 runs from -1.0 to 1.0: classes are 0 to 65535"),
        (b"1,\xff\n", "FILE is damaged, or no text in UTF-8 ('utf-8' codec can't decode byte 0xff in "
         "position 2: invalid start byte)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_told_in_a_sentence(content, message, tmp_path):
    assert refusal(load_csv, csv(tmp_path, content)) == message


def test_a_table_that_is_not_there_is_told(tmp_path):
    assert refusal(load_csv, tmp_path / "a") == "FILE cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("content", "values", "labels"),
    [
        (b"1,2\n", [[2]], [1]),
        (b"\xef\xbb\xbf1,2\r\n0,3", [[2], [3]], [1, 0]),
        (b"digit,a,b\n1,2,3\n", [[2, 3]], [1]),
        (b"1,0,0,0,0.5,0,0,0,0,0,0,0,0,0,0,0,0", [[0] * 3 + [0.5] + [0] * 12], [1]),
        (b"1" + b",-1" * 16, [[-1] * 16], [1]),
        (b"1" + b",256" * 16, [[256] * 16], [1]),
        (b"1" + b",3" * 9, [[3] * 9], [1]),
        (b"1" + b",3" * 17, [[3] * 17], [1]),
    ],
)
def test_a_table_of_other_than_square_pictures_of_bytes_stays_one(
    content, values, labels, tmp_path
):
    found = load_csv(csv(tmp_path, content))
    assert found[0].dtype == np.float64
    assert (found[0].tolist(), found[1].tolist()) == (values, labels)


def test_a_square_of_four_or_more_is_a_picture(tmp_path):
    for side in (4, 5):
        pixels = [0, 255, *range(side * side - 2)]
        content = ",".join(map(str, [7, *pixels])).encode() + b"\n"
        images, labels = load_csv(csv(tmp_path, content * 3))
        assert (images.dtype, images.shape, labels.tolist()) == (np.uint8, (3, side, side), [7] * 3)
        assert images[1].ravel().tolist() == pixels


def test_as_many_columns_as_are_allowed_are_read_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_MOST_COLUMNS", 3)
    assert load_csv(csv(tmp_path, b"1,2,3\n"))[0].tolist() == [[2, 3]]
    assert refusal(load_csv, csv(tmp_path, b"1,2,3,4\n")) == (
        "FILE, line 1 has 4 columns: expected label,pixel,pixel,..."
    )


def test_lines_are_counted_through_a_file_of_several_blocks(tmp_path):
    blank = b" " * 10_000 + b"\n"
    content = b"label,a\n1,2\n" + blank * 250 + b"3,4\n"
    values, labels = load_csv(csv(tmp_path, content))
    assert (values.tolist(), labels.tolist()) == ([[2], [4]], [1, 3])
    assert refusal(load_csv, csv(tmp_path, content + b"5,x\n")) == (
        "FILE, line 254, column 2 is 'x': expected a number"
    )
    assert refusal(load_csv, csv(tmp_path, content + b"5\n")) == (
        "FILE, line 254 has 1 columns, line 2 has 2: every line needs the same"
    )


def test_a_compressed_table_may_unpack_to_what_its_size_allows_and_no_more(tmp_path, monkeypatch):
    lines = b"1,2\n" * 100
    path = csv(tmp_path, gzip.compress(lines))
    monkeypatch.setattr(tables, "_TEXT_RATIO", 2)
    monkeypatch.setattr(tables, "_TEXT_BYTES", len(lines) - 2 * path.stat().st_size)
    assert len(load_csv(path)[1]) == 100
    monkeypatch.setattr(tables, "_TEXT_BYTES", tables._TEXT_BYTES - 1)
    assert refusal(load_csv, path) == (
        "FILE unpacks to far more than is to be trusted: if that is right, unpack it first (gunzip)"
    )


def test_a_plain_table_may_be_as_large_as_any_file_of_ours(tmp_path, monkeypatch):
    path = csv(tmp_path, b"1,2\n" * 9)
    monkeypatch.setattr(tables, "MAX_BYTES", 36)
    assert len(load_csv(path)[1]) == 9
    monkeypatch.setattr(tables, "MAX_BYTES", 35)
    assert "more than is to be trusted" in refusal(load_csv, path)


def test_a_long_table_takes_the_memory_of_a_megabyte_or_two_of_it(tmp_path):
    blank = b" " * 10_000 + b"\n"
    path = csv(tmp_path, b"1,2\n" + blank * 800)
    tracemalloc.start()
    load_csv(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 3 << 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3,8\n\n4,9\n", None),
        ("3,8\n4\n", "FILE, line 300002 has 1 columns, line 1 has 2: every line needs the same"),
        (
            "3,8\n4,9,1\n",
            "FILE, line 300002 has 3 columns, line 1 has 2: every line needs the same",
        ),
        ("3,8\n4,x\n", "FILE, line 300002, column 2 is 'x': expected a number"),
        ("3,8\n4,inf\n", "FILE, line 300002, column 2 is inf: every value must be a finite number"),
    ],
)
def test_what_comes_after_the_first_megabyte_is_read_as_strictly(line, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("1,7\n" * 300_000 + line)
    if message is None:
        pixels, labels = load_csv(path)
        assert (len(labels), labels[-2:].tolist()) == (300_002, [3, 4])
        assert (pixels.sum(), pixels[-2:].tolist()) == (2_100_017, [[8], [9]])
    else:
        with pytest.raises(DataError) as caught:
            load_csv(path)
        assert str(caught.value) == message.replace("FILE", str(path))
