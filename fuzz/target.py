"""One reader under Atheris: ``python -m fuzz.target READER [--plant BUG] [options of libFuzzer]``.

Ends with a failure at the first file for which a reader does anything but answer or refuse.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

WATCHED = {
    "idx images": ("handwrought.data",),
    "idx labels": ("handwrought.data",),
    "npz": ("handwrought.data", "zipfile", "numpy.lib._format_impl"),
    "csv": ("handwrought.data",),
    "picture": ("handwrought.reading.pictures", "PIL"),
    "digit folder": ("handwrought.data", "PIL.PngImagePlugin"),
    "collection index": ("handwrought.data",),
    "model": ("handwrought.storage", "handwrought.nn.network"),
    "nielsen": ("handwrought.storage", "handwrought.nn.network"),
    "checkpoint": ("handwrought.runs.checkpoint", "handwrought.training.train"),
    "recipe": ("handwrought.training", "handwrought.nn.network", "tomllib"),
    "plan": ("handwrought.training", "handwrought.nn.network"),
    "history": ("handwrought.runs.history",),
}
"""The modules, ours and what we call, whose branches guide the mutation of each reader's files."""

_FORBIDDEN = ("pickle.find_class", "subprocess.Popen", "os.system", "socket.connect", "os.exec")


class Forbidden(BaseException):
    """What no file may do; no ``except Exception`` stops it."""


def forbid() -> None:
    """End the process's peace if a file makes it unpickle, connect or start anything."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _FORBIDDEN:
            raise Forbidden(f"a file led to {event} {arguments!r}")

    sys.addaudithook(hook)


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


def main() -> None:
    import atheris  # made for Linux and CPython: what only looks at this module needs none

    name, *options = sys.argv[1:]
    planted = options.pop(1) if options[:1] == ["--plant"] else None
    options = options[1:] if planted else options
    for module in ("zipfile", "tomllib", "tomllib._parser"):
        sys.modules.pop(module, None)
    with atheris.instrument_imports(include=list(WATCHED[name])):
        import PIL.Image

        PIL.Image.init()
        from fuzz.readers import READERS, try_reader
        from fuzz.repair import TOKENS, mutant
    if planted:
        from fuzz.planted import plant

        plant(planted)
    warnings.simplefilter("error")
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    reader = READERS[name]
    forbid()

    def try_one(content: bytes) -> None:
        try_reader(reader, content, folder)

    def mutate(content: bytes, most: int, seed: int) -> bytes:
        return mutant(content, lambda part: atheris.Mutate(part, most), seed)[:most]

    words = folder / "words"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS))
    arguments = ["-timeout=20", "-rss_limit_mb=2048", f"-dict={words}", *options]
    atheris.Setup([sys.argv[0], *arguments], try_one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
