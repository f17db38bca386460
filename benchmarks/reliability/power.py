"""Power cuts: the log of file operations, replayed in every legal prefix and order.

What a disk holds after a power cut is less than what was done: an operation that no fsync followed
may be there or not, whatever came after it, and of data written a part may be there, or zeros where
the length was known already and the data was not (Pillai et al. 2014, "All file systems are not
created equal", and its tool ALICE).  So all operations of a training are recorded; for each moment,
each choice among those that nothing had made safe is built as a folder; the reader must find the old
checkpoint or the new one in it, never a broken one, and go on to the same bits.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import calls
from cases import CHECKPOINT, Position, begin, go_on, models, position_of, strays, wrongs
from faults import half_a_training
from kills import reference
from trial import run

CASE = "short"
_MOST = 300
"""States of one moment, above which a sample is taken."""


@dataclass
class Operation:
    """One change.

    Attributes
    ----------
    kind : {"mkdir", "create", "write", "cut", "rename", "unlink", "fsync", "fsync-folder"}
    path : str
        From the root.
    file : int
        Which file, whatever it is called by now; -1 for none.
    to : str
        Of a rename.
    offset : int
    data : bytes
    """

    kind: str
    path: str = ""
    file: int = -1
    to: str = ""
    offset: int = 0
    data: bytes = b""


def report(home: Path, *, quick: bool, seed: int) -> list[str]:
    """Print the table; returns what is wrong."""
    whole = reference(CASE, home)
    half = home / "half"
    half_a_training(whole, home, half)
    begun, gone_on_with = record(home), record(home, half)
    chance = random.Random(seed)
    print("\n## Power cuts")
    print(
        "\n| log | moments | states | checkpoints lost | files broken | went on to the same bits |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    found: list[str] = []
    for what, real, log, tried in (
        ("a training begun", begun, begun, 8 if quick else None),
        ("a training gone on with", gone_on_with, gone_on_with, 8 if quick else None),
        ("*control: no fsync of files*", begun, _without(begun, "fsync"), 0),
        ("*control: no fsync of folders*", begun, _without(begun, "fsync-folder"), 0),
    ):
        known = _known(half) if real is gone_on_with else []
        states = distinct(known, real, log, chance)
        if log is not real and quick:
            states = chance.sample(states, 200)
        wrong, going_on = [], chance.sample(states, min(len(states), tried or 0))
        same = 0
        for state in states:
            folder = state.build(home / "cut")
            wrong += wrongs(folder, state.promised, model_promised=state.model_promised)
            if tried is None or state in going_on:
                problem = _goes_on(folder, home, whole.models)
                same += problem is None
                wrong += [problem] if problem else []
        lost = sum(text.startswith("lost") for text in wrong)
        broken = sum(text.startswith("broken") for text in wrong)
        number = len(states) if tried is None else len(going_on)
        shown = f"{same:,} of {number:,}" if number else "not tried"
        print(
            f"| {what} | {len(log):,} | {len(states):,} | {lost:,} | {broken:,} | {shown} |",
            flush=True,
        )
        if log is real:
            found += wrong
        elif not wrong:
            found.append(f"{what}: the replay did not see it")
    return found


# --- the log ----------------------------------------------------------------------------------------


def record(home: Path, half: Path | None = None) -> list[Operation]:
    """The operations of one training, from its command to its end; or from half way on."""
    folder = home / "recorded"
    shutil.rmtree(folder, ignore_errors=True)
    if half is not None:
        shutil.copytree(half, folder)
    notes: list[str] = []
    command = begin(CASE, folder) if half is None else go_on(folder)
    named = {f"recorded/{name}": file for name, file in _files(half).items()}
    ended = run(command, home, _recording(home, notes, named), notes=notes)
    if ended.code:
        raise SystemExit(f"recording: {ended}")
    found = []
    for note in ended.notes:
        values = json.loads(note)
        path, to = (values[name].replace("recorded", "cut") for name in ("path", "to"))
        data = bytes.fromhex(values["data"])
        found.append(Operation(values["kind"], path, values["file"], to, values["offset"], data))
    # Nobody trusts what the lock's file holds, and the lock itself is the system's, not the disk's.
    locks = {op.file for op in found if op.path.endswith("/lock") and op.kind == "create"}
    return [op for op in found if op.file not in locks and not op.path.endswith("/lock")]


def _files(half: Path | None) -> dict[str, int]:
    """A number for each file that is there already."""
    names = [] if half is None else sorted(path.name for path in half.iterdir())
    return {name: number for number, name in enumerate(names)}


def _known(half: Path) -> list[Operation]:
    """What had happened, and was safe, before a training went on."""
    done = [Operation("mkdir", "cut"), Operation("fsync-folder", "")]
    for name, file in _files(half).items():
        path, content = f"cut/{name}", (half / name).read_bytes()
        done += [
            Operation("create", f"{path}.new", file),
            Operation("write", path, file, data=content),
        ]
        done += [Operation("fsync", path, file), Operation("rename", f"{path}.new", file, path)]
    return [*done, Operation("fsync-folder", "cut")]


def _recording(home: Path, notes: list[str], named: dict[str, int]) -> calls.Act:
    files: dict[int, tuple[int, str]] = {}  # of a handle: which file, and its folder's path
    folders: dict[int, str] = {}
    sizes = {file: (home / path).stat().st_size for path, file in named.items()}

    def note(kind: str, path: str = "", file: int = -1, to: str = "", offset: int = 0,
             data: bytes = b"") -> None:  # fmt: skip
        notes.append(json.dumps({"kind": kind, "path": path, "file": file, "to": to,
                                 "offset": offset, "data": data.hex()}))  # fmt: skip

    def short(path: Any) -> str:
        return str(path).removeprefix(f"{home}/") if str(path) != str(home) else ""

    def act(count: int, name: str, real: calls.Real, arguments: tuple[Any, ...]) -> Any:
        path = short(arguments[0]) if not isinstance(arguments[0], int) else ""
        existed = os.path.lexists(arguments[0]) if path else True
        result = real(*arguments)
        if name == "open":
            if os.path.isdir(arguments[0]):
                folders[result] = path
            else:
                if not existed:
                    named[path] = len(sizes)
                    sizes[named[path]] = 0
                    note("create", path, named[path])
                files[result] = (named[path], path)
        elif name == "write":
            file, path = files[arguments[0]]
            data = bytes(arguments[1][:result])
            note("write", path, file, offset=sizes[file], data=data)
            sizes[file] += result
        elif name == "ftruncate":
            file, path = files[arguments[0]]
            note("cut", path, file)
            sizes[file] = 0
        elif name == "fsync":
            if arguments[0] in folders:
                note("fsync-folder", folders[arguments[0]])
            else:
                file, path = files[arguments[0]]
                note("fsync", path, file)
        elif name == "close":
            files.pop(arguments[0], None)
            folders.pop(arguments[0], None)
        elif name == "replace":
            to = short(arguments[1])
            file = named.pop(path)
            named[to] = file
            note("rename", path, file, to)
        elif name == "unlink":
            note("unlink", path, named.pop(path, -1))
        elif name == "mkdir":
            note("mkdir", path)
        return result

    return act


def _without(operations: list[Operation], kind: str) -> list[Operation]:
    """The log of a program that does not do that: the operations stay where they were."""
    return [op if op.kind != kind else Operation("nothing") for op in operations]


# --- what a disk may hold ---------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """A folder as a power cut may leave it.

    Attributes
    ----------
    files : tuple of (path, content)
    folders : tuple of path
    promised : Position
        The last checkpoint that had been made safe.
    model_promised : bool
    """

    files: tuple[tuple[str, bytes], ...]
    folders: tuple[str, ...]
    promised: Position
    model_promised: bool = field(default=False)

    @property
    def key(self) -> str:
        """The same for the same state."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def build(self, folder: Path) -> Path:
        """Make it so."""
        shutil.rmtree(folder, ignore_errors=True)
        for path in self.folders:
            (folder.parent / path).mkdir(parents=True)
        for path, content in self.files:
            (folder.parent / path).write_bytes(content)
        return folder


def distinct(
    known: list[Operation], real: list[Operation], log: list[Operation], chance: random.Random
) -> list[State]:
    """Every state after every moment, once; ``real`` says what was promised by then."""
    found: dict[str, State] = {}
    for moment in range(len(log) + 1):
        promised, ended = _promises(known + real[:moment])
        for state in _states(known + log[:moment], promised, ended, chance):
            found.setdefault(state.key, state)
    return list(found.values())


def _promises(done: list[Operation]) -> tuple[Position, bool]:
    """The last checkpoint, and the model, whose names were made safe."""
    contents: dict[int, bytes] = {}
    waiting: list[Operation] = []
    position, ended = Position(), False
    for op in done:
        if op.kind == "write":
            contents[op.file] = contents.get(op.file, b"") + op.data
        elif op.kind == "rename":
            waiting.append(op)
        elif op.kind == "fsync-folder":
            for renamed in waiting:
                if renamed.to.endswith(CHECKPOINT):
                    position = position_of(contents[renamed.file])
                ended = ended or renamed.to.endswith("model.safetensors")
            waiting = []
    return position, ended


def _states(
    done: list[Operation], promised: Position, ended: bool, chance: random.Random
) -> Iterator[State]:
    choices = [_choices(op, done[i + 1 :]) for i, op in enumerate(done)]
    number = 1
    for choice in choices:
        number *= len(choice)
    if number <= _MOST:
        picks: Any = itertools.product(*choices)
    else:
        picks = (tuple(map(chance.choice, choices)) for _ in range(_MOST))
    for pick in picks:
        state = _applied(done, pick)
        if state is not None:
            yield State(*state, promised, ended)


def _choices(op: Operation, after: list[Operation]) -> tuple[str, ...]:
    """What may have become of an operation by now."""
    if op.kind in ("fsync", "fsync-folder", "nothing"):
        return ("nothing",)
    if op.kind in ("write", "cut"):
        if any(later.kind == "fsync" and later.file == op.file for later in after):
            return ("done",)
        return ("done", "half", "zeros", "lost") if op.kind == "write" else ("done", "lost")
    folder = os.path.dirname(op.path)
    if any(later.kind == "fsync-folder" and later.path == folder for later in after):
        return ("done",)
    return ("done", "lost")


def _applied(done: list[Operation], pick: tuple[str, ...]) -> Any:
    """The folder that these choices make; None where they contradict each other."""
    entries: dict[str, int] = {}
    folders: list[str] = []
    contents: dict[int, bytearray] = {}
    for op, fate in zip(done, pick, strict=True):
        if fate in ("lost", "nothing"):
            continue
        if op.kind == "mkdir":
            folders.append(op.path)
        elif op.kind == "create":
            entries[op.path] = op.file
        elif op.kind == "rename":
            entries.pop(op.path, None)
            entries[op.to] = op.file
        elif op.kind == "unlink":
            entries.pop(op.path, None)
        elif op.kind == "cut":
            contents[op.file] = bytearray()
        elif op.kind == "write":
            whole = contents.setdefault(op.file, bytearray())
            whole.extend(bytes(max(0, op.offset - len(whole))))
            half = len(op.data) // 2
            data = {"done": op.data, "half": op.data[:half], "zeros": bytes(len(op.data))}[fate]
            whole[op.offset : op.offset + len(data)] = data
    if any(os.path.dirname(path) not in folders for path in entries):
        entries = {}  # their folder itself was lost
    files = tuple(sorted((path, bytes(contents.get(n, b""))) for path, n in entries.items()))
    return files, tuple(folders)


def _goes_on(folder: Path, home: Path, whole: dict[str, bytes]) -> str | None:
    """Go on where there is something to go on with; what is wrong with the outcome."""
    if (folder / "model.safetensors").exists() and not (folder / CHECKPOINT).exists():
        # It had ended; the best epoch's model was safe before it.
        return None if models(folder) == whole else "other bits"
    begun = (folder / "config.json").exists()
    ended = run(go_on(folder) if begun else begin(CASE, folder), home)
    if ended.code or ended.sentence:
        return f"went not on: {ended.code} {ended.err}"
    if models(folder) != whole:
        return "other bits"
    return f"left over: {left}" if (left := strays(folder)) else None
