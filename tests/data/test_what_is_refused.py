"""Readers of data at their edges: what is not there, cannot be opened, or claims too much."""

import gzip
import io
import os
import zipfile
from functools import partial

import numpy as np
import pytest
from PIL import Image

from handwrought.data.catalog import load_dataset
from handwrought.data.collection import INDEX, Collection
from handwrought.data.dataset import Split, one_hot
from handwrought.data.folders import load_image_folder
from handwrought.data.idx import idx_bytes, most_unpacked, read_idx, write_idx
from handwrought.data.tables import class_labels, load_csv, load_npz
from handwrought.errors import DataError, InvalidArgument

compressed = partial(gzip.compress, mtime=0)  # a test's name may hold no time


@pytest.mark.parametrize("read", [read_idx, load_csv, load_npz])
def test_a_file_that_cannot_be_opened_is_named(read, tmp_path):
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(DataError, match=tmp_path.name):
            read(path)


def test_idx_knows_some_kinds_of_numbers_and_no_others(tmp_path):
    with pytest.raises(DataError, match="complex128 has no code"):
        idx_bytes(np.zeros(3, complex))
    with pytest.raises(DataError, match="does not fit an IDX header"):
        idx_bytes(np.zeros((), np.uint8))
    for dtype in (np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64):
        write_idx(tmp_path / "a.gz", np.arange(6, dtype=dtype).reshape(2, 3))
        back = read_idx(tmp_path / "a.gz")
        assert back.dtype == dtype
        assert np.array_equal(back, np.arange(6).reshape(2, 3))


def test_the_name_says_whether_an_idx_is_compressed_and_twice_is_the_same(tmp_path):
    array = np.arange(300, dtype=np.uint8)
    write_idx(tmp_path / "a", array)
    assert (tmp_path / "a").read_bytes() == idx_bytes(array)
    write_idx(str(tmp_path / "a.gz"), array)
    content = (tmp_path / "a.gz").read_bytes()
    assert gzip.decompress(content) == idx_bytes(array)
    assert content[4:8] == bytes(4)  # no time in it
    assert idx_bytes(array) == bytes([0, 0, 8, 1, 0, 0, 1, 44]) + array.tobytes()
    assert idx_bytes(array.astype(">i2"))[:4] == bytes([0, 0, 0x0B, 1])


def header(*numbers):
    return bytes(numbers)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begins with nothing: an IDX file begins with 00 00, a type"),
        (b"\0\0\x08", "begins with 00 00 08: an IDX file"),
        (b"\0\x01\x08\x01", "begins with 00 01 08 01: an IDX file"),
        (b"\0\0\x0a\x01", "begins with 00 00 0a 01: an IDX file"),
        (b"\0\0\x08\0", "begins with 00 00 08 00: an IDX file"),
        (b"\0\0\x08\x02\0\0\0\x01", "ends inside its header: it is truncated"),
        (header(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(5)),
         "its header promises 2 x 3 = 6 bytes of data, the file holds 5: download it again"),
        (header(0, 0, 8, 1, 0, 0, 0, 2, *range(5)),
         "its header promises 2 = 2 bytes of data, the file holds 5: download it again"),
        (compressed(header(0, 0, 8, 1, 0, 0, 0, 9, *range(5))),
         "its header promises 9 = 9 bytes of data, the file holds 5: it is truncated"),
        (compressed(header(0, 0, 8, 1, 0, 0, 0, 2, *range(3))),
         "its header promises 2 = 2 bytes of data, and the file goes on: it is not the file it seems"),
        (header(0, 0, 8, 33) + b"\0\0\0\x01" * 33, "above the limit of 4,294,967,296: the header is"),
        (header(0, 0, 8, 2) + b"\x7f\xff\xff\xff" * 2, "above the limit of 4,294,967,296"),
        (header(0, 0, 14, 2) + b"\0\0\0\0\x40\0\0\0", "above the limit of 4,294,967,296"),
        (compressed(b"\0\0\x08")[:-3], "gzip stream is damaged or cut off .*: download the file"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_idx_file_is_told_to_the_byte(content, words, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"^{path}.*{words}"):
        read_idx(path)


def test_an_idx_file_is_read_as_it_is_and_not_to_be_changed(tmp_path):
    for shape in ((5,), (2, 3), (2, 0), (1,) * 32):
        array = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
        write_idx(tmp_path / "a", array)
        back = read_idx(tmp_path / "a")
        assert back.dtype == np.int16
        assert back.dtype.isnative
        assert not back.flags.writeable
        assert np.array_equal(back, array)


def test_what_a_compressed_file_may_unpack_to():
    assert most_unpacked(0) == 12 * 2**20
    assert most_unpacked(1000) == 12 * 2**20 + 20_000
    assert most_unpacked(1000, times=3) == 12 * 2**20 + 3_000
    assert most_unpacked(1 << 40) == 4 << 30


def test_the_kinds_of_numbers_are_listed():
    with pytest.raises(DataError, match=r"uint8, int8, int16, int32, float32, float64$"):
        idx_bytes(np.zeros(2, bool))
    assert idx_bytes(np.zeros((1,), np.uint8)).endswith(b"\0")
    assert len(idx_bytes(np.zeros((1,) * 32, np.uint8))) == 4 + 4 * 32 + 1


def test_a_compressed_idx_may_not_unpack_to_too_much(tmp_path):
    content = idx_bytes(np.zeros((60, 1000, 1000), np.uint8))
    (tmp_path / "zeros").write_bytes(compressed(content))
    with pytest.raises(DataError, match=r"unpack it first \(gunzip\)"):
        read_idx(tmp_path / "zeros")
    (tmp_path / "plain").write_bytes(content)
    assert read_idx(tmp_path / "plain").shape == (60, 1000, 1000)


def test_a_compressed_table_may_not_unpack_to_too_much(tmp_path):
    path = tmp_path / "zeros.csv.gz"
    path.write_bytes(compressed(b"0,0\n" * 4_000_000))
    with pytest.raises(DataError, match=r"unpack it first \(gunzip\)"):
        load_dataset(path)


def test_a_table_has_a_million_columns_at_most(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_bytes(b"1" + b",1" * 1_000_000)
    with pytest.raises(DataError, match="1,000,001 columns"):
        load_csv(path)


def test_a_long_cell_is_shown_in_short(tmp_path):
    path = tmp_path / "long.csv"
    path.write_bytes(b"1,2\n1," + b"x" * 5000)
    with pytest.raises(DataError, match=r"line 2, column 2 is 'x{40}'"):
        load_csv(path)


def test_blank_lines_anywhere_are_passed_over(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_bytes(b"\n\nlabel,a\n".replace(b"label,a\n", b"") + b"1,2\n\n0,3\n\n")
    values, labels = load_csv(path)
    assert values.tolist() == [[2], [3]]
    assert labels.tolist() == [1, 0]


def test_an_archive_with_more_behind_an_array_is_refused(tmp_path):
    content = io.BytesIO()
    np.save(content, np.zeros((2, 3, 3), np.uint8))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", content.getvalue() + b"more")
        archive.writestr("labels.npy", content.getvalue())
    with pytest.raises(DataError, match="goes on after its array"):
        load_npz(tmp_path / "a.npz")


def test_small_whole_numbers_become_float32_and_others_float64(tmp_path):
    for dtype, expected in ((np.int8, np.float32), (np.int32, np.float64), (np.uint8, np.uint8)):
        np.savez(tmp_path / "a.npz", X=np.ones((2, 3), dtype), y=np.arange(2))
        assert load_npz(tmp_path / "a.npz")[0][0].dtype == expected


def test_images_of_whole_floats_are_pixels(tmp_path):
    images = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(2))
    assert load_npz(tmp_path / "a.npz")[0][0].dtype == np.uint8
    np.savez(tmp_path / "a.npz", images=images.astype(np.int64), labels=np.array([[1.0], [0.0]]))
    found, labels = load_npz(tmp_path / "a.npz")[0]
    assert np.array_equal(found, images)
    assert labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array(["1", "2"]), "give integer class labels"),
        (np.zeros((2, 2), int), "give integer class labels"),
        (np.array([0.5, 1]), "no whole number"),
        (np.array([0, np.nan]), "no whole number"),
        (np.array([0, 70_000]), "classes are 0 to 65535"),
        (np.array([-1, 0]), "runs from -1"),
    ],
)
def test_what_is_no_label_is_told(labels, words):
    with pytest.raises(DataError, match=words):
        class_labels(labels, "here")


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (np.zeros((2, 3, 0), np.uint8), np.zeros(2, int), "without a value"),
        (np.full((2, 3), 1e39), np.zeros(2, int), "finite number"),
        (np.zeros((2, 3)), np.zeros((2, 4)), "give 10 for each example"),
        (np.zeros((2, 3)), np.full((2, 10), np.inf), "finite floats"),
        (np.zeros((2, 3)), np.zeros((2, 10), int), "finite floats"),
        (np.zeros((2, 3)), np.array(["a", "b"]), "class labels are integers"),
        (np.zeros((2, 3), complex), np.zeros(2, int), "must hold numbers"),
        (np.zeros((2, 3, 3)), np.zeros(2, int), "give uint8"),
        (np.zeros((2, 3)), np.array(1), "has 0 entries"),
    ],
)
def test_arrays_that_make_no_split_are_told(images, labels, words):
    with pytest.raises(DataError, match=words):
        Split(images, labels)


def test_half_precision_makes_a_split_and_no_warning():
    split = Split(np.ones((2, 3), np.float16), np.zeros(2, int))
    assert split.inputs().dtype == np.float32
    with pytest.raises(DataError, match="row 0, column 1 is inf"):
        Split(np.array([[1, np.inf]], np.float16), np.zeros(1, int))
    assert class_labels(np.array([1, 2], np.float16), "here").tolist() == [1, 2]


def test_indices_and_labels_are_lists_of_them():
    split = Split(np.zeros((3, 2, 2), np.uint8), np.arange(3))
    with pytest.raises(InvalidArgument, match=r"give \(m,\)"):
        split.inputs(np.array(1))
    with pytest.raises(InvalidArgument, match="one for each example"):
        one_hot(np.array(1), 3)
    assert split[:0].inputs().shape == (0, 4)


# --- folders -------------------------------------------------------------------------------------


def test_a_folder_of_pictures_passes_over_other_files(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "notes.txt").write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match="one sub-folder per class"):
        load_image_folder(tmp_path)
    Image.new("L", (4, 3), 9).save(tmp_path / "0" / "a.png")
    images, labels, names = load_image_folder(tmp_path)
    assert images.shape == (1, 3, 4)
    assert labels.tolist() == [0]
    assert names == ("0",)


def test_a_picture_too_large_for_a_data_set_is_refused(tmp_path):
    (tmp_path / "0").mkdir()
    Image.new("1", (3000, 3000)).save(tmp_path / "0" / "a.png")
    with pytest.raises(DataError, match="no picture of a data set is so large"):
        load_image_folder(tmp_path)


# --- collections ---------------------------------------------------------------------------------


def digit():
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 14] = 255
    return pixels


def test_a_collection_says_what_it_is_and_has_records_where_it_has_some(tmp_path):
    collection = Collection.open(tmp_path / "mine")
    assert collection.records() == []
    collection.add(digit(), 1)
    assert "1 digits" in repr(collection)
    assert collection.records()[0]["label"] == 1


@pytest.mark.parametrize("held_out", [-0.1, 1.5, float("nan")])
def test_a_share_held_out_lies_from_0_to_1(held_out, tmp_path):
    collection = Collection.open(tmp_path)
    with pytest.raises(DataError, match="it must lie from 0 to 1"):
        collection.split(held_out)


def test_a_collection_whose_parts_are_in_the_way_is_told(tmp_path):
    collection = Collection.open(tmp_path)
    (tmp_path / "3").write_text("a file", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as a folder"):
        collection.counts()
    with pytest.raises(DataError, match="cannot be written"):
        collection.add(digit(), 3)
    os.mkdir(tmp_path / INDEX)
    with pytest.raises(DataError, match=f"{INDEX} cannot be read"):
        collection.records()


def test_to_remove_what_is_not_kept_changes_nothing(tmp_path):
    collection = Collection.open(tmp_path)
    collection.remove(digit())
    assert collection.records() == []
    collection.add(digit(), 1)
    collection.remove(digit())
    assert len(collection) == 0
    assert collection.records()[-1]["label"] is None


def test_only_digits_are_kept(tmp_path):
    collection = Collection.open(tmp_path)
    for label in (10, True, -1):
        with pytest.raises(DataError, match="whole number from 0 to 9"):
            collection.add(digit(), label)
    with pytest.raises(DataError, match="all black"):
        collection.add(np.zeros((28, 28), np.uint8), 1)
    with pytest.raises(DataError, match="give uint8"):
        collection.add(np.zeros((27, 28), np.uint8), 1)
