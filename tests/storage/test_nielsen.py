"""Nielsen's JSON: read as his network2.py writes it, and written as it reads it."""

import json

import numpy as np
import pytest

import handwrought as hw
from handwrought.errors import InvalidArgument, ModelFileError
from handwrought.exchange import from_nielsen, to_nielsen
from handwrought.storage import read_header

X = np.random.default_rng(1).random((9, 4))


def as_he_feeds_forward(path, x):
    """The arithmetic of the book's ``feedforward``, column by column, on what ``load`` makes."""
    data = json.loads(path.read_text())
    weights = [np.array(w) for w in data["weights"]]
    biases = [np.array(b) for b in data["biases"]]
    a = np.asarray(x).T
    for w, b in zip(weights, biases, strict=True):
        a = 1.0 / (1.0 + np.exp(-(w @ a + b)))
    return a.T


def saved(path, **other):
    rng = np.random.default_rng(0)
    sizes = [4, 3, 2]
    data = {
        "sizes": sizes,
        "weights": [rng.standard_normal((m, n)).tolist() for n, m in ((4, 3), (3, 2))],
        "biases": [rng.standard_normal((m, 1)).tolist() for m in (3, 2)],
        "cost": "CrossEntropyCost",
    }
    path.write_text(json.dumps(data | other))
    return path


def test_his_network_gives_his_outputs(tmp_path):
    path = saved(tmp_path / "net.json")
    net = from_nielsen(path)
    assert (net.sizes, net.cost.name, net.dtype) == ((4, 3, 2), "cross-entropy", np.float64)
    np.testing.assert_allclose(net.feedforward(X), as_he_feeds_forward(path, X), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cost", ["quadratic", "cross-entropy"])
def test_ours_goes_there_and_comes_back_to_the_bit(tmp_path, cost, dtype):
    path = tmp_path / "net.json"
    net = hw.Network([4, 5, 3], cost=cost, seed=2, dtype=dtype)
    to_nielsen(net, path)
    np.testing.assert_allclose(net.feedforward(X), as_he_feeds_forward(path, X), atol=1e-6)
    again = from_nielsen(path)
    np.testing.assert_array_equal(again.parameters.vector, net.parameters.vector)
    assert again.cost.name == cost


def test_load_takes_it_like_any_model(tmp_path):
    path = saved(tmp_path / "net.JSON", cost="QuadraticCost")
    assert hw.Network.load(path).cost.name == "quadratic"
    header = read_header(path)
    assert header["input_shape"] == [4]
    assert header["calibration"] == {"temperature": 1.0}
    assert len(header["digest"]) == 64


def test_a_reader_reads_digits_with_it(tmp_path):
    to_nielsen(hw.Network([784, 10]), tmp_path / "net.json")
    assert hw.Recognizer.load(tmp_path / "net.json").model.network.sizes == (784, 10)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"sizes": [4]}, "sizes"),
        ({"sizes": "432"}, "sizes"),
        ({"sizes": [4, 3.0, 2]}, "sizes"),
        ({"sizes": [10**9, 10**9, 2]}, "more than the file has room for"),
        ({"sizes": [4, 2, 2]}, r"weights\[0\] is not 2 rows of 4"),
        ({"cost": "LogLikelihood"}, "cost is 'LogLikelihood'"),
        ({"cost": ["CrossEntropyCost"]}, "cost is"),
        ({"weights": []}, "weights are not 2 lists"),
        ({"weights": {}}, "weights are not 2 lists"),
        ({"weights": [1, 2]}, r"weights\[0\] is not"),
        ({"weights": [[[1, 2, 3, 4]] * 3, [[1, 2], [1, 2, 3]]]}, r"weights\[1\] is not 2 rows of 3"),
        ({"biases": [[1, 2, 3], [1, 2]]}, r"biases\[0\] is not 3 rows of 1"),
        ({"biases": [[[1], ["2"], [3]], [[1], [2]]]}, r"biases\[0\] is not"),
        ({"biases": [[[1], [True], [3]], [[1], [2]]]}, r"biases\[0\] is not"),
        ({"biases": [[[1], [float("nan")], [3]], [[1], [2]]]}, "not finite"),
        ({"biases": [[[1], [float("inf")], [3]], [[1], [2]]]}, "not finite"),
        ({"biases": [[[1], [10**400], [3]], [[1], [2]]]}, "not finite"),
    ],
)  # fmt: skip
def test_what_makes_no_network_is_told(tmp_path, other, told):
    path = saved(tmp_path / "net.json", **other)
    with pytest.raises(ModelFileError, match=told) as caught:
        from_nielsen(path)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"3", b"{}", b"\xff\xfe\xff", b"[" * 100_000, b'{"sizes": [1, 2'],
)  # fmt: skip
def test_what_is_no_such_json_is_told(tmp_path, content):
    path = tmp_path / "net.json"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"is not JSON|lacks one of"):
        from_nielsen(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "net.json"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ModelFileError, match="it has more than 67,108,864 bytes"):
        from_nielsen(path)


def test_no_file_is_told(tmp_path):
    with pytest.raises(ModelFileError, match="No such file"):
        from_nielsen(tmp_path / "absent.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ModelFileError, match="cannot be read: Is a directory"):
        from_nielsen(tmp_path / "folder.json")


@pytest.mark.parametrize(
    ("net", "told"),
    [
        (hw.Network([4, 3, 2], "relu"), "a layer of relu"),
        (hw.Network([4, 2], cost="softmax"), "a layer of softmax"),
        (hw.Network([4, 2], cost="softmax", output_activation="sigmoid"), "the softmax cost"),
    ],
)
def test_what_his_program_has_not_is_told(tmp_path, net, told):
    with pytest.raises(InvalidArgument, match=told):
        to_nielsen(net, tmp_path / "net.json")
    assert not list(tmp_path.iterdir())
