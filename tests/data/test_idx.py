"""IDX at its limits: the largest file that is believed, and no byte more."""

import gzip
import re
import struct
import tracemalloc

import numpy as np
import pytest

from handwrought.data import idx
from handwrought.data.idx import idx_bytes, most_unpacked, read_idx
from handwrought.errors import DataError


def header(*shape, code=8):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


def written(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_idx(path)
    return str(caught.value)


def test_a_file_that_is_not_there_is_told_in_the_systems_words(tmp_path):
    path = tmp_path / "none"
    assert refusal(path) == f"{path} cannot be read: No such file or directory"


def test_a_folder_is_told_to_hold_the_file(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder: name the IDX file in it"


def test_four_gibibytes_may_be_promised_and_no_more(tmp_path):
    assert refusal(written(tmp_path, header(1 << 16, 1 << 16))).endswith(
        "the file holds 0: download it again"
    )
    assert refusal(written(tmp_path, header(1 << 16, (1 << 16) + 1))).endswith(
        "above the limit of 4,294,967,296: the header is damaged"
    )


def test_a_compressed_file_may_promise_what_its_size_allows_and_no_more(tmp_path):
    def promising(n):  # stored, so that its size does not depend on n
        return gzip.compress(header(n), compresslevel=0)

    most = most_unpacked(len(promising(0)))
    assert refusal(written(tmp_path, promising(most))).endswith("the file holds 0: it is truncated")
    assert "unpack it first" in refusal(written(tmp_path, promising(most + 1)))


def test_no_piece_is_larger_than_what_is_still_promised(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "_CHUNK", 4)
    path = written(tmp_path, gzip.compress(header(6) + bytes(6)))
    assert read_idx(path).tolist() == [0] * 6
    path = written(tmp_path, gzip.compress(header(6) + bytes(8)))
    assert "and the file goes on" in refusal(path)


def test_what_follows_the_data_is_not_unpacked(tmp_path):
    path = written(tmp_path, gzip.compress(header(6) + bytes(16 << 20)))
    tracemalloc.start()
    assert "and the file goes on" in refusal(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1 << 20


def test_a_dimension_fits_in_32_bits():
    assert idx_bytes(np.empty(((1 << 32) - 1, 0), np.uint8)) == header((1 << 32) - 1, 0)
    shape = (1 << 32, 0)
    with pytest.raises(DataError, match=re.escape(f"shape {shape} does not fit an IDX header")):
        idx_bytes(np.empty(shape, np.uint8))
