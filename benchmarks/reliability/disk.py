"""Disks that are full, read-only or gone: real ones, of a few kilobytes of memory."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import calls
from cases import begin, go_on, prepare, wrongs
from faults import Points, finished
from kills import Reference, reference
from trial import Ended, run

CASE = "wide"
_PAGE = 4096
_PLENTY = 4 << 20


def report(home: Path, *, quick: bool, seed: int) -> list[str]:
    """Print the table; returns what is wrong."""
    print("\n## Disks")
    print(
        "\n| disk | trainings | went on to the same bits | ended with one sentence "
        "| and went on later to the same bits | wrong |\n|---|--:|--:|--:|--:|--:|"
    )
    whole = reference(CASE, home)
    found: list[str] = []
    step = 5 if quick else 1
    parts: list[tuple[str, Callable[[], Points]]] = [
        ("full after so many pages, then larger", lambda: _full(whole, home, step)),
        ("read-only, then writable", lambda: _read_only(whole, home)),
        ("files limited to so many bytes, then not", lambda: _limited(whole, home, quick)),
        ("folder moved away, then back", lambda: _vanished(whole, home, 40 if quick else 1)),
    ]
    for what, tried in parts:
        try:
            points = tried()
        except PermissionError as error:
            print(f"| {what} | not tried: {error} | | | | |")
            continue
        print(points.row(what), flush=True)
        found += [f"{what}: {wrong}" for wrong in points.wrongs]
    return found


@contextmanager
def mounted(place: Path, size: int) -> Iterator[Path]:
    """A file system in memory, of ``size`` bytes.

    Raises
    ------
    PermissionError
        If this process may not mount one.
    """
    place.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "none", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def remount(place: Path, options: str) -> None:
    """The same with other options."""
    _mount("-o", f"remount,{options}", place)


def _mount(*arguments: object) -> None:
    try:
        done = subprocess.run(
            ["mount", *map(str, arguments)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise PermissionError("there is no mount here") from None
    if done.returncode:
        raise PermissionError(f"mounting is not permitted here ({done.stderr.strip()})")


def _full(whole: Reference, home: Path, step: int) -> Points:
    """On disks of every size from too small to large enough."""
    points, pages = Points(), 1
    with mounted(home / "disk", _PLENTY) as disk:
        while True:
            _empty(disk)
            prepare(disk)
            taken = sum(-(-path.stat().st_size // _PAGE) for path in disk.iterdir())
            remount(disk, f"size={(taken + pages) * _PAGE}")
            ended = run(begin(CASE, disk / "run"), disk)
            found = wrongs(disk / "run", ended.kept)
            remount(disk, f"size={_PLENTY}")
            quiet = "cannot be written" not in ended.out
            _note(points, f"{pages} pages", ended, found, whole, disk)
            if ended.code == 0 and quiet:
                return points
            pages += step


def _read_only(whole: Reference, home: Path) -> Points:
    points = Points()
    with mounted(home / "disk", _PLENTY) as disk:
        prepare(disk)
        replaces = [k for k, name in enumerate(whole.names, 1) if name == "replace"]
        for at in (1, replaces[1], replaces[3]):
            folder = disk / "run"
            shutil.rmtree(folder, ignore_errors=True)
            kept = run(begin(CASE, folder), disk, calls.killing(at)).kept
            before = _contents(disk)
            remount(disk, "ro")
            begun = (folder / "config.json").exists()
            ended = run(go_on(folder) if begun else begin(CASE, folder), disk)
            remount(disk, "rw")
            found = wrongs(folder, kept)
            found += [] if _contents(disk) == before else ["something changed"]
            found += [] if ended.code == 1 else [f"exit code {ended.code}"]
            _note(points, f"kept {kept}", ended, found, whole, disk)
    return points


def _limited(whole: Reference, home: Path, quick: bool) -> Points:
    """No file may grow larger: the checkpoints' size is reached first, then the models'."""
    points = Points()
    sizes = (0, 100, 1000, 8_000, 20_000, 30_000, 40_000)
    for size in sizes[:: 2 if quick else 1]:
        folder = home / "limited"
        shutil.rmtree(folder, ignore_errors=True)
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
        ended = run(begin(CASE, folder), home, before=limit)
        found = wrongs(folder, ended.kept)
        _note(points, f"{size} bytes", ended, found, whole, home, folder)
    return points


def _vanished(whole: Reference, home: Path, step: int) -> Points:
    """The folder is moved away before the k-th call, for every k while there is a folder."""
    points = Points()
    folder, away = home / "vanishing", home / "vanished"
    for k in range(whole.names.index("replace") + 2, len(whole.names), step):
        for path in (folder, away):
            shutil.rmtree(path, ignore_errors=True)
        ended = run(begin(CASE, folder), home, calls.vanishing(k, folder, away))
        found = ["it made a new folder"] if folder.exists() else wrongs(away, ended.kept)
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(away, folder)
        _note(points, f"call {k}", ended, found, whole, home, folder)
    return points


def _note(
    points: Points,
    what: str,
    ended: Ended,
    found: list[str],
    whole: Reference,
    home: Path,
    folder: Path | None = None,
) -> None:
    problems = finished(points, ended, found, folder or home / "run", home, whole, CASE)
    points.wrongs += [f"{what}: {problem}" for problem in problems]


def _empty(disk: Path) -> None:
    for path in disk.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }
