"""Reads files in a process that may do nothing else: ``python guard.py READER FOLDER``.

First a sound file is read, so that whatever a reader needs is loaded.  Then an audit hook denies to
import, to run code from text or bytes, to unpickle, to start or reach anything, and to open any file
but the one that is read.  One line of JSON for each file says what came of it.
"""

import json
import os
import sys
import warnings
from pathlib import Path

from fuzz.readers import READERS, try_reader
from fuzz.seeds import seeds

from handwrought.errors import HandwroughtError

DENIED = (
    "import", "exec", "marshal", "pickle", "subprocess", "os.system", "os.exec", "os.fork",
    "os.posix_spawn", "os.spawn", "os.startfile", "os.remove", "os.rename", "os.mkdir", "os.rmdir",
    "os.symlink", "os.link", "os.chmod", "os.putenv", "shutil", "socket", "urllib", "http", "ftplib",
    "ctypes", "webbrowser", "sqlite3", "mmap", "code.__new__", "gc", "sys.settrace", "cpython.run",
)  # fmt: skip


class Denied(BaseException):
    """Not an Exception: no reader may swallow it."""


class Guard:
    """The hook, which cannot be taken away again: it is on while ``folder`` is set."""

    def __init__(self):
        self.folder = None
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if self.folder is None:
            return
        if event.startswith(DENIED):
            self.deny(event, arguments)
        # NumPy reads an array's header with ast.literal_eval, which makes a tree and no code.
        if event == "compile" and arguments[1] not in ("<unknown>", b"<unknown>"):
            self.deny(event, arguments)
        if event == "open" and not isinstance(arguments[0], int):
            path, _, flags = arguments
            inside = os.fsdecode(path).startswith(self.folder + os.sep)
            if not inside or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.deny(event, arguments)

    def deny(self, event, arguments):
        self.folder = None
        raise Denied(f"{event} {arguments!r}"[:300])


GUARD = Guard()


def guarded(read, path):
    """What came of reading a file: "read", or "refused" with why, or "denied" what it tried."""
    GUARD.folder = str(path.parent)
    try:
        read(path)
    except Denied as error:
        return "denied", str(error)
    except HandwroughtError as error:
        return "refused", str(error)
    except Exception as error:
        return "broken", f"{type(error).__name__}: {error}"
    finally:
        GUARD.folder = None
    return "read", ""


def main(name, folder):
    warnings.simplefilter("error")
    reader, work = READERS[name], folder / "work"
    for content in seeds(name):
        assert try_reader(reader, content, work) is None
    for path in sorted(folder.iterdir()):
        if path.is_file():
            place = work / reader.file
            place.write_bytes(path.read_bytes())
            print(json.dumps([path.name, *guarded(reader.read, place)]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
