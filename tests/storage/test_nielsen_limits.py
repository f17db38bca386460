"""Nielsen's JSON at its limits, and the sentence for each that is passed."""

import json
import os

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.storage import nielsen
from handwrought.storage.nielsen import from_nielsen, is_nielsen, nielsen_bytes, to_nielsen

FOUND = {
    "sizes": [2, 1, 1],
    "weights": [[[1, 2.5]], [[-3]]],
    "biases": [[[4]], [[0.5]]],
    "cost": "CrossEntropyCost",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.json"


def refusal(path, content):
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(ModelFileError) as caught:
        from_nielsen(str(path))
    return str(caught.value).replace(str(path), "FILE")


def test_a_network_is_what_its_lists_say(path):
    path.write_text(json.dumps(FOUND))
    net = from_nielsen(path)
    assert (net.sizes, net.dtype) == ((2, 1, 1), np.float64)
    assert [layer.weights.tolist() for layer in net.layers] == [[[1, 2.5]], [[-3]]]
    assert [layer.biases.tolist() for layer in net.layers] == [[4], [0.5]]
    assert [a.name for a in net.activations] == ["sigmoid", "sigmoid"]
    assert json.loads(nielsen_bytes(net)) == FOUND


def test_the_name_says_which_files_are_his():
    assert [is_nielsen(path) for path in map(nielsen.Path, ("a.json", "a.JSON", "json", "a.json.x"))] == [
        True, True, False, False
    ]  # fmt: skip


def with_layers(n):
    return FOUND | {"sizes": [1] * n, "weights": [[[0]]] * (n - 1), "biases": [[[0]]] * (n - 1)}


def test_a_thousand_layers_are_read_and_no_more(path):
    path.write_text(json.dumps(with_layers(1000)))
    assert len(from_nielsen(path).sizes) == 1000
    assert refusal(path, with_layers(1001)) == NO_LAYERS


NO_LAYERS = "FILE: its sizes are no layers, or more than the file has room for"


def test_a_file_may_speak_of_as_many_weights_as_it_has_bytes(path):
    content = json.dumps(FOUND | {"sizes": [100, 9, 10]}).encode()  # 990 weights
    assert refusal(path, content.ljust(990)) == "FILE: weights[0] is not 9 rows of 100 numbers"
    assert refusal(path, content.ljust(989)) == NO_LAYERS


def test_a_file_of_the_largest_size_is_read_and_no_larger(path, monkeypatch):
    content = json.dumps(FOUND).encode()
    monkeypatch.setattr(nielsen, "MAX_BYTES", len(content))
    path.write_bytes(content)
    assert from_nielsen(path).sizes == (2, 1, 1)
    assert refusal(path, content + b" ") == (
        f"FILE cannot be read: it has more than {len(content)} bytes"
    )


LACKS = "FILE lacks one of sizes, weights, biases, cost: it was not saved by Nielsen's network2.py"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "FILE is not JSON, or is damaged: network2.py saves JSON"),
        (b"[]", LACKS),
        *(({k: v for k, v in FOUND.items() if k != name}, LACKS) for name in FOUND),
        (FOUND | {"sizes": [2]}, NO_LAYERS),
        (FOUND | {"sizes": [2, 0, 1]}, NO_LAYERS),
        (FOUND | {"sizes": [2, 1.0, 1]}, NO_LAYERS),
        (FOUND | {"cost": "Q" * 99},
         f"FILE: its cost is '{'Q' * 59}, and not one of QuadraticCost, CrossEntropyCost"),
        (FOUND | {"cost": None},
         "FILE: its cost is None, and not one of QuadraticCost, CrossEntropyCost"),
        (FOUND | {"weights": [[[1, 2]]]}, "FILE: its weights are not 2 lists, one a layer"),
        (FOUND | {"biases": 3}, "FILE: its biases are not 2 lists, one a layer"),
        (FOUND | {"weights": [[[1, 2], [1, 2]], [[-3]]]},
         "FILE: weights[0] is not 1 rows of 2 numbers"),
        (FOUND | {"weights": [[[1, 2]], [[1, 2]]]}, "FILE: weights[1] is not 1 rows of 1 numbers"),
        (FOUND | {"weights": [[[1, True]], [[1]]]}, "FILE: weights[0] is not 1 rows of 2 numbers"),
        (FOUND | {"weights": [[3], [[1]]]}, "FILE: weights[0] is not 1 rows of 2 numbers"),
        (FOUND | {"biases": [[[4]], [[1, 2]]]}, "FILE: biases[1] is not 1 rows of 1 numbers"),
        (FOUND | {"biases": [[[4]], [[10**400]]]}, "FILE: biases[1] holds a number that is not finite"),
        (FOUND | {"weights": [[[1, float("nan")]], [[1]]]},
         "FILE: weights[0] holds a number that is not finite"),
    ],
)  # fmt: skip
def test_what_is_no_network_of_his_is_told_in_a_sentence(content, message, path):
    assert refusal(path, content) == message


def test_what_cannot_be_opened_is_told(path):
    with pytest.raises(ModelFileError) as caught:
        from_nielsen(path)
    assert str(caught.value) == f"{path} cannot be read: No such file or directory"
    os.mkfifo(path)
    with pytest.raises(ModelFileError) as caught:
        from_nielsen(path)
    assert str(caught.value) == f"{path} cannot be read: it is a pipe, and no file"


@pytest.mark.parametrize(
    ("net", "what"),
    [
        (hw.Network([4, 3, 2], "relu"), "a layer of relu"),
        (hw.Network([4, 2], cost="softmax", output_activation="sigmoid"), "the softmax cost"),
    ],
)
def test_what_his_program_lacks_is_told_in_a_sentence(net, what):
    with pytest.raises(InvalidArgument) as caught:
        nielsen_bytes(net)
    assert str(caught.value) == (
        f"this network has {what}, and Nielsen's JSON knows sigmoid layers with the quadratic or the "
        f"cross-entropy cost alone: save it as .safetensors"
    )


def test_what_is_not_written_is_told_in_a_sentence(path, monkeypatch):
    net = hw.Network([2, 1])
    net.parameters.vector[-1] = np.inf
    with pytest.raises(InvalidArgument) as caught:
        nielsen_bytes(net)
    assert str(caught.value) == "the network holds values that are not finite: it was not written"

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(ModelFileError) as caught:
        to_nielsen(hw.Network([2, 1]), str(path))
    assert str(caught.value) == (
        f"{path} cannot be written: No space left on device; name another folder"
    )
