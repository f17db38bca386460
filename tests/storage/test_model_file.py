"""A model file: what is saved comes back, and nothing else is believed."""

import hashlib
import json
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

import handwrought as hw
from handwrought.data.representations import n_features
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.exchange import export
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import load_model, read_header, read_model, save_model
from handwrought.storage.header import FORMAT, PIXELS

FILES = Path(__file__).parent / "files"


def network(**settings):
    return hw.Network([6, 4, 3], "gelu", "softmax", seed=5, **settings)


def layers(sizes, hidden="gelu", output="softmax"):
    """What a header says of dense layers."""
    names = [*[hidden] * (len(sizes) - 2), output]
    return {
        "input_shape": sizes[:1],
        "layers": [
            {"kind": "dense", "n_out": n, "activation": name,
             "arrays": {"weights": [n, below], "biases": [n]}}
            for below, n, name in zip(sizes, sizes[1:], names, strict=False)
        ],
    }  # fmt: skip


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    network().save(path, epochs=3)
    return path


def parts(path):
    """Container header and the bytes after it."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def changed(path, **values):
    """The file with other values in our header, and the digest made to fit."""
    header, data = parts(path)
    meta = header["__metadata__"]
    ours = json.loads(meta["handwrought"]) | values
    meta["handwrought"] = json.dumps({k: v for k, v in ours.items() if v is not ...})
    meta["handwrought-digest"] = digest_by_the_book(header, data)
    put_together(path, header, data)


def digest_by_the_book(header, data):
    """As docs/13-model-files.md defines it, without a line of the library."""
    names = {"F16": "float16", "F32": "float32", "F64": "float64"}
    sha = hashlib.sha256(header["__metadata__"]["handwrought"].encode())
    tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
    for i in range(len(tensors) // 2):
        for part in ("weights", "biases"):
            entry = tensors[f"layers[{i}].{part}"]
            shape = "x".join(map(str, entry["shape"]))
            begin, end = entry["data_offsets"]
            line = f"\nlayers[{i}].{part} {names[entry['dtype']]} {shape}\n"
            sha.update(line.encode() + data[begin:end])
    return sha.hexdigest()


# --- what is saved comes back ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stored", [None, "float16", "float32", "float64"])
def test_numbers_come_back_as_they_were_stored(tmp_path, dtype, stored):
    net = network(dtype=dtype)
    save_model(net, tmp_path / "m.safetensors", stored=stored)
    again = load_model(tmp_path / "m.safetensors")
    assert again.dtype == np.dtype(dtype)
    expected = net.parameters.vector.astype(stored or dtype).astype(dtype)
    np.testing.assert_array_equal(again.parameters.vector, expected)
    assert [a.name for a in again.activations] == ["gelu", "softmax"]
    assert again.cost.name == "softmax"


def test_the_header_says_what_a_reader_needs(tmp_path):
    path = tmp_path / "m.safetensors"
    net = hw.Network([784, 10], cost="softmax", seed=0)
    labels = [f"class {i}" for i in range(10)]
    net.save(
        path,
        temperature=1.5,
        class_names=labels,
        representation="upright",
        epochs=3,
        note="déjà vu",
    )
    header = read_header(path)
    assert header["format"] == FORMAT == 3
    assert header["input_shape"] == [784]
    arrays = {"weights": [10, 784], "biases": [10]}
    assert header["layers"] == [
        {"kind": "dense", "n_out": 10, "activation": "softmax", "arrays": arrays}
    ]
    assert (header["cost"], header["dtype"], header["stored"]) == ("softmax", "float32", "float32")
    assert header["preprocessing"] == PIXELS
    assert header["calibration"] == {"temperature": 1.5}
    assert header["class_names"] == labels
    assert header["representation"] == "upright"
    assert header["record"] == {"epochs": 3, "note": "déjà vu"}
    assert header["versions"]["handwrought"] == hw.__version__
    assert header["digest"] == digest_by_the_book(*parts(path))
    assert read_model(path)[0] == header


def test_numbers_that_are_no_pixels_have_no_preprocessing(model):
    assert read_header(model)["preprocessing"] is None


def test_the_safetensors_library_opens_it(model):
    found = safetensors.numpy.load_file(model)
    for name, array in network().parameters.arrays():
        np.testing.assert_array_equal(found[name], array)


def test_a_view_that_is_not_contiguous_is_saved_as_what_it_shows(tmp_path):
    net = network()
    # Parameters that look into every second number of a longer vector, as a careless caller may.
    long = np.zeros(2 * net.parameters.vector.size, np.float32)
    long[::2] = net.parameters.vector
    twin = net.with_parameters(type(net.parameters)(net.specs, numbers=long[::2]))
    assert not twin.parameters.vector.flags.c_contiguous
    twin.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.parameters.vector, net.parameters.vector)


def test_an_array_that_the_library_writes_wrongly_is_noticed(tmp_path, monkeypatch):
    save = safetensors.numpy.save

    def careless(arrays, metadata):
        return save({name: array[::-1].copy() for name, array in arrays.items()}, metadata)

    monkeypatch.setattr(safetensors.numpy, "save", careless)
    with pytest.raises(ModelFileError, match="was not written"):
        network().save(tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


# --- versions ---------------------------------------------------------------------------------------


def test_a_file_of_format_1_loads():
    header, net = read_model(FILES / "format-1.safetensors")
    expected = hw.Network([784, 3, 10], ["tanh"], "softmax", seed=5)
    np.testing.assert_array_equal(net.parameters.vector, expected.parameters.vector)
    assert header["calibration"] == {"temperature": 1.25}
    assert header["representation"] == "upright"
    assert header["record"] == {"epochs": 3}
    assert header["preprocessing"] == PIXELS


def test_a_file_of_format_2_loads_and_is_exported_as_the_present_one(tmp_path):
    header, net = read_model(FILES / "format-2.safetensors")
    expected = hw.Network([6, 3, 2], ["tanh"], "softmax", seed=5)
    np.testing.assert_array_equal(net.parameters.vector, expected.parameters.vector)
    assert header["format"] == 2
    assert header["class_names"] == ["no", "yes"]
    assert (header["representation"], header["calibration"]) == ("upright", {"temperature": 1.25})
    assert header["digest"] == digest_by_the_book(*parts(FILES / "format-2.safetensors"))
    export(FILES / "format-2.safetensors", tmp_path / "m.safetensors")
    again, twin = read_model(tmp_path / "m.safetensors")
    same = {k: v for k, v in header.items() if k not in ("format", "digest")}
    assert same == {k: again[k] for k in same}
    assert again["format"] == FORMAT
    assert "sizes" not in json.loads(
        parts(tmp_path / "m.safetensors")[0]["__metadata__"]["handwrought"]
    )
    np.testing.assert_array_equal(twin.parameters.vector, net.parameters.vector)


def test_a_file_of_format_1_in_float16_loads():
    net = load_model(FILES / "format-1-float16.safetensors")
    expected = hw.Network([4, 3, 2], ["gelu"], "cross-entropy", seed=6, dtype="float64")
    half = expected.parameters.vector.astype(np.float16)
    np.testing.assert_array_equal(net.parameters.vector, half)
    assert net.dtype == np.float64


def test_a_changed_file_of_format_1_is_refused(tmp_path):
    content = bytearray((FILES / "format-1.safetensors").read_bytes())
    content[-3] ^= 1
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError, match="digest"):
        load_model(tmp_path / "m.safetensors")


def test_the_shipped_model_loads():
    header, network = read_model(shipped_model())
    assert network.sizes[0] == n_features((28, 28), header["representation"])


def test_a_newer_file_says_so(model):
    changed(model, format=FORMAT + 1)
    with pytest.raises(ModelFileError, match=r"has format 4, .* reads up to 3: upgrade"):
        load_model(model)


# --- what is not believed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": True}, "header is damaged"),
        ({"format": "3"}, "header is damaged"),
        ({"input_shape": [[6]]}, "input_shape"),
        ({"input_shape": [7]}, "has not the arrays"),
        ({"layers": {}}, "layers are not 1 to 999"),
        (layers([6, 4.0, 3]), "whole number"),
        (layers([9_000_000, 9_000_000, 3]), "parameters"),
        (layers([6, 5, 3]), "the header asks for"),
        (layers([6, 4, 4, 3]), "layers\\[2\\]"),
        (layers([6, 4, 3], "os.system"), "activation 'os.system' is unknown"),
        (layers([6, 4, 3], ["gelu"]), "is unknown"),
        (layers([6, 4, 3], "gelu", "relu"), "leaves the range"),
        ({"layers": [{"kind": "os.system"}]}, "layer kind 'os.system' is unknown"),
        ({"cost": "hinge"}, "cost 'hinge' is unknown"),
        ({"dtype": "float16"}, "dtype"),
        ({"dtype": "object"}, "dtype"),
        ({"stored": "int8"}, "stored as 'int8'"),
        ({"stored": "float64"}, "asks for float64"),
        ({"calibration": None}, "temperature"),
        ({"calibration": {"temperature": 0}}, "temperature"),
        ({"calibration": {"temperature": True}}, "temperature"),
        ({"class_names": ["a", "b"]}, "class_names are not 3"),
        ({"class_names": ["a", "b", "x" * 300]}, "class_names"),
        ({"representation": 3}, "representation"),
        ({"record": []}, "record"),
        ({"preprocessing": {"kind": "pixels"}}, "preprocessing"),
        ({"preprocessing": PIXELS}, "pixels are not 6"),
        ({"preprocessing": {**PIXELS, "height": 2, "width": 3, "divisor": 256}}, "divisor 256"),
        ({"cost": ...}, "cost None"),
    ],
)  # fmt: skip
def test_a_header_that_makes_no_network_is_told(model, values, told):
    changed(model, **values)
    with pytest.raises(ModelFileError, match=told) as caught:
        load_model(model)
    assert str(model) in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["cost", "layers", "calibration", "record"])
def test_the_digest_covers_the_header_too(model, name):
    other = {
        "cost": "cross-entropy", "layers": layers([6, 4, 3], "relu")["layers"],
        "calibration": {"temperature": 2.0}, "record": {"epochs": 4},
    }  # fmt: skip
    header, data = parts(model)
    meta = header["__metadata__"]
    meta["handwrought"] = json.dumps(json.loads(meta["handwrought"]) | {name: other[name]})
    put_together(model, header, data)
    with pytest.raises(ModelFileError, match="digest does not match"):
        load_model(model)


@pytest.mark.parametrize("digest", [None, 5, "", "zz" * 32, "0" * 64])
def test_without_its_digest_it_is_refused(model, digest):
    header, data = parts(model)
    header["__metadata__"]["handwrought-digest"] = digest
    if digest is None:
        del header["__metadata__"]["handwrought-digest"]
    put_together(model, header, data)
    with pytest.raises(ModelFileError, match=r"digest|metadata are not strings"):
        load_model(model)


def test_two_arrays_that_changed_places_are_noticed(tmp_path):
    path = tmp_path / "m.safetensors"
    hw.Network([3, 3, 3], seed=1).save(path)
    header, data = parts(path)
    one, other = header["layers[0].weights"], header["layers[1].weights"]
    one["data_offsets"], other["data_offsets"] = other["data_offsets"], one["data_offsets"]
    put_together(path, header, data)
    with pytest.raises(ModelFileError, match="digest does not match"):
        load_model(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_both_ways(model, value):
    header, data = parts(model)
    data = struct.pack("<f", value) + data[4:]
    header["__metadata__"]["handwrought-digest"] = digest_by_the_book(header, data)
    put_together(model, header, data)
    with pytest.raises(ModelFileError, match="not finite"):
        load_model(model)
    net = network()
    net.layers[0].weights[1, 1] = value
    before = model.read_bytes()
    with pytest.raises(ModelFileError, match="not finite"):
        net.save(model)
    assert model.read_bytes() == before


def test_what_float16_cannot_hold_is_told(tmp_path):
    net = network()
    net.layers[0].weights[0, 0] = 1e5
    with pytest.raises(ModelFileError, match="not finite in float16"):
        save_model(net, tmp_path / "m.safetensors", stored="float16")


def test_what_float32_cannot_hold_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    net = network(dtype="float64")
    net.layers[0].weights[0, 0] = 1e200
    net.save(path)
    changed(path, dtype="float32")
    with pytest.raises(ModelFileError, match="not finite"):
        load_model(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        b"\xff" * 8,
        b"\xff" * 64,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 9) + b"\xff\xfe\x00\x00\x00\x00\x00\x00\x00",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        struct.pack("<Q", 200_005) + b'{"a":' + b"[" * 200_000,
        struct.pack("<Q", 26) + b'{"__metadata__":{"a":[1]}}',
        struct.pack("<Q", 13) + b'{"a":1,"a":1}',
        struct.pack("<Q", 11) + b'{"a":1e999}',
        struct.pack("<Q", 9) + b'{"a":NaN}',
        struct.pack("<Q", 5006) + b'{"a":' + b"9" * 5000 + b"}",
        b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93.",
    ],
)
def test_what_is_no_model_is_told_in_a_sentence(tmp_path, content):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    for read in (load_model, read_header):
        with pytest.raises(ModelFileError, match=r"safetensors file") as caught:
            read(path)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}, "gap or an overlap"),
        ({"dtype": "F32", "shape": [4, 6], "data_offsets": [4, 100]}, "gap or an overlap"),
        ({"dtype": "F32", "shape": [4, 6], "data_offsets": [96, 0]}, "no tensor of ours"),
        ({"dtype": "F32", "shape": [-4, -6], "data_offsets": [0, 96]}, "no tensor of ours"),
        ({"dtype": "F32", "shape": [4, 7], "data_offsets": [0, 96]}, "no tensor of ours"),
        ({"dtype": "I16", "shape": [4, 12], "data_offsets": [0, 96]}, "no tensor of ours"),
        ({"dtype": "F32", "shape": [[4], 6], "data_offsets": [0, 96]}, "no tensor of ours"),
        ({"dtype": ["F32"], "shape": [4, 6], "data_offsets": [0, 96]}, "no tensor of ours"),
        ({"dtype": "F32", "shape": [4, 6]}, "no tensor of ours"),
        ("layers", "no tensor of ours"),
    ],
)  # fmt: skip
def test_a_tensor_that_lies_about_its_place_is_told(model, entry, told):
    header, data = parts(model)
    header["layers[0].weights"] = entry
    put_together(model, header, data)
    with pytest.raises(ModelFileError, match=told):
        load_model(model)


def test_bytes_after_the_end_are_told(model):
    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(ModelFileError, match="bytes where its header speaks of"):
        load_model(model)


def test_a_small_file_takes_little_memory_whatever_it_claims(model):
    changed(model, **layers([10_000, 10_000, 3]))
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="the header asks for"):
        load_model(model)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000


def test_a_header_longer_than_a_megabyte_is_not_read(tmp_path):
    path = tmp_path / "m.safetensors"
    text = b'{"a":"' + b" " * (2 << 20) + b'"}'
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ModelFileError, match="more than 1,048,576 bytes"):
        load_model(path)


def test_a_record_that_would_not_be_read_is_not_written(tmp_path):
    path = tmp_path / "m.safetensors"
    for record in ({"log": "x" * (1 << 20)}, {"loss": float("nan")}, {"array": np.zeros(3)}):
        with pytest.raises(ModelFileError, match="was not written: its record"):
            network().save(path, **record)
    assert not path.exists()


def test_every_flipped_bit_is_noticed(model):
    whole = model.read_bytes()
    for at in range(0, len(whole), 7):
        content = bytearray(whole)
        content[at] ^= 1 << (at % 8)
        model.write_bytes(content)
        with pytest.raises(ModelFileError):
            load_model(model)


def test_every_truncation_is_noticed(model):
    whole = model.read_bytes()
    for length in range(0, len(whole), 11):
        model.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            load_model(model)


def test_other_files_and_places_are_told(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read: No such file"):
        load_model(tmp_path / "absent.safetensors")
    with pytest.raises(ModelFileError, match="cannot be read: Is a directory"):
        load_model(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("/dev/zero", tmp_path / "pipe"):
        with pytest.raises(ModelFileError, match=r"cannot be read: it is a (device|pipe), and no"):
            load_model(name)
    foreign = tmp_path / "foreign.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, foreign)
    with pytest.raises(ModelFileError, match="not saved by handwrought"):
        load_model(foreign)
    safetensors.numpy.save_file(
        {"a": np.zeros(3, np.float32)}, foreign, {"handwrought-checkpoint": ""}
    )
    with pytest.raises(ModelFileError, match="the checkpoint of a training"):
        load_model(foreign)


def test_wrong_arguments_are_told_before_anything_is_written(tmp_path):
    path = tmp_path / "m.safetensors"
    for arguments in (
        {"stored": "int8"},
        {"class_names": ["one"]},
        {"preprocessing": {"kind": "sound"}},
    ):
        with pytest.raises(InvalidArgument, match="this makes no model file"):
            network().save(path, **arguments)
    assert not path.exists()


def test_the_same_network_makes_the_same_bytes_each_time(tmp_path):
    network = hw.Network([4, 3, 2], seed=0)
    written = set()
    for n in range(20):  # safetensors leaves an order to chance
        save_model(network, tmp_path / f"{n}.safetensors", class_names=["no", "yes"], epochs=3)
        written.add((tmp_path / f"{n}.safetensors").read_bytes())
    assert len(written) == 1
