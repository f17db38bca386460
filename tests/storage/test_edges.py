"""The way of a save and of a load where the system, or what lies beneath, does otherwise."""

import builtins
import errno
import io
import json
import os
import sys

import numpy as np
import pytest

from handwrought.errors import CannotWrite, InvalidArgument, ModelFileError
from handwrought.nn import network as network_module
from handwrought.nn.network import Network
from handwrought.storage import container as container_module
from handwrought.storage import load_model, model_file, save_model
from handwrought.storage.atomic import sync_folder
from handwrought.storage.container import Container, Tensor, strict_json
from handwrought.storage.lock import FolderLock
from handwrought.storage.nielsen import to_nielsen

NET = Network([3, 2, 2], cost="cross-entropy")


def refuse(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_system_without_folders_to_open_syncs_none(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        sync_folder(tmp_path)
    monkeypatch.delattr(os, "O_DIRECTORY")
    sync_folder(tmp_path)


def test_a_system_without_such_locks_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    FolderLock(tmp_path)
    FolderLock(tmp_path)
    assert (tmp_path / "lock").exists()


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    save_model(NET, path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(CannotWrite, match=r"m\.safetensors"):
        save_model(Network([3, 2]), path)
    with pytest.raises(ModelFileError, match=r"n\.json cannot be written"):
        to_nielsen(NET, tmp_path / "n.json")
    assert path.read_bytes() == before
    assert load_model(path).sizes == NET.sizes


def test_values_that_are_not_finite_are_written_in_no_format(tmp_path):
    net = NET.copy()
    net.parameters.vector[0] = np.nan
    with pytest.raises(ModelFileError, match="was not written"):
        save_model(net, tmp_path / "m.safetensors")
    with pytest.raises(InvalidArgument, match="was not written"):
        to_nielsen(net, tmp_path / "n.json")
    assert not list(tmp_path.iterdir())


def test_a_file_that_reads_back_as_another_network_is_not_written(tmp_path, monkeypatch):
    other = NET.copy()
    other.parameters.vector[:] += 1
    monkeypatch.setattr(model_file, "_network", lambda *_: ({}, other))
    with pytest.raises(ModelFileError, match="reads back otherwise"):
        save_model(NET, tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_model_too_large_for_this_machine_is_told(tmp_path, monkeypatch):
    save_model(NET, tmp_path / "m.safetensors")

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(network_module, "Parameters", full)
    with pytest.raises(ModelFileError, match="no memory holds"):
        load_model(tmp_path / "m.safetensors")


def test_a_file_cut_short_while_it_is_read_is_told(tmp_path):
    content = model_file.model_bytes(NET, model_file.new_header(NET, "float32"))
    file = io.BytesIO(content)
    found = Container.of(file, len(content))
    file.truncate(len(content) - 4)
    with pytest.raises(ValueError, match="the file ends within"):
        list(map(found.array, found.tensors))


def test_a_file_larger_than_any_model_is_not_read(tmp_path, monkeypatch):
    save_model(NET, tmp_path / "m.safetensors")
    monkeypatch.setattr(container_module, "MAX_BYTES", 100)
    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(ModelFileError, match="it has more than 100 bytes"):
        load_model(tmp_path / "m.safetensors")


def test_a_pipe_is_no_model(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="it is a pipe, and no file"):
        load_model(tmp_path / "pipe")


def whole(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(begin=0, end=4, dtype="F32", shape=(1,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"1234567", "it is too short for its header"),
        (whole({})[:-1], "it is too short for its header"),
        ((1 << 20).to_bytes(8, "little") + b"x" * 9, "it is too short for its header"),
        (whole(b" " * ((1 << 20) + 1)), "its header has more than 1,048,576 bytes"),
        (whole(b"[]"), "its header is no JSON object"),
        (whole({"__metadata__": []}), "its metadata are not strings"),
        (whole({"__metadata__": {"a": 1}}), "its metadata are not strings"),
        (whole(b'{"a": 1, "a": 2}'), "a name stands twice in its JSON"),
        (whole(b'{"a": NaN}'), "its JSON holds the number NaN"),
        (whole(b'{"a": 1e999999999999999999999}'), "its JSON holds the number 1e99999999999999999"),
        (whole({"a": 1}), "the entry of 'a' is no tensor of ours"),
        (whole({"b" * 99: {}}), f"the entry of {'b' * 60!r} is no tensor of ours"),
        (whole({"a": entry(dtype="I64")}, bytes(8)), "the entry of 'a' is no tensor of ours"),
        (whole({"a": entry(dtype=[])}, bytes(4)), "the entry of 'a' is no tensor of ours"),
        (
            whole({"a": entry(shape=(1, 1, 1, 1, 1))}, bytes(4)),
            "the entry of 'a' is no tensor of ours",
        ),
        (whole({"a": entry(shape=(-1,))}, bytes(4)), "the entry of 'a' is no tensor of ours"),
        (whole({"a": entry(shape=(True,))}, bytes(4)), "the entry of 'a' is no tensor of ours"),
        (whole({"a": entry(0, 1 << 48, shape=(1 << 46,))}), "the entry of 'a' is no tensor"),
        (whole({"a": entry(0, 8)}, bytes(8)), "the entry of 'a' is no tensor of ours"),
        (whole({"a": {**entry(), "data_offsets": [0, 4, 4]}}, bytes(4)), "no tensor of ours"),
        (whole({"a": entry(4, 8)}, bytes(8)), "there is a gap or an overlap before 'a'"),
        (whole({"a": entry(), "b": entry()}, bytes(4)), "a gap or an overlap before 'b'"),
        (whole({"a": entry()}, bytes(5)), "it has .* bytes where its header speaks of"),
        (whole({"a": entry()}, bytes(3)), "it has .* bytes where its header speaks of"),
    ],
)
def test_a_container_says_what_is_wrong_with_it(content, words):
    with pytest.raises(ValueError, match=f"^.*{words}"):
        Container.of(io.BytesIO(content), len(content))


def test_a_container_of_nothing_and_of_two_arrays_in_any_order():
    assert Container.of(io.BytesIO(whole({})), len(whole({}))).tensors == {}
    content = whole({"b": entry(4, 8), "a": entry()}, np.array([1, 2], "<f4").tobytes())
    found = Container.of(io.BytesIO(content), len(content))
    assert found.array("a").tolist() == [1]
    assert found.array("b").tolist() == [2]
    assert found.tensors["b"] == Tensor("float32", (1,), 4, 8)


def test_json_is_numbers_names_and_no_more():
    assert strict_json('{"a": [1, 2.5, null, true, "x"]}') == {"a": [1, 2.5, None, True, "x"]}
    for text in ("Infinity", "-Infinity", "NaN", "1e999", "-1e999", '{"a": 1, "a": 1}'):
        with pytest.raises(ValueError, match="its JSON"):
            strict_json(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (whole(b"[" * 100_000), r"damaged \(nested too deeply\): give a model saved"),
        (whole({"b" * 99: {}}), r"damaged \(the entry of 'b{60}' is no tensor of ours\): give"),
        (whole(b'{"a": ' + b"x" * 300), r"damaged \(Expecting value: line 1 column 7 \(char 6\)\)"),
    ],
)
def test_why_a_file_is_no_model_is_told_in_short(content, words, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=words):
        load_model(path)


def test_a_long_reason_is_cut():
    assert container_module._short(ValueError("x" * 159)) == "x" * 159
    assert container_module._short(ValueError("x" * 500)) == "x" * 160 + "…"
