"""The embedded MNIST is MNIST, and IDX files are read strictly."""

import gzip
import hashlib
import struct
from functools import partial

import numpy as np
import pytest

from handwrought.data.catalog import load_dataset
from handwrought.data.dataset import Split
from handwrought.data.idx import idx_bytes, read_idx, write_idx
from handwrought.data.mnist import FOLDER, SHA256
from handwrought.errors import DataError

compressed = partial(gzip.compress, mtime=0)  # a test's name may hold no time


@pytest.mark.parametrize("name", SHA256)
def test_an_embedded_file_has_the_published_sha256(name):
    content = gzip.decompress((FOLDER / f"{name}.gz").read_bytes())
    assert hashlib.sha256(content).hexdigest() == SHA256[name]


def test_mnist_splits_into_50_10_and_10_thousand():
    data = load_dataset("mnist")
    assert [len(s) for s in (data.train, data.validation, data.test, data.full_train)] == [
        50_000,
        10_000,
        10_000,
        60_000,
    ]
    assert np.array_equal(data.validation.labels, data.full_train.labels[-10_000:])
    assert data.train.images.dtype == np.uint8
    x, y = data.train.reader(7).read(np.array([3, 1, 4]))
    np.testing.assert_allclose(x, data.train.inputs(np.array([3, 1, 4])), rtol=1e-6)
    assert np.array_equal(y.argmax(1), data.train.labels[[3, 1, 4]])


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_every_idx_dtype_comes_back(tmp_path, dtype, ending):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    path = tmp_path / f"array{ending}"
    write_idx(path, array)
    found = read_idx(path)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


def test_an_idx_header_is_as_published():
    content = idx_bytes(np.zeros((2, 3), np.int16))
    assert content[:12] == b"\0\0\x0b\x02" + struct.pack(">II", 2, 3)


GOOD = idx_bytes(np.arange(12, dtype=np.uint8).reshape(3, 4))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x01" + GOOD[1:], "begins with"),
        (GOOD[:-1], "holds 11"),
        (GOOD + b"x", "holds 13"),
        (GOOD[:6], "header"),
        (GOOD[:4] + struct.pack(">II", 1 << 31, 1 << 31), "limit"),
        (compressed(GOOD + b"x" * 1000), "goes on"),
        (compressed(GOOD)[:-9], "damaged"),
        (b"", "nothing"),
    ],
)
def test_a_wrong_idx_file_is_told_with_its_name(tmp_path, content, word):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=word) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_counts_that_differ_and_labels_out_of_range_are_refused():
    images = np.zeros((3, 28, 28), np.uint8)
    with pytest.raises(DataError, match="labels has 2 entries but images has 3"):
        Split(images, np.zeros(2, np.uint8))
    with pytest.raises(DataError, match="label 10 at index 1"):
        Split(images, np.array([0, 10, 0]))
    with pytest.raises(DataError, match="nan"):
        Split(np.array([[0.0, np.nan]]), np.array([0]))


def test_csv_and_npz_and_folders_load(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (12, 8, 8)).astype(np.uint8), np.arange(12) % 10
    table = np.column_stack([labels, images.reshape(12, -1)])
    np.savetxt(tmp_path / "d.csv", table, fmt="%d", delimiter=",")
    np.savez(tmp_path / "d.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    for name in ("d.csv", "d.npz"):
        data = load_dataset(tmp_path / name)
        assert np.array_equal(data.full_train.images, images)
        assert np.array_equal(data.full_train.labels, labels)
        assert len(data.validation) == 2
    (tmp_path / "bad.csv").write_text("1,2,3\n4,x,6\n")
    with pytest.raises(DataError, match="line 2, column 2 is 'x'"):
        load_dataset(tmp_path / "bad.csv")
