"""One run of the command line in a forked child: everything is imported already, so it is quick."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import calls
from cases import Position, position_of

_READ_SIZE = 1 << 20


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes
    ----------
    code : int
        Its exit code, or minus the signal.
    out, err : str
    kept : Position
        The last checkpoint that was put in place.
    notes : list of str
        What the child noted.
    seconds : float
    """

    code: int
    out: str
    err: str
    kept: Position
    notes: list[str]
    seconds: float

    @property
    def sentence(self) -> str | None:
        """What is wrong with what it said when it failed; None where nothing is."""
        if self.code == 0:
            return None if not self.err else f"said {self.err!r} though nothing failed"
        if self.code not in (1, 2, 130):
            return f"exit code {self.code}: {self.err[-300:]}"
        if self.code == 130 and not self.err:
            return None  # Ctrl-C before anything was begun, or after everything was done
        whole = self.err.startswith("handwrought: ") and self.err.count("\n") == 1
        return None if whole else f"no one sentence: {self.err[-600:]!r}"


def run(
    arguments: list[str],
    root: Path,
    act: calls.Act | None = None,
    *,
    before: Callable[[], Any] | None = None,
    kill_after: float | None = None,
    notes: list[str] | None = None,
) -> Ended:
    """Run ``handwrought`` with these arguments.

    Parameters
    ----------
    arguments : list of str
    root : Path
        Where calls are counted.
    act : function, optional
        What happens at each of them.
    before : function, optional
        Called in the child first.
    kill_after : float, optional
        Seconds after which it is killed.
    notes : list of str, optional
        What the act appends to in the child; comes back in the result.
    """
    pipes = [os.pipe() for _ in range(3)]
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        _child(arguments, root, act, before, notes, [end for _, end in pipes])
    for _, end in pipes:
        os.close(end)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    texts = _all_of([source for source, _ in pipes])
    _, status = os.waitpid(pid, 0)
    told = texts[2].splitlines()
    kept = [Position(*map(int, line.split()[1:])) for line in told if line.startswith("kept ")]
    return Ended(
        os.waitstatus_to_exitcode(status),
        texts[0],
        texts[1],
        kept[-1] if kept else Position(),
        [line.removeprefix("note ") for line in told if line.startswith("note ")],
        time.perf_counter() - started,
    )


def _all_of(sources: list[int]) -> list[str]:
    """What comes from each pipe until its other end is closed."""
    parts: dict[int, list[bytes]] = {source: [] for source in sources}
    left = list(sources)
    while left:
        for source in select.select(left, [], [])[0]:
            part = os.read(source, _READ_SIZE)
            parts[source].append(part)
            if not part:
                left.remove(source)
                os.close(source)
    return [b"".join(parts[source]).decode() for source in sources]


def _child(
    arguments: list[str],
    root: Path,
    act: calls.Act | None,
    before: Callable[[], Any] | None,
    notes: list[str] | None,
    ends: list[int],
) -> None:
    os.dup2(ends[0], 1)
    os.dup2(ends[1], 2)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    code = 99
    try:
        from handwrought.cli import main

        # The ones that count nothing, before they are replaced.
        opened, read, close, write = os.open, os.read, os.close, os.write

        def told(path: str) -> None:
            handle = opened(path, os.O_RDONLY)
            position = position_of(read(handle, _READ_SIZE))
            close(handle)
            write(ends[2], f"kept {position.epoch} {position.batch}\n".encode())

        calls.install(root, act or calls.do, told)
        if before is not None:
            before()
        sys.argv = ["handwrought", *arguments]
        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException as error:  # what a user would see as a traceback
        sys.stderr.write(f"Traceback: {error!r}\n")
    finally:
        sys.settrace(None)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                code = code or 98
        for note in notes or ():
            os.write(ends[2], f"note {note}\n".encode())
        os._exit(code)
