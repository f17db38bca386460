"""Messages are what they must be, or one sentence says what is wrong."""

import contextlib
import json
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handwrought.errors import InvalidArgument
from handwrought.studio.server.messages import Length, Within, decode, encode, parse

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@dataclass(frozen=True)
class Layer:
    width: Annotated[int, Within(1, 4096)]
    activation: Literal["relu", "sigmoid"] = "relu"


@dataclass(frozen=True)
class Wish:
    name: Annotated[str, Length(1, 20)]
    rate: Annotated[float, Within(0, 10)]
    layers: Annotated[tuple[Layer, ...], Length(0, 3)]
    full: bool = False
    seed: Annotated[int, Within(0, 99)] | None = None


RIGHT = {"name": "mine", "rate": 3, "layers": [{"width": 30}], "seed": None}


def test_a_right_message_is_decoded_whole():
    found = decode(Wish, parse(json.dumps(RIGHT)))
    assert found == Wish("mine", 3.0, (Layer(30),))
    assert type(found.rate) is float


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": 7}, "name is 7: give a text"),
        ({"name": ""}, "name has length 0"),
        ({"rate": "3"}, 'rate is "3": give a number'),
        ({"rate": True}, "rate is True: give a number"),
        ({"rate": 11}, "rate is 11.0: it must lie from 0 to 10"),
        ({"rate": 10**400}, "rate is too large"),
        ({"layers": {}}, "layers is {}: give a list"),
        ({"layers": [{"width": 1.5}]}, "width is 1.5: give a whole number"),
        ({"layers": [{"width": 5, "activation": "magic"}]}, "choose from relu, sigmoid"),
        ({"layers": [{"width": 5}] * 4}, "layers has length 4"),
        ({"layers": [{}]}, "layers[0] lacks width"),
        ({"full": 1}, "full is 1: give true or false"),
        ({"seed": 100}, "seed is 100"),
        ({"extra": 1}, 'wish has no field "extra"'),
    ],
)
def test_a_wrong_message_gets_one_sentence(change, sentence):
    with pytest.raises(InvalidArgument) as refused:
        decode(Wish, RIGHT | change)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", '{"a": Infinity}', '{"a":1,"a":2}', b"\xff", "[" * 100_000, "9" * 5000]
)
def test_what_is_no_strict_json_is_refused(text):
    with pytest.raises(InvalidArgument):
        parse(text)


@pytest.mark.slow
@given(values)
def test_any_value_is_decoded_or_refused(value):
    for kind in (Wish, Layer):
        try:
            found = decode(kind, value)
        except InvalidArgument as refused:
            found = str(refused)
        assert isinstance(found, kind) or 0 < len(found) < 300


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["name", "rate", "layers", "full", "seed"]), values))
def test_a_message_of_right_names_and_any_values_is_decoded_or_refused(value):
    try:
        found = decode(Wish, value)
    except InvalidArgument:
        return
    assert 0 <= found.rate <= 10
    assert 1 <= len(found.name) <= 20


@given(st.binary() | st.text())
def test_any_text_is_parsed_or_refused(text):
    with contextlib.suppress(InvalidArgument):
        parse(text)


def test_what_is_sent_is_json_with_arrays_as_base64():
    sent = json.loads(encode({"w": np.array([1.0, -2.0]), "n": np.float64(0.5), "x": float("nan")}))
    assert sent == {"w": "AACAPwAAAMA=", "n": 0.5, "x": None}


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc00\ud800"])
def test_half_a_character_is_refused_and_a_whole_one_taken(text):
    with pytest.raises(InvalidArgument, match="give whole characters"):
        decode(Named, {"name": text})
    assert parse(encode({"name": text})) == {"name": text}  # but can be told
    assert decode(Named, parse('{"name": "\\ud83d\\ude00"}')) == Named("\N{GRINNING FACE}")


@dataclass(frozen=True)
class Named:
    name: str
