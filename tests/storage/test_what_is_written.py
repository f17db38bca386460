"""A model file to the byte, and the sentence for each that is not written."""

import errno
import hashlib
import json
import os

import numpy as np
import pytest
import safetensors.numpy

import handwrought as hw
from handwrought.errors import CannotWrite, ModelFileError
from handwrought.exchange import to_nielsen
from handwrought.storage import header as header_module
from handwrought.storage import load_model, read_header, read_model, save_model
from handwrought.storage.container import MAX_HEADER
from handwrought.storage.header import new_header
from handwrought.storage.model_file import model_bytes

NET = hw.Network([3, 2, 2], cost="cross-entropy", seed=1)


def parts(content):
    end = 8 + int.from_bytes(content[:8], "little")
    return content[8:end], content[end:]


def refusal(call, *arguments, **named):
    with pytest.raises(ModelFileError) as caught:
        call(*arguments, **named)
    return str(caught.value)


@pytest.mark.parametrize("more", range(8))
def test_arrays_begin_at_a_multiple_of_8_and_text_is_utf_8(more):
    text, arrays = parts(
        model_bytes(NET, new_header(NET, "float32", record={"by": "é" + "x" * more}))
    )
    assert len(text) % 8 == 0
    assert len(text) - len(text.rstrip(b" ")) < 8
    assert text.startswith(b'{"__metadata__":{"handwrought":"{\\"format\\": 3, ')
    assert "é".encode() in text
    assert len(arrays) == NET.parameters.vector.nbytes


def test_what_is_not_asked_for_is_as_is(tmp_path):
    save_model(NET, tmp_path / "m.safetensors")
    header = read_header(tmp_path / "m.safetensors")
    assert header["representation"] == "as-is"
    assert header["calibration"] == {"temperature": 1.0}
    assert (header["class_names"], header["preprocessing"], header["record"]) == (None, None, {})
    assert header["stored"] == "float32"


def test_what_was_called_otherwise_is_taken_and_told(tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.warns(DeprecationWarning, match="view= is now representation="):
        NET.save(path, view="upright", note=3)
    with pytest.warns(DeprecationWarning, match="labels= is now class_names="):
        NET.save(tmp_path / "names.safetensors", labels=[*"abcdefghij"][: NET.n_outputs])
    header = read_header(path)
    assert (header["representation"], header["record"]) == ("upright", {"note": 3})
    assert read_header(tmp_path / "names.safetensors")["class_names"][:2] == ["a", "b"]


def test_an_output_that_its_cost_would_not_choose_is_kept(tmp_path):
    net = hw.Network([3, 2], cost="softmax", output_activation="sigmoid")
    save_model(net, tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").activations[-1].name == "sigmoid"


def test_a_record_as_long_as_is_allowed_is_written_and_no_longer():
    header = new_header(NET, "float32", record={"log": ""})
    room = MAX_HEADER - (64 << 10) - 200 * 4 - len(json.dumps(header).encode())
    header["record"]["log"] = "x" * room
    assert len(parts(model_bytes(NET, header))[0]) < MAX_HEADER
    header["record"]["log"] += "x"
    assert refusal(model_bytes, NET, header) == (
        "its record of 982,241 bytes is too long: keep less with it"
    )


def test_a_record_is_as_long_as_its_bytes():
    header = new_header(NET, "float32", record={"log": "é" * 500_000})
    assert "is too long" in refusal(model_bytes, NET, header)


def test_a_file_that_cannot_be_written_is_told_with_what_the_system_said(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(CannotWrite) as caught:
        save_model(NET, path)
    assert str(caught.value) == (
        f"{path} cannot be written: No space left on device; name another folder"
    )


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"loss": float("nan")}, "its record is not JSON (Out of range float values are not JSON"),
        ({"array": {1}}, "its record is not JSON (Object of type set is not JSON serializable)"),
    ],
)
def test_a_record_that_is_not_json_is_told(record, why, tmp_path):
    path = tmp_path / "m.safetensors"
    assert refusal(save_model, NET, path, **record).startswith(f"{path} was not written: {why}")


def test_what_the_library_writes_wrongly_is_told(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    save = safetensors.numpy.save

    def careless(arrays, metadata):
        return save({name: array[::-1].copy() for name, array in arrays.items()}, metadata)

    monkeypatch.setattr(safetensors.numpy, "save", careless)
    assert refusal(save_model, NET, path) == (
        f"{path} was not written: what safetensors wrote does not read back (it: the digest does "
        f"not match the weights: the file was changed)"
    )


@pytest.mark.parametrize("at", range(4))
def test_each_array_is_compared_with_what_reads_back(at, tmp_path, monkeypatch):
    other = NET.copy()
    list(other.parameters.arrays())[at][1][...] += 1
    monkeypatch.setattr("handwrought.storage.model_file._network", lambda *_: ({}, other))
    assert refusal(save_model, NET, tmp_path / "m").endswith(
        " was not written: what safetensors wrote reads back otherwise"
    )


def with_arrays(path, change):
    arrays, content = safetensors.numpy.load_file(path), path.read_bytes()
    change(arrays)
    metadata = json.loads(parts(content)[0])["__metadata__"]
    path.write_bytes(safetensors.numpy.save(arrays, metadata))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda arrays: arrays.pop("layers[1].biases"), "layers[1].biases"),
        (lambda arrays: arrays.update({"z" * 99: arrays["layers[1].biases"]}), "z" * 60),
    ],
)
def test_an_array_that_is_missing_or_foreign_is_named(change, name, tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(NET, path)
    with_arrays(path, change)
    assert refusal(load_model, path) == (
        f"{path}: {name!r} is missing or does not belong to a network of 2 layers above its "
        f"input: the file is damaged or not handwrought's"
    )


def test_an_array_of_another_shape_or_dtype_is_named(tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(NET, path)
    with_arrays(path, lambda a: a.update({"layers[0].biases": np.zeros(3, np.float32)}))
    assert refusal(load_model, path) == (
        f"{path}: layers[0].biases is float32 (3,), the header asks for float32 (2,)"
    )
    save_model(NET, path)
    with_arrays(path, lambda a: a.update({"layers[0].biases": np.zeros(2, np.float16)}))
    assert refusal(load_model, path) == (
        f"{path}: layers[0].biases is float16 (2,), the header asks for float32 (2,)"
    )


def test_a_header_is_refused_with_its_file(tmp_path):
    path = tmp_path / "m.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, path)
    assert refusal(read_header, path) == (
        f"{path} is a safetensors file, but was not saved by handwrought"
    )


def test_the_digest_of_nielsens_json_speaks_of_the_network_and_of_nothing_else(
    tmp_path, monkeypatch
):
    digests = []
    for cost in ("quadratic", "cross-entropy"):
        net = hw.Network([3, 2], cost=cost, seed=1, dtype="float64")
        to_nielsen(net, tmp_path / "n.json")
        header = read_header(tmp_path / "n.json")
        said = {k: v for k, v in header.items() if k != "digest"} | {"versions": {}}
        text = json.dumps(said)
        by_hand = hashlib.sha256(text.encode())
        for name, array in net.parameters.arrays():
            shape = "x".join(map(str, array.shape))
            by_hand.update(f"\n{name} float64 {shape}\n".encode() + array.astype("<f8").tobytes())
        assert header["digest"] == by_hand.hexdigest()
        digests.append(header["digest"])
    assert digests[0] != digests[1]
    monkeypatch.setattr(header_module, "versions", lambda: {"numpy": "9"})
    assert read_model(tmp_path / "n.json")[0]["digest"] == digests[1]
