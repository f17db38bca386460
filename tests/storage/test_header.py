"""The header of a model file at its limits, and the sentence for each that is passed."""

import json
import platform
from pathlib import Path

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.nn.activations import ACTIVATIONS
from handwrought.nn.costs import COSTS
from handwrought.storage.header import PIXELS, checked_header, new_header

PATH = Path("folder") / "m.safetensors"
DIGEST = "0123456789abcdef" * 4


def dense(n_in, n_out, activation):
    arrays = {"weights": [n_out, n_in], "biases": [n_out]}
    return {"kind": "dense", "n_out": n_out, "activation": activation, "arrays": arrays}


def layers(sizes, *activations):
    names = activations or ["relu"] * (len(sizes) - 2) + ["softmax"]
    told = [dense(*ends, name) for *ends, name in zip(sizes, sizes[1:], names, strict=False)]
    return {"input_shape": sizes[:1], "layers": told}


HEADER = {
    "format": 3, **layers([6, 4, 3], "gelu", "softmax"), "cost": "softmax",
    "dtype": "float32", "stored": "float32", "preprocessing": None, "representation": "as-is",
    "calibration": {"temperature": 1.0}, "class_names": None, "versions": {}, "record": {},
}  # fmt: skip


def checked(digest=DIGEST, **changes):
    text = json.dumps(HEADER | changes)
    return checked_header(PATH, {"handwrought": text, "handwrought-digest": digest})


def refusal(**changes):
    with pytest.raises(ModelFileError) as caught:
        checked(**changes)
    message = str(caught.value)
    assert message.startswith(f"{PATH}: ")
    return message.removeprefix(f"{PATH}: ")


NAMES = "its class_names are not 3 strings of at most 200 characters"
INPUT = "its input_shape is not 1 to 3 whole numbers from 1 to 10,000,000"
PARAMETERS = "its layers have more than 500,000,000 parameters"
ARRAYS = "its layers[0] has not the arrays that a dense layer of its place asks for"


def test_a_header_comes_back_with_its_digest():
    assert checked() == {**HEADER, "digest": DIGEST}


def test_what_a_header_may_leave_out_is_none():
    left_out = ("preprocessing", "class_names")
    text = json.dumps({k: v for k, v in HEADER.items() if k not in left_out})
    found = checked_header(PATH, {"handwrought": text, "handwrought-digest": DIGEST})
    assert found == {**HEADER, "digest": DIGEST}


@pytest.mark.parametrize(
    "changes",
    [
        layers([1, 1]),
        layers([1] * 1000),
        layers([10_000_000, 1]),
        {"input_shape": [1, 2, 3]},
        layers([999, 500_000]),  # 499,500,000 weights and 500,000 biases
        {"calibration": {"temperature": 0.0101}},
        {"calibration": {"temperature": 99}},
        {"class_names": ["a", "b", "x" * 200]},
        {"representation": "x" * 200},
        {"preprocessing": {**PIXELS, "height": 6, "width": 1}},
        {"preprocessing": {**PIXELS, "height": 2, "width": 3}},
        {"dtype": "float64", "stored": "float16"},
        {"dtype": "float64", "stored": "float64"},
    ],
)
def test_what_lies_at_a_limit_is_taken(changes):
    for name, value in changes.items():
        assert checked(**changes)[name] == value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_shape": None}, INPUT),
        ({"input_shape": []}, INPUT),
        ({"input_shape": [1, 1, 2, 3]}, INPUT),
        ({"input_shape": [6.0]}, INPUT),
        ({"input_shape": [True]}, INPUT),
        ({"input_shape": [5]}, ARRAYS),
        ({"layers": None}, "its layers are not 1 to 999"),
        ({"layers": []}, "its layers are not 1 to 999"),
        (layers([1] * 1001), "its layers are not 1 to 999"),
        (layers([10_000_001, 1]), INPUT),
        (layers([1, 10_000_001]), "its layers[0] has more than 10,000,000 neurons in a row"),
        (layers([6, 0, 3]), "its layers[0]: n_out is 0: give a whole number of at least 1"),
        (layers([6, 4.0, 3]), "its layers[0]: n_out is 4.0: give a whole number of at least 1"),
        (layers([6, True, 3]), "its layers[0]: n_out is True: give a whole number of at least 1"),
        (layers([999, 500_000, 1]), PARAMETERS),
        (layers([1000, 500_000]), PARAMETERS),
        ({"layers": [3]}, "its layers[0]: 3 is no JSON object"),
        ({"layers": [{}]}, "its layers[0]: layer kind None is unknown: use one of dense"),
        ({"layers": [dense(6, 3, "softmax") | {"kind": "os.system"}]},
         "its layers[0]: layer kind 'os.system' is unknown: use one of dense"),
        ({"layers": [dense(6, 3, "softmax") | {"rate": 2}]}, "its layers[0]: a layer of kind 'dense' "
         "is not made of {'n_out': 3, 'activation': 'softmax', 'rate': 2}"),
        ({"layers": [dense(6, 3, None)]}, "its layers[0] names no activation"),
        ({"layers": [dense(6, 3, "softmax") | {"arrays": {"weights": [3, 6]}}]}, ARRAYS),
        ({"layers": [dense(3, 6, "softmax")]}, ARRAYS),
        (layers([6, 3], "tahn"), "its layers[0]: activation 'tahn' is unknown: use one of "
         + ", ".join(ACTIVATIONS)),
        (layers([6, 3], "a" * 999), f"its layers[0]: activation '{'a' * 288}…"),
        (layers([6, 4, 3], "relu", 3), "its layers[1]: activation 3 is unknown: use one of "
         + ", ".join(ACTIVATIONS)),
        ({"cost": ["softmax"]}, f"its cost ['softmax'] is unknown; there are {', '.join(COSTS)}"),
        ({"cost": "hinge"}, f"its cost 'hinge' is unknown; there are {', '.join(COSTS)}"),
        (layers([6, 4, 3], "gelu", "relu"),
         "its output activation 'relu' leaves the range of its cost 'softmax'"),
        (layers([6, 3], "relu"),
         "its output activation 'relu' leaves the range of its cost 'softmax'"),
        ({"dtype": "float16"}, "its dtype is 'float16' and not float32 or float64"),
        ({"dtype": None}, "its dtype is None and not float32 or float64"),
        ({"stored": "int8"}, "its numbers are stored as 'int8', not float16, float32, float64"),
        ({"stored": None}, "its numbers are stored as None, not float16, float32, float64"),
        ({"calibration": {"temperature": 0.01}},
         "its temperature is 0.01, which is no number from 0.01 to 100"),
        ({"calibration": {"temperature": 100}},
         "its temperature is 100, which is no number from 0.01 to 100"),
        ({"calibration": [1]}, "its temperature is None, which is no number from 0.01 to 100"),
        ({"class_names": "abc"}, NAMES),
        ({"class_names": ["a", "b", "x" * 201]}, NAMES),
        ({"class_names": ["a", "b", 3]}, NAMES),
        ({"class_names": ["a", "b"]}, NAMES),
        ({"representation": None}, "its representation is None, which is no name"),
        ({"representation": "x" * 201}, f"its representation is '{'x' * 59}…, which is no name"),
        ({"record": None}, "its record or its versions are no JSON object"),
        ({"versions": None}, "its record or its versions are no JSON object"),
        ({"preprocessing": [1]}, "its preprocessing is not null and has not the names kind, height, "
         "width, order, ink, divisor"),
        ({"preprocessing": {**PIXELS, "depth": 3}}, "its preprocessing is not null and has not the "
         "names kind, height, width, order, ink, divisor"),
        ({"preprocessing": {**PIXELS, "kind": "sound"}},
         "its preprocessing has kind 'sound', not 'pixels'"),
        ({"preprocessing": {**PIXELS, "order": "columns"}},
         "its preprocessing has order 'columns', not 'rows'"),
        ({"preprocessing": {**PIXELS, "ink": "dark"}},
         "its preprocessing has ink 'dark', not 'bright'"),
        ({"preprocessing": {**PIXELS, "divisor": 256}},
         "its preprocessing has divisor 256, not 255"),
        ({"preprocessing": {**PIXELS, "height": 3, "width": 3}},
         "its preprocessing has a picture whose pixels are not 6"),
        ({"preprocessing": {**PIXELS, "height": -2, "width": -3}},
         "its preprocessing has a picture whose pixels are not 6"),
        ({"preprocessing": {**PIXELS, "height": 6.0, "width": 1}},
         "its preprocessing has a picture whose pixels are not 6"),
        ({"digest": None}, "the digest is missing or is no SHA-256: the file was changed"),
        ({"digest": DIGEST[1:]}, "the digest is missing or is no SHA-256: the file was changed"),
        ({"digest": DIGEST[1:] + "X"}, "the digest is missing or is no SHA-256: the file was changed"),
        ({"digest": DIGEST.upper()}, "the digest is missing or is no SHA-256: the file was changed"),
        ({"format": "2"}, "the header is damaged; give a model saved by handwrought"),
        ({"format": 0}, "the header is damaged; give a model saved by handwrought"),
        ({"format": None}, "the header is damaged; give a model saved by handwrought"),
    ],
)  # fmt: skip
def test_what_lies_beyond_it_is_told_in_a_sentence(changes, message):
    assert refusal(**changes) == message


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "format": 2}', "[" * 100_000])
def test_a_header_that_is_no_object_is_damaged(text):
    with pytest.raises(ModelFileError) as caught:
        checked_header(PATH, {"handwrought": text})
    assert str(caught.value) == f"{PATH}: the header is damaged; give a model saved by handwrought"


def test_files_of_others_are_told_apart():
    with pytest.raises(ModelFileError) as caught:
        checked_header(PATH, {})
    assert str(caught.value) == f"{PATH} is a safetensors file, but was not saved by handwrought"
    with pytest.raises(ModelFileError) as caught:
        checked_header(PATH, {"handwrought-checkpoint": "{}"})
    assert str(caught.value) == (
        f"{PATH} is the checkpoint of a training: give the model beside it, or go on with "
        f"handwrought train --resume folder"
    )
    with pytest.raises(ModelFileError) as caught:
        checked(format=4)
    assert str(caught.value) == (
        f"{PATH} has format 4, this version of handwrought reads up to 3: upgrade handwrought"
    )


# --- formats 1 and 2 -----------------------------------------------------------------------------

OLD = {
    "sizes": [6, 4, 3],
    "activations": ["gelu", "softmax"],
    "cost": "softmax",
    "dtype": "float32",
}


def of_format_2(**changes):
    kept = {
        k: v
        for k, v in HEADER.items()
        if k not in ("input_shape", "layers", "class_names", "representation")
    }
    text = json.dumps(kept | OLD | {"format": 2, "view": "as-is"} | changes)
    return checked_header(PATH, {"handwrought": text, "handwrought-digest": DIGEST})


def test_format_2_is_brought_to_the_present_one():
    present = {**HEADER, "format": 2, "digest": DIGEST}
    assert of_format_2() == present
    assert of_format_2(view="upright", labels=["a", "b", "c"]) == {
        **present, "representation": "upright", "class_names": ["a", "b", "c"]
    }  # fmt: skip
    assert of_format_2(digest="of the header")["digest"] == DIGEST


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": None}, "its sizes are not 2 to 1000 whole numbers"),
        ({"sizes": [6]}, "its sizes are not 2 to 1000 whole numbers"),
        ({"sizes": [1] * 1001}, "its sizes are not 2 to 1000 whole numbers"),
        ({"sizes": [6, "4", 3]}, "its layers[0]: n_out is '4': give a whole number of at least 1"),
        ({"sizes": ["6", 4, 3]}, INPUT),
        ({"sizes": [6, 4]}, "its activations are not 1 names, one for each layer"),
        ({"activations": None}, "its activations are not 2 names, one for each layer"),
        ({"activations": [None, "softmax"]}, "its layers[0] names no activation"),
        ({"labels": ["a"]}, NAMES),
    ],
)
def test_what_format_2_does_not_allow_is_told(changes, message):
    for read in (of_format_2, of_format_1):
        if read is of_format_1 and "labels" in changes:
            continue  # it had none
        with pytest.raises(ModelFileError) as caught:
            read(**changes)
        assert str(caught.value) == f"{PATH}: {message}"


def of_format_1(**changes):
    header = OLD | {"format": 1, "record": {}, "digest": DIGEST} | changes
    return checked_header(PATH, {"handwrought": json.dumps(header)})


def test_format_1_is_brought_to_the_present_one():
    present = {**HEADER, "format": 1, "digest": DIGEST}
    assert of_format_1() == present
    assert of_format_1(record={"view": "upright", "temperature": 1.5, "epochs": 3}) == {
        **present, "representation": "upright", "calibration": {"temperature": 1.5}, "record": {"epochs": 3}
    }  # fmt: skip
    assert of_format_1(record=None) == present
    assert of_format_1(stored="float16", versions={"numpy": "1"}) == {
        **present, "stored": "float16", "versions": {"numpy": "1"}
    }  # fmt: skip


def test_pixels_of_format_1_are_those_of_784_inputs():
    sizes = [784, 4, 3]
    assert of_format_1(sizes=sizes)["preprocessing"] == PIXELS
    assert of_format_1(sizes=[4, 784, 3])["preprocessing"] is None
    with pytest.raises(ModelFileError, match="its sizes are not"):
        of_format_1(sizes="784")


# --- what is about to be saved -------------------------------------------------------------------


def test_a_new_header_says_what_made_it():
    net = hw.Network([6, 4, 3], "gelu", "softmax")
    header = new_header(net, "float32", temperature=np.float32(1.5), class_names=("a", "b", "c"))
    versions = header.pop("versions")
    assert header == {
        **{k: v for k, v in HEADER.items() if k != "versions"},
        "class_names": ["a", "b", "c"],
        "calibration": {"temperature": 1.5},
    }
    json.dumps(header)
    assert set(versions) == {"handwrought", "python", "numpy", "blas"}
    assert versions["handwrought"] == hw.__version__
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == np.__version__


def test_a_new_header_names_the_blas_that_numpy_uses(monkeypatch):
    import threadpoolctl

    of_numpy = {
        "user_api": "blas", "internal_api": "openblas", "version": "0.3", "num_threads": 2,
        "architecture": "Haswell", "prefix": "lib", "filepath": "/numpy.libs/libopenblas.so",
    }  # fmt: skip
    pools = [
        of_numpy,
        of_numpy | {"version": "0.2", "filepath": "/scipy.libs/libopenblas.so"},
        of_numpy | {"version": "9", "user_api": "openmp", "filepath": "/libgomp.so"},
    ]
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: pools)
    assert new_header(hw.Network([2, 1]), "float32")["versions"]["blas"] == [
        {"internal_api": "openblas", "version": "0.3", "num_threads": 2, "architecture": "Haswell"}
    ]


def test_a_network_of_784_inputs_reads_pixels_unless_told_otherwise():
    net = hw.Network([784, 1])
    assert new_header(net, "float32")["preprocessing"] == PIXELS
    other = {**PIXELS, "height": 14, "width": 56}
    assert new_header(net, "float32", preprocessing=other)["preprocessing"] == other
    assert new_header(hw.Network([783, 1]), "float32")["preprocessing"] is None


def test_a_new_header_of_nothing_more_than_a_network():
    header = new_header(hw.Network([6, 4, 3], "gelu", "softmax"), "float32")
    assert header | {"versions": {}} == HEADER


def test_a_temperature_stays_what_it_is():
    net = hw.Network([2, 1])
    assert type(new_header(net, "float32", temperature=2)["calibration"]["temperature"]) is int
    with pytest.raises(InvalidArgument, match="its temperature is 'hot', which is no number"):
        new_header(net, "float32", temperature="hot")


def test_a_header_that_no_reader_would_take_is_not_made():
    with pytest.raises(InvalidArgument) as caught:
        new_header(hw.Network([2, 1]), "float32", representation="x" * 201)
    assert str(caught.value).startswith("this makes no model file: its representation is 'xxx")
