"""The safetensors container at its limits, and the sentence for each that is passed."""

import io
import itertools
import json

import numpy as np
import pytest

from handwrought.errors import ModelFileError
from handwrought.storage import container
from handwrought.storage.container import MAX_HEADER, Container, Tensor, opened, strict_json


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(begin=0, end=4, dtype="F32", shape=(1,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def read(content):
    return Container.of(io.BytesIO(content), len(content))


def refusal(content):
    with pytest.raises(ValueError) as caught:
        read(content)
    return str(caught.value)


LONG = "b" * 99
EMPTY = file_of({})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1234567", "it is too short for its header"),
        (EMPTY[:-1], "it is too short for its header"),
        (bytes(8), "Expecting value: line 1 column 1 (char 0)"),
        (file_of(b" " * (MAX_HEADER + 1)), "its header has more than 1,048,576 bytes"),
        (file_of(b"[]"), "its header is no JSON object"),
        (file_of({"__metadata__": {"a": 1}}), "its metadata are not strings"),
        (file_of({LONG: entry(4, 8)}, bytes(8)), f"there is a gap or an overlap before {LONG[:60]!r}"),
        (file_of({LONG: 1}), f"the entry of {LONG[:60]!r} is no tensor of ours"),
        (file_of({"a": entry()}, bytes(5)),
         "it has 74 bytes where its header speaks of 73"),
        (file_of(b'{"a":1,"a":1}'), "a name stands twice in its JSON"),
        (file_of(b'{"a":1e' + b"9" * 50 + b"}"), "its JSON holds the number 1e999999999999999999"),
        (file_of({"a": entry(0, 0, shape=(1 << 48, 0))}), "the entry of 'a' is no tensor of ours"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_what_is_wrong_is_told_in_a_sentence(content, message):
    assert refusal(content) == message


def test_what_lies_at_a_limit_is_taken():
    assert read(EMPTY + b"").tensors == {}
    assert read(file_of(b"{}" + b" " * (MAX_HEADER - 2))).tensors == {}
    shape = ((1 << 48) - 1, 0)
    assert read(file_of({"a": entry(0, 0, shape=shape)})).array("a").shape == shape


def test_arrays_stand_where_their_offsets_say_whatever_their_names():
    content = file_of({"a": entry(4, 8), "b": entry()}, np.array([1, 2], "<f4").tobytes())
    found = read(content)
    assert found.tensors == {"a": Tensor("float32", (1,), 4, 8), "b": Tensor("float32", (1,), 0, 4)}
    assert (found.array("a"), found.array("b")) == ([2], [1])


@pytest.mark.parametrize(("dtype", "kind"), [("F16", "<f2"), ("F32", "<f4"), ("F64", "<f8")])
def test_numbers_are_little_endian(dtype, kind):
    data = np.array([[1, 2, 3], [4, 5, 6]], kind).tobytes()
    found = read(file_of({"a": entry(0, len(data), dtype, (2, 3))}, data)).array("a")
    assert found.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found.dtype == kind


def test_a_file_of_the_largest_size_is_opened(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    path.write_bytes(EMPTY)
    monkeypatch.setattr(container, "MAX_BYTES", len(EMPTY))
    with opened(path) as found:
        assert found.tensors == {}
    path.write_bytes(EMPTY + b" ")
    with pytest.raises(ModelFileError) as caught, opened(path):
        pass
    assert str(caught.value) == f"{path} cannot be read: it has more than 10 bytes"


def test_a_file_that_is_not_there_is_told_in_the_systems_words(tmp_path):
    path = tmp_path / "none"
    with pytest.raises(ModelFileError) as caught, opened(path):
        pass
    assert str(caught.value) == f"{path} cannot be read: No such file or directory"


def test_a_reason_is_shown_whole_up_to_160_letters():
    assert container._short(ValueError("x" * 160)) == "x" * 160
    assert container._short(ValueError("x" * 161)) == "x" * 160 + "…"


def test_a_number_that_is_none_is_told_by_its_name():
    with pytest.raises(ValueError) as caught:
        strict_json("[-Infinity]")
    assert str(caught.value) == "its JSON holds the number -Infinity"
