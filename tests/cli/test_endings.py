"""How the program ends: its exit code, and the one sentence on standard error."""

import pytest
from typer.testing import CliRunner

import handwrought as hw
from handwrought import cli
from handwrought.cli.options import _widths
from handwrought.errors import CannotWrite, FolderInUse, InvalidArgument, ModelFileError


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (InvalidArgument("epochs is 0"), 2, "handwrought: epochs is 0\n"),
        (ModelFileError("m: no model"), 2, "handwrought: m: no model\n"),
        (CannotWrite("m: the disk is full"), 1, "handwrought: m: the disk is full\n"),
        (FolderInUse("run is in use"), 1, "handwrought: run is in use\n"),
        (MemoryError(), 1, "handwrought: there is not enough memory: smaller batches need less\n"),
        (KeyboardInterrupt(), 130, "handwrought: stopped\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_an_error_is_one_sentence_and_an_exit_code(monkeypatch, capsys, raised, code, said):
    def app(**_):
        raise raised

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == code
    assert capsys.readouterr() == ("", said)


def test_the_version_is_the_packages():
    assert CliRunner().invoke(cli.app, "--version").output == f"handwrought {hw.__version__}\n"


@pytest.mark.parametrize(("text", "widths"), [("0", []), ("30", [30]), ("100,50", [100, 50])])
def test_hidden_layers_are_whole_numbers_and_nought_is_none(text, widths):
    assert _widths("hidden", text) == widths


@pytest.mark.parametrize("text", ["-30", "30,0", "many", ""])
def test_other_widths_are_refused_with_an_example(text):
    with pytest.raises(InvalidArgument, match="such as 30 or 100,50"):
        _widths("hidden", text)
