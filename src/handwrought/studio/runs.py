"""The runs: trainings under way, each in a process of its own, and those that are kept.

A run is a folder in ``runs``: ``config.json`` (name, wish, how it stands), written here alone, and
what :mod:`handwrought.studio.training_process` keeps beside it.  A run whose process is gone has
lost nothing that its last checkpoint holds, and goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from handwrought.errors import DataError, HandwroughtError, InvalidArgument
from handwrought.studio.diagnosis import diagnose
from handwrought.studio.measuring import Point
from handwrought.studio.messages import decode
from handwrought.studio.moments import steps_kept, thinned
from handwrought.studio.pipes import hear, tell
from handwrought.studio.wishes import Wish

if TYPE_CHECKING:
    from handwrought.studio.sessions import Studio

__all__ = ["LIVE", "RUNS", "Run", "Runs"]

RUNS = 50
"""Runs that are kept."""
LIVE = 2
"""Trainings under way at once."""
BYTES = 4 << 30
"""Of all runs' folders, above which no other begins."""
_PATIENCE = 20.0
"""Seconds that a training has to keep itself when the studio ends."""

_ENDS = ("finished", "stopped", "diverged", "failed")


@dataclass(eq=False)
class Run:
    """One run; its ``status`` is one of starting, running, paused (with a process), finished,
    stopped, diverged, failed or crashed (without)."""

    id: str
    folder: Path
    name: str
    created: float
    wish: Wish
    status: str = "stopped"
    sentence: str = ""
    """What ended it, where that was no wish of anybody."""
    progress: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)
    look: dict[str, Any] | None = None
    points: list[Point] | None = None
    """None until they are read from the folder."""
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None

    def config(self) -> dict[str, Any]:
        """What ``config.json`` holds."""
        return {
            "name": self.name,
            "created": self.created,
            "wish": asdict(self.wish),
            "status": self.status,
            "sentence": self.sentence,
            "progress": self.progress,
            "shape": self.shape,
        }

    @property
    def live(self) -> bool:
        """Whether it has a process."""
        return self.process is not None


class Runs:
    """The backend of Train; every method may be called from any thread."""

    def __init__(self, studio: Studio) -> None:
        self.folder = studio.folder / "runs"
        self._lock = threading.RLock()
        self._listeners: set[Callable[[dict[str, Any]], None]] = set()
        self._runs: dict[str, Run] = {}
        self._closed = False
        for config in sorted(self.folder.glob("*/config.json")):
            if (run := _read(config)) is not None:
                self._runs[run.id] = run

    def close(self) -> None:
        """Stop what is under way; each keeps its checkpoint."""
        with self._lock:
            self._closed = True
            live = [run for run in self._runs.values() if run.process is not None]
            for run in live:
                self._command(run, "stop")
        until = time.monotonic() + _PATIENCE
        for run in live:
            process, reader = run.process, run.reader
            if process is not None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, until - time.monotonic()))
                process.kill()
            if reader is not None:
                reader.join(5)

    # --- what is asked ------------------------------------------------------------------------------

    def get(self, name: str) -> Run:
        """The run of this id.

        Raises
        ------
        InvalidArgument
            If there is none.
        """
        with self._lock:
            if name not in self._runs:
                raise InvalidArgument(f"there is no run {name[:40]!r}: it may have been deleted")
            return self._runs[name]

    def begin(self, wish: Wish, goal: str, name: str = "") -> str:
        """Begin a training; ``goal`` is run, epoch, batch or pause.  Returns its id.

        Raises
        ------
        InvalidArgument
            If there are too many runs, or they are too large.
        """
        with self._lock:
            self._check_room()
            if len(self._runs) >= RUNS:
                raise InvalidArgument(f"{RUNS} runs are kept: delete one that is needed no more")
            if sum(map(_bytes, self._runs.values())) > BYTES:
                raise InvalidArgument(
                    f"the runs take more than {BYTES >> 30} GB: delete one that is needed no more"
                )
            created = time.time()
            stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
            found, number = stamp, 2
            while found in self._runs or (self.folder / found).exists():
                found, number = f"{stamp}-{number}", number + 1
            name = name or _free_name(_named(wish), {run.name for run in self._runs.values()})
            run = Run(found, self.folder / found, name, created, wish, points=[])
            try:
                run.folder.mkdir(parents=True)
            except OSError as error:
                raise DataError(f"{run.folder} cannot be made: {error.strerror}") from None
            self._runs[found] = run
            self._start(run, goal)
            return found

    def go_on(self, name: str, goal: str, changes: dict[str, Any] | None = None) -> None:
        """Go on with a run that has no process, from its checkpoint, with some settings changed."""
        with self._lock:
            run = self.get(name)
            if run.live:
                self.do(name, goal)
                return
            self._check_room()
            run.wish = _changed(run.wish, changes or {})
            done = run.progress.get("step", 0)
            if done and done >= run.wish.epochs * run.shape.get("batches", 1):
                raise InvalidArgument(
                    f"this run has done all of its {run.wish.epochs} epochs: ask for more"
                )
            self._start(run, goal)

    def do(self, name: str, goal: str) -> None:
        """Run, pause, or train one batch or one epoch; stop ends the process and keeps the run."""
        with self._lock:
            run = self.get(name)
            if run.live:
                self._command(run, goal)
            elif goal not in ("pause", "stop"):
                self.go_on(name, goal)

    def change(self, name: str, changes: dict[str, Any]) -> None:
        """Other settings: from the next mini-batch on, or when the run goes on."""
        with self._lock:
            run = self.get(name)
            wish = _changed(run.wish, changes)
            if run.live:
                self._command(run, "change", wish=asdict(wish))
            else:
                run.wish = wish
                self._write(run)
                self._announce(run)

    def rename(self, name: str, new: str) -> None:
        """Give a run another name."""
        with self._lock:
            run = self.get(name)
            run.name = new.strip() or run.name
            self._write(run)
            self._announce(run)

    def delete(self, name: str) -> None:
        """Delete a run and its folder; one under way is ended first."""
        with self._lock:
            run = self.get(name)
            process, reader = run.process, run.reader
            if process is not None:
                process.kill()
        if reader is not None:
            reader.join(10)
        with self._lock:
            self._runs.pop(name, None)
            # Out of sight at once, so that half a run is never listed.
            away = run.folder.with_name(f".deleted-{run.id}")
            with suppress(OSError):
                os.replace(run.folder, away)
            shutil.rmtree(away, ignore_errors=True)
            self._tell({"kind": "deleted", "run": name})

    # --- what is shown -------------------------------------------------------------------------------

    def listen(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call with each increment from now on, in any thread."""
        with self._lock:
            self._listeners.add(listener)

    def ignore(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call no longer."""
        with self._lock:
            self._listeners.discard(listener)

    def state(self) -> dict[str, Any]:
        """The first message: every run, the newest first, without its points."""
        with self._lock:
            runs = [_summary(run) for run in reversed(self._runs.values())]
        return {"kind": "state", "runs": runs, "live": LIVE, "most": RUNS}

    def whole(self, name: str) -> dict[str, Any]:
        """One run with its points, pictures, findings and moments."""
        with self._lock:
            run = self.get(name)
            points = _points(run)
            return {
                "run": _summary(run),
                "points": list(points),
                "look": run.look or _read_look(run),
                "moments": steps_kept(run.folder),
                "bytes": _bytes(run),
            }

    def model(self, name: str) -> Path:
        """The run's model file.

        Raises
        ------
        InvalidArgument
            If it has none yet.
        """
        path = self.get(name).folder / "model.safetensors"
        if not path.is_file():
            raise InvalidArgument("this run has no model yet: let it train for a moment")
        return path

    # --- processes -----------------------------------------------------------------------------------

    def _check_room(self) -> None:
        if self._closed:
            raise InvalidArgument("the studio is stopping")
        live = [run.name for run in self._runs.values() if run.live]
        if len(live) >= LIVE:
            raise InvalidArgument(
                f"{len(live)} trainings are under way ({', '.join(live)}): stop one first"
            )

    def _start(self, run: Run, goal: str) -> None:
        run.status, run.sentence = "starting", ""
        _points(run)
        self._write(run)
        command = [sys.executable, "-m", "handwrought.studio.training_process", str(run.folder)]
        # The same package as here, wherever it was found.
        root = str(Path(__file__).parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        with (run.folder / "process.log").open("wb") as log:
            run.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env=environment, start_new_session=True,
            )  # fmt: skip
        run.reader = threading.Thread(
            target=self._follow, args=(run, run.process), name=f"run {run.id}", daemon=True
        )
        run.reader.start()
        self._command(run, goal)
        self._announce(run)

    def _command(self, run: Run, do: str, **more: Any) -> None:
        assert run.process is not None
        assert run.process.stdin is not None
        with suppress(OSError, ValueError):  # it has just ended, as its reader will find
            tell(run.process.stdin, {"do": do, **more})  # type: ignore[arg-type]

    def _follow(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        """Read what a process says until it ends; a thread's work."""
        ended = None
        pipe: BinaryIO = process.stdout  # type: ignore[assignment]
        with suppress(DataError):  # whatever else it says, it has gone astray
            while heard := hear(pipe):
                message, payload = heard
                if message.get("kind") == "end":
                    ended = message
                else:
                    with self._lock:
                        self._take(run, message, payload)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)  # it has said its last
        process.kill()
        code = process.wait()
        for end in (process.stdin, process.stdout):
            with suppress(OSError):
                end.close()  # type: ignore[union-attr]
        with self._lock:
            run.process = run.reader = None
            if ended and ended.get("how") in _ENDS:
                run.status, run.sentence = ended["how"], str(ended.get("sentence", ""))
            else:
                run.status, run.sentence = "crashed", _epitaph(run, code)
            _write_look(run)
            if run.folder.exists():
                self._write(run)
            if run.id in self._runs:
                self._announce(run)

    def _take(self, run: Run, message: dict[str, Any], payload: bytes) -> None:
        kind = message.pop("kind", None)
        if kind == "progress":
            run.status = "running" if message.pop("running") else "paused"
            run.progress = {**message, "accuracy": _accuracy(run)}
            self._tell({"kind": "progress", "run": run.id, "status": run.status, **message})
        elif kind == "point":
            points = [*_points(run), Point.of(message["point"])]
            run.points = thinned(points)
            self._tell({"kind": "point", "run": run.id, "point": points[-1],
                        "findings": diagnose(run.wish, run.points)})  # fmt: skip
        elif kind == "look":
            run.look = _pictures(message, payload)
            self._tell({"kind": "look", "run": run.id, **run.look})
        elif kind == "moment":
            self._tell({"kind": "moment", "run": run.id, "step": message["step"]})
        elif kind == "ready":
            run.shape = message
            run.points = [point for point in _points(run) if point.step <= message["step"]]
            self._write(run)
            self._announce(run)
        elif kind == "changed":
            run.wish = decode(Wish, _jsonly(message["wish"]))
            self._write(run)
            self._announce(run)
        elif kind == "refused":
            self._tell({"kind": "refused", "run": run.id, "error": message["error"]})
        elif kind == "kept":
            self._write(run)

    # --- telling and keeping ---------------------------------------------------------------------------

    def _tell(self, increment: dict[str, Any]) -> None:
        for listener in self._listeners:
            listener(increment)

    def _announce(self, run: Run) -> None:
        self._tell({"kind": "run", "run": _summary(run)})

    def _write(self, run: Run) -> None:
        from handwrought.storage.atomic import write_atomically

        content = json.dumps(run.config(), indent=1).encode()
        try:
            write_atomically(run.folder / "config.json", content)
        except OSError as error:
            run.sentence = f"{run.folder} cannot be written: {error.strerror}"


def _read(path: Path) -> Run | None:
    """The run that a folder keeps; None where its config is damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        run = Run(
            path.parent.name,
            path.parent,
            str(values["name"])[:80],
            float(values["created"]),
            decode(Wish, values["wish"]),
            str(values["status"]),
            str(values["sentence"]),
            dict(values["progress"]),
            dict(values["shape"]),
        )
    except (OSError, ValueError, KeyError, TypeError, HandwroughtError, RecursionError):
        return None
    if run.status not in (*_ENDS, "crashed"):
        run.status = "stopped"
        run.sentence = "The studio ended while it trained; it goes on from its last checkpoint."
    return run


def _points(run: Run) -> list[Point]:
    if run.points is None:
        run.points = []
        with suppress(OSError):
            for line in (run.folder / "history.jsonl").read_text(encoding="utf-8").splitlines():
                with suppress(ValueError, TypeError, KeyError):
                    run.points.append(Point.of(json.loads(line)))
    return run.points


def _summary(run: Run) -> dict[str, Any]:
    points = run.points or []
    diverged = run.sentence if run.status == "diverged" else ""
    return {
        "id": run.id,
        "name": run.name,
        "created": run.created,
        "wish": run.wish,
        "rate": run.wish.rate,
        "status": run.status,
        "sentence": run.sentence,
        "progress": run.progress,
        "shape": run.shape,
        "accuracy": _accuracy(run),
        "findings": diagnose(run.wish, points, diverged),
    }


def _accuracy(run: Run) -> float | None:
    """On validation images, when last measured."""
    measured = [point.validation_accuracy for point in run.points or ()]
    known = [accuracy for accuracy in measured if accuracy is not None]
    return known[-1] if known else run.progress.get("accuracy")


def _pictures(message: dict[str, Any], payload: bytes) -> dict[str, Any]:
    n = message["shown"] * message["n_in"]
    return {
        **message,
        "weights": b64encode(payload[:n]).decode("ascii"),
        "images": b64encode(payload[n:]).decode("ascii"),
    }


def _write_look(run: Run) -> None:
    if run.look is not None:
        with suppress(OSError):
            (run.folder / "look.json").write_text(json.dumps(run.look), encoding="utf-8")


def _read_look(run: Run) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        run.look = json.loads((run.folder / "look.json").read_text(encoding="utf-8"))
    return run.look


def _epitaph(run: Run, code: int) -> str:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    said = ""
    with suppress(OSError):
        lines = (run.folder / "process.log").read_text(errors="replace").strip().splitlines()
        said = f" ({lines[-1][:200]})" if lines else ""
    kept = (run.folder / "checkpoint.safetensors").exists()
    remedy = "go on from its last checkpoint" if kept else "begin it anew"
    return f"The training process {how}{said}: {remedy}."


def _bytes(run: Run) -> int:
    total = 0
    for path in run.folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _named(wish: Wish) -> str:
    shape = "-".join(str(n) for n in (784, *wish.hidden, 10))
    return f"{shape} {wish.activation}, {wish.optimizer}"


def _free_name(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found


def _changed(wish: Wish, changes: dict[str, Any]) -> Wish:
    """The wish with these fields, given as JSON values; checked whole."""
    return decode(Wish, _jsonly({**asdict(wish), **changes}))


def _jsonly(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "hidden": list(values["hidden"])}
