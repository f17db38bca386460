"""``handwrought info`` for people, and where a fact cannot be had."""

from importlib import import_module

from typer.testing import CliRunner

import handwrought as hw
from handwrought import cli

info = import_module("handwrought.cli.info")  # its name in the package is the command's


def test_every_fact_has_a_line_that_no_bracket_in_it_disturbs(monkeypatch):
    monkeypatch.setattr(info, "collect", lambda: {"a": "[b]x", "some": [], "by": {"n": 1, "m": 2}})
    lines = CliRunner().invoke(cli.app, "info").output.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["a", "[b]x"],
        ["some", "none"],
        ["by", "n 1, m 2"],
    ]


def test_what_is_not_there_is_said(monkeypatch):
    def unreadable(*_, **__):
        raise PermissionError

    monkeypatch.setattr(info, "read_regular", unreadable)
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr(info, "version", info_version)
    found = info.collect()
    assert found["processor"] == "unknown"
    assert found["packages"]["numba"] == "not installed"
    assert found["packages"]["numpy"] == "1"
    assert found["handwrought"] == hw.__version__


def info_version(name):
    if name == "numba":
        raise info.PackageNotFoundError
    return "1"
