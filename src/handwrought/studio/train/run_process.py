"""The process that trains a run, seen from the studio: its start, what it says, and its end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from handwrought.errors import DataError
from handwrought.runs.folder import CHECKPOINT
from handwrought.studio.train.process_messages import hear
from handwrought.studio.train.run_folder import last_words, new_log

__all__ = ["begun", "ended", "environment", "epitaph", "said"]


def begun(folder: Path) -> subprocess.Popen[bytes]:
    """A process that trains in the folder.

    Raises
    ------
    OSError
        If it cannot be started, or its log not be written.
    """
    command = [sys.executable, "-m", "handwrought.studio.train.training_process", str(folder)]
    log = new_log(folder)
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            env=environment(), start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(log)


def environment() -> dict[str, str]:
    """In which another process finds the same package as this one, wherever that was found."""
    root = str(Path(__file__).parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def said(process: subprocess.Popen[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Its messages, until it says no more or something that is no message."""
    pipe: BinaryIO = process.stdout  # type: ignore[assignment]
    with suppress(DataError):
        while heard := hear(pipe):
            yield heard


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of one that has said its last."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()
    code = process.wait()
    for end in (process.stdin, process.stdout):
        with suppress(OSError):
            end.close()  # type: ignore[union-attr]
    return code


def epitaph(folder: Path, code: int) -> str:
    """Why a process ended that did not say so itself, and what to do."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    words = last_words(folder)
    kept = (folder / CHECKPOINT).exists()
    remedy = "go on from its last checkpoint" if kept else "begin it anew"
    return f"The training process {how}{f' ({words})' if words else ''}: {remedy}."
