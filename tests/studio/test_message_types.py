"""The types that the JavaScript is checked against are those of today's Python."""

from tools.message_types import FILE, declarations


def test_the_declarations_in_the_repository_are_those_of_the_dataclasses():
    assert FILE.read_text(encoding="utf-8") == declarations(), (
        "messages have changed: python tools/message_types.py --write"
    )
