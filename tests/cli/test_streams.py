"""What the program does where its output cannot take every character, or nothing at all."""

import io
import json
import os
import subprocess
import sys

import pytest
from safetensors.numpy import load_file
from tests.cli.commands import COMMANDS, closed_pipe, home, run, standard_output, template

from handwrought.cli.streams import _Output, _Text, printable, standard_streams

__all__ = ["home", "template"]

PROGRAM = [sys.executable, "-m", "handwrought"]
WORK = ("train", "train --json", "train pictures", "committee", "optuna tune")
FULL = "handwrought: standard output cannot be written: No space left on device"


# --- any character ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_speaks_in_any_encoding(name, encoding, home, monkeypatch, capsys):
    streams = standard_output("said", encoding), standard_output("told", encoding)
    assert run(COMMANDS[name], monkeypatch, *streams) == 0
    said = (home / "said").read_bytes().decode(encoding)
    if "--json" in COMMANDS[name]:
        json.loads(said)
    assert said or name == "evaluate --report"
    assert "Traceback" not in (home / "told").read_bytes().decode(encoding)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1:strict", "cp1252"])
def test_the_equations_are_spelt_out_where_there_is_no_greek(encoding, home):
    done = subprocess.run(
        [*PROGRAM, *COMMANDS["explain"]],
        env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode(encoding.split(":")[0])
    assert "a^l = sigma(z^l)" in said
    assert "BP3: dC/db^2" in said
    assert "\\" not in said
    assert ("0 × " in said) == (encoding != "ascii")


def test_what_has_no_plain_spelling_is_shown_by_its_number():
    raw = io.BytesIO()
    text = _Text(_Output(raw, goes_on=False), io.TextIOWrapper(io.BytesIO(), "ascii"))
    text.write("σ → 字 \udc80")
    text.flush()
    assert raw.getvalue() == b"sigma -> \\u5b57 \\udc80"


# --- any name -----------------------------------------------------------------------------------------

NAME = "a\n\x1b[31m[red]:dog:\t\x9b2J\u202e"
BYTES = b"b\xff".decode(errors="surrogateescape")  # as a file's name comes from the system


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, BYTES], ids=["controls", "bytes"])
@pytest.mark.parametrize(
    "command",
    [
        ("read", "IT/page.png", "page.png"),
        ("read", "IT/nothing.png"),
        ("read", "--model", "IT/none.safetensors", "page.png"),
        ("read", "--IT"),
        ("collect", "IT/page.png", "--labels", "1", "--out", "IT/digits"),
        ("collect", "IT/page.png", "--labels", "12", "--out", "IT/digits"),
        ("train", "--dataset", "IT/IT.csv", "--epochs", "1", "--out", "IT/run"),
        ("train", "--dataset", "IT/IT.csv", "--epochs", "1", "--out", "r", "--tensorboard", "IT"),
        ("train", "--dataset", "IT.csv"),
        ("train", "--dataset", "IT", "--epochs", "1", "--out", "IT/run"),
        ("train", "--recipe", "IT"),
        ("train", "--recipe", "IT/IT.toml", "--dataset", "d.csv", "--epochs", "1", "--out", "IT/r"),
        ("train", "--resume", "IT"),
        ("evaluate", "IT/m.safetensors", "--dataset", "IT", "--report", "IT/page.html"),
        ("explain", "--dataset", "IT"),
        ("explain", "--model", "IT/none.safetensors"),
        ("check", "--model", "IT/small.safetensors"),
        ("export", "IT/m.safetensors", "IT/out.json"),
        ("export", "IT/m.safetensors", "IT/out.IT"),
        (*COMMANDS["optuna tune"][:-1], "IT/best.toml"),
        (*COMMANDS["optuna tune"][:-3], "IT.log", "--out", "IT/best.toml"),
        ("tune", "--dataset", "IT/IT.csv", "--epochs", "1", "--trials", "1"),
        ("tune", "--dataset", "d.csv", "--space", "IT/none.toml"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_name_is_shown_harmless(name, command, home, tmp_path, monkeypatch):
    there = tmp_path / name
    home.rename(there)
    for digit in range(10):  # classes of this name
        for half in ("train", "test"):
            folder = there / "pictures" / half
            (folder / str(digit)).rename(folder / f"{digit}{name}")
    (there / "pictures" / "train").rename(there / "train")
    (there / "pictures" / "test").rename(there / "test")
    (there / f"{name}.toml").write_text("[network]\nhidden = [3]\n")
    (there / f"{name}.csv").write_bytes((there / "d.csv").read_bytes())
    for file in ("d.csv", "page.png"):
        (tmp_path / file).write_bytes((there / file).read_bytes())
    monkeypatch.chdir(tmp_path)
    streams = standard_output("said"), standard_output("told")
    code = run([word.replace("IT", name) for word in command], monkeypatch, *streams)
    said, told = ((tmp_path / part).read_bytes().decode() for part in ("said", "told"))
    assert "Traceback" not in told
    assert code in (0, 1, 2)
    both = said + told
    assert both
    assert not set(both) & {"\x1b", "\x9b", "\u202e", "\x07", "\r"}
    assert "a\n\\x1b" not in both
    if code:
        assert told.startswith(("handwrought: ", "Usage: "))


def test_what_read_prints_of_a_strange_name_collect_takes(home, monkeypatch, capsys):
    strange = home / "pictures\n\x1b[31m\tof 1.png"
    (home / "page.png").rename(strange)
    lines = home / "lines.txt"
    assert run(("read", strange, strange), monkeypatch, standard_output(lines)) == 0
    assert lines.read_bytes().count(b"\n") == 2
    assert lines.read_bytes().count(b"\t") == 2
    command = ("collect", strange, strange, "--labels", lines, "--out", "digits")
    assert run(command, monkeypatch, standard_output("said")) == 0
    assert (home / "said").read_text().startswith("2 of 2 digits kept")


def test_a_name_is_shown_as_python_writes_it():
    assert printable("a b\u202fc.png") == "a b\u202fc.png"  # as cameras and phones name pictures
    assert printable("\x00\x1b\x7f\x85\u2028\ufeff\ue000\n") == (
        r"\x00\x1b\x7f\x85\u2028\ufeff\ue000\n"
    )
    assert printable("a\n\x1b", keep="\n") == "a\n\\x1b"
    assert printable("C:\\digits 字 é") == "C:\\digits 字 é"


# --- no room ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WORK])
def test_an_output_on_a_full_disk_is_one_sentence(name, home, monkeypatch, capsys):
    assert run(COMMANDS[name], monkeypatch, standard_output("/dev/full")) == 1
    told = capsys.readouterr().err.removeprefix("The report was written to page.html\n")
    assert told == f"{FULL}\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_a_full_disk_under_the_output_ends_no_work(name, home, monkeypatch, capsys):
    assert run(COMMANDS[name], monkeypatch, standard_output("/dev/full")) == 1
    told = capsys.readouterr().err
    assert told.count(f"{FULL}; what this command makes is kept all the same\n") == 1
    if name != "train --json":
        assert told.count("\n") == 1
    _all_made(name, home)


def _all_made(name, home):
    if name == "optuna tune":
        assert (home / "best.toml").exists()
        return
    folders = ("run/member-1", "run/member-2") if name == "committee" else ("run",)
    for folder in folders:
        assert load_file(home / folder / "model.safetensors")
        assert not (home / folder / "checkpoint.safetensors").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_work_whose_output_nobody_reads_saves_and_ends(name, home, monkeypatch, capsys):
    code = run(COMMANDS[name], monkeypatch, closed_pipe())
    told = capsys.readouterr().err
    assert "Traceback" not in told
    if name == "train --json":  # it was all done when there was nobody to tell
        assert code == 1
        assert told.count("standard output cannot be written: Broken pipe") == 1
        _all_made(name, home)
        return
    assert code == 130
    assert told.startswith("handwrought: nobody reads its output any more. ")
    assert told.count("\n") == 1
    assert "To go on:  handwrought " in told
    if name != "optuna tune":
        folder = home / ("run/member-1" if name == "committee" else "run")
        assert load_file(folder / "checkpoint.safetensors")
        assert load_file(folder / "model.safetensors")
        assert run(("train", "--resume", folder, "--no-gallery"), monkeypatch) == 0


def test_a_log_that_nobody_reads_ends_a_training_that_answers_in_json(home, monkeypatch):
    streams = standard_output("said"), closed_pipe()
    assert run(COMMANDS["train --json"], monkeypatch, *streams) == 130
    assert json.loads((home / "said").read_bytes())["stopped"] == "KeyboardInterrupt"
    assert (home / "run" / "checkpoint.safetensors").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in WORK])
def test_a_reader_that_has_gone_is_told_nothing(name, home, monkeypatch, capsys):
    assert run(COMMANDS[name], monkeypatch, closed_pipe()) == 1
    told = capsys.readouterr().err.removeprefix("The report was written to page.html\n")
    assert told == ""


def test_where_nothing_can_be_told_the_work_is_done(home, monkeypatch):
    streams = standard_output("/dev/full"), standard_output("/dev/full")
    assert run(COMMANDS["train"], monkeypatch, *streams) == 1
    _all_made("train", home)


def test_a_pipe_that_is_full_is_waited_for():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen(["sh", "-c", "sleep 0.5; wc -c"], stdin=reader, stdout=-1) as counting:
        os.close(reader)
        output = _Output(io.FileIO(writer, "w"), goes_on=False)
        assert output.write(bytes(1_000_000)) == 1_000_000
        output._raw.close()
        assert int(counting.stdout.read()) == 1_000_000


def test_the_streams_are_as_before_when_the_program_has_ended():
    before = sys.stdin, sys.stdout, sys.stderr
    with standard_streams():
        assert sys.stdout is not before[1]
    assert (sys.stdin, sys.stdout, sys.stderr) == before


# --- as a shell does it -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("info > /dev/full", 1, f"{FULL}\n"),
        ("info --json > /dev/full", 1, f"{FULL}\n"),
        ("--help > /dev/full", 1, f"{FULL}\n"),
        ("info | true", 1, ""),
        ("info >&-", 1, FULL.replace("No space left on device", "Bad file descriptor\n")),
        ("info 2>&-", 0, ""),
        ("info <&- >&- 2>&-", 1, ""),
        ("read - <&-", 1, "handwrought: standard input is no picture: give PNG, JPEG, TIFF, WebP, "
         "BMP or GIF\n"),
        ("train --dataset d.csv --epochs 2 --out run >&-", 1, "handwrought: standard output cannot be "
         "written: Bad file descriptor; what this command makes is kept all the same\n"),
        ("train --dataset d.csv --epochs 2 --out run >&- 2>&-", 1, ""),
        ("train --dataset d.csv --epochs 2 --out run 2> /dev/full", 0, ""),
        ("train --dataset d.csv --epochs 2000 --out run | head -3", 130, "handwrought: nobody reads "
         "its output any more. Stopped after "),
    ],
)  # fmt: skip
def test_a_shell_sees_an_exit_code_and_one_sentence(line, code, told, home):
    command, *rest = line.split(" | ")
    script = " | ".join([" ".join([*PROGRAM, command]), *rest]) + '; exit "${PIPESTATUS[0]}"'
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code
    assert done.stderr == told or (told.endswith(" ") and done.stderr.startswith(told))
    assert done.stderr.count("\n") <= 1
    if line.startswith("train"):
        assert load_file(home / "run" / "model.safetensors")
