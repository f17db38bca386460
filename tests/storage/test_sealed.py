"""JSON with a digest in it."""

import hashlib
import json

import pytest

from handwrought.storage.sealed import sealed, unsealed

VALUES = {"a": 1, "b": [1e-5, None, "é"]}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("after", ["", "0" * 64])
def test_the_digest_is_that_of_the_same_json_without_it(indent, after):
    content = sealed(VALUES, after=after, indent=indent)
    text = json.dumps(VALUES, indent=indent)
    digest = hashlib.sha256((after + text).encode()).hexdigest()
    assert json.loads(content) == {**VALUES, "digest": digest}
    assert unsealed(content, after=after, indent=indent) == (VALUES, digest)


def test_other_bytes_of_the_same_values_are_refused():
    content = sealed(VALUES)
    for other in (
        content + b" ",
        content.replace(b", ", b","),
        content.replace(b"1e-05", b"1e-5"),
        content.replace(b"\\u00e9", "é".encode()),
        content[:-1] + b', "a": 1}',
    ):
        assert json.loads(other) == json.loads(content)
        with pytest.raises(ValueError, match="digest does not match"):
            unsealed(other)
    with pytest.raises(ValueError, match="digest does not match"):
        unsealed(content, after="x")


@pytest.mark.parametrize("content", [b"[]", b"3", b"null", b"\xff", b"{", b""])
def test_what_is_no_object_is_refused(content):
    with pytest.raises(ValueError):
        unsealed(content)


def test_an_object_without_a_digest_is_one_of_an_earlier_version():
    assert unsealed(b'{"a": 1}') == ({"a": 1}, None)
    with pytest.raises(ValueError, match="digest does not match"):
        unsealed(b'{"a": 1, "digest": null}')
