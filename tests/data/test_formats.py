"""Tables, archives and folders of pictures: what is wrong is told with its place."""

import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import handwrought as hw
from handwrought.data.idx import idx_bytes, read_idx
from handwrought.errors import DataError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no line of data"),
        ("label,p1,p2\n", "holds no line of data"),
        ("1\n2\n", "line 1 has one column"),
        ("1,2,3\n1,2\n", "line 2 has 2 columns"),
        ("1,2,3\n0,x,3\n", "line 2, column 2 is 'x'"),
        ("label,a,b\n1,2,nan\n", "line 2, column 3 is nan"),
        ("1,2,inf\n", "line 1, column 3 is inf"),
        ("1.5,2,3\n", "no whole number"),
        ("-1,2,3\n", "runs from -1"),
        ("1,2,\xff\n".encode("latin-1"), "no text in UTF-8"),
        (gzip.compress(b"1,2,3\n" * 9, mtime=0)[:-6], "damaged"),
    ],
)
def test_a_wrong_csv_is_told_with_line_and_column(tmp_path, text, words):
    path = tmp_path / "digits.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=words) as caught:
        hw.load_dataset(path)
    assert "digits.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": np.zeros(3)}, "name the arrays"),
        ({"x_train": np.zeros((3, 2, 2), np.uint8), "y_train": np.array([0.5, 1, 2])}, "whole"),
        ({"images": np.full((3, 4, 4), 0.5), "labels": np.arange(3)}, "0 to 255"),
        ({"images": np.zeros((3, 4, 4), np.uint8), "labels": np.arange(2)}, "2 .*3"),
        ({"images": np.zeros(3), "labels": np.arange(3)}, "give images"),
        ({"X": np.array([[1.0, np.nan]] * 2), "y": np.arange(2)}, "nan"),
        ({"X": np.array([[None]]), "y": np.arange(1)}, "no plain array"),
    ],
)
def test_a_wrong_npz_is_told(tmp_path, arrays, words):
    with pytest.raises(DataError, match=words):
        hw.load_dataset(npz(tmp_path / "digits.npz", **arrays))


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    path = tmp_path / "bomb.npz"
    content = io.BytesIO()
    np.save(content, np.zeros(50_000_000, np.uint8))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("images.npy", content.getvalue())
        archive.writestr("labels.npy", b"")
    with pytest.raises(DataError, match="too much to be trusted"):
        hw.load_dataset(path)


def test_a_damaged_picture_and_one_of_another_size_are_named(tmp_path):
    for label in "01":
        (tmp_path / "set" / label).mkdir(parents=True)
        for i in range(3):
            Image.new("L", (8, 8), i).save(tmp_path / "set" / label / f"{i}.png")
    data = hw.load_dataset(tmp_path / "set")
    assert len(data.full_train) == 6
    assert data.class_names == ("0", "1")
    odd = tmp_path / "set" / "1" / "9.png"
    Image.new("L", (9, 8)).save(odd)
    with pytest.raises(DataError, match=r"9\.png is 9 x 8 pixels.*same size"):
        hw.load_dataset(tmp_path / "set")
    odd.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"9\.png is no picture"):
        hw.load_dataset(tmp_path / "set")


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_mutated_idx_file_is_read_or_refused_but_never_anything_else(tmp_path_factory, data):
    content = bytearray(idx_bytes(np.arange(60, dtype=np.uint8).reshape(5, 3, 4)))
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(content) - 1))
        content[where] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    path = tmp_path_factory.mktemp("idx") / "mutant"
    path.write_bytes(gzip.compress(content) if data.draw(st.booleans()) else content)
    try:
        array = read_idx(path)
    except DataError:
        return
    assert array.nbytes <= len(content)
