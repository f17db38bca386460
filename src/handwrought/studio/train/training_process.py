"""A training in a process of its own: ``python -m handwrought.studio.train.training_process FOLDER``.

The folder's ``config.json`` holds what is asked for, and the session keeps there what it learns.  Commands
come by standard input and what is measured goes out by standard output, as
:mod:`handwrought.studio.train.process_messages` writes them;
:mod:`handwrought.studio.train.training_session` has what they are.  Where the input ends, that is a
stop, so that a training outlives its studio by a moment only, and nothing of it is lost.
"""

from __future__ import annotations

import io
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from handwrought.errors import FolderInUse, HandwroughtError
from handwrought.runs.folder import FILES
from handwrought.storage.atomic import remove_strays
from handwrought.storage.lock import FolderLock
from handwrought.studio.train.process_messages import hear, tell
from handwrought.studio.train.training_session import Session

__all__ = ["main"]


def _listen(source: Any, commands: queue.Queue[dict[str, Any]]) -> None:
    try:
        while heard := hear(source):
            commands.put(heard[0])
    finally:
        commands.put({"do": "stop"})


def main() -> None:
    """Train in the folder named on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the studio, which tells us
    if hasattr(os, "nice"):
        os.nice(5)  # the page comes first
    folder = Path(sys.argv[1])
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # whatever prints does not come between the messages
        commands: queue.Queue[dict[str, Any]] = queue.Queue()
        # Unbuffered: a buffer that a thread still waits on would be missed at the end.
        source = io.FileIO(0, closefd=False)
        threading.Thread(target=_listen, args=(source, commands), daemon=True).start()
        try:
            with FolderLock(folder):
                remove_strays(folder, FILES)
                Session(folder, out, commands).work()
        except FolderInUse:
            sentence = "Another studio, or a command, trains this run: use it there."
            tell(out, {"kind": "end", "how": "failed", "sentence": sentence})
        except HandwroughtError as error:
            tell(out, {"kind": "end", "how": "failed", "sentence": str(error)})


if __name__ == "__main__":
    main()
