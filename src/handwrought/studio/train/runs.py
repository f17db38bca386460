"""The runs: trainings under way, each in a process of its own, and those that are kept.

A run is a folder in ``runs``; its ``config.json`` is written here alone, and all else by its
process.  A run whose process is gone has lost nothing that its last checkpoint holds, and goes on
from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handwrought.errors import CannotWrite, DataError, InvalidArgument
from handwrought.runs.config import ENDS
from handwrought.runs.folder import CONFIG, HISTORY, MODEL
from handwrought.runs.history import readable_history, thinned
from handwrought.studio.server.messages import decode
from handwrought.studio.train.fine_tuning import brought, offered, prepare, taught_settings
from handwrought.studio.train.process_messages import tell
from handwrought.studio.train.run import (
    Run,
    changed,
    free_name,
    named,
    read_run,
    run_settings,
)  # fmt: skip
from handwrought.studio.train.run_folder import (
    LOOK,
    Look,
    bytes_of,
    folders,
    is_own,
    read_json,
    run_id,
    write_json,
)  # fmt: skip
from handwrought.studio.train.run_process import begun, ended, epitaph, said
from handwrought.studio.train.snapshots import steps_kept
from handwrought.studio.train.training_request import TrainingRequest
from handwrought.training.config import TrainingConfig
from handwrought.training.metrics import Point

if TYPE_CHECKING:
    from handwrought.studio.server.studio import Studio

__all__ = ["LIVE", "RUNS", "Run", "Runs"]

RUNS = 50
"""Runs that are kept."""
LIVE = 2
"""Trainings under way at once."""
BYTES = 4 << 30
"""Of all runs' folders, above which no other begins."""
_PATIENCE = 20.0
"""Seconds that a training has to keep itself when the studio ends."""


class Runs:
    """The backend of Train; every method may be called from any thread."""

    def __init__(self, studio: Studio) -> None:
        self.folder = studio.runs
        self._studio = studio
        self._lock = threading.RLock()
        self._listeners: set[Callable[[dict[str, Any]], None]] = set()
        self._runs: dict[str, Run] = {}
        self._closed = False
        self._find()
        threading.Thread(target=self._look_through, name="look through", daemon=True).start()

    def _find(self) -> None:
        """Take in the runs of the folder that are new or were changed by others."""
        for folder in folders(self.folder):
            name = run_id(self.folder, folder)
            if name in self._runs:
                self._runs[name].refresh()
            elif (run := read_run(folder, name)) is not None:
                self._runs[name] = run

    def _look_through(self) -> None:
        """Tell of runs whose measurements are damaged; nobody waits for that."""
        for run in list(self._runs.values()):
            damage = "" if self._closed else readable_history(run.folder / HISTORY)[1]
            with self._lock:
                if damage and run.id in self._runs and not (run.damage or run.live):
                    run.damage = damage
                    self._announce(run)

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

    def begin(self, request: TrainingRequest, goal: str, name: str = "") -> str:
        """Begin a training; ``goal`` is run, epoch, batch or pause.  Returns its id.

        Raises
        ------
        InvalidArgument
            If there are too many runs, or they are too large; if the model to begin with cannot
            learn digits.
        DataError
            If there are too few of one's own digits.
        """
        source = None
        settings, lesson = run_settings(request)
        if lesson is not None:
            source = self._source(lesson.source)
            settings = taught_settings(settings, source)
            name = name or f"{self._sources().get(lesson.source, 'a model')}, fine-tuned"[:80]
        with self._lock:
            self._check_room()
            if len(self._runs) >= RUNS:
                raise InvalidArgument(f"{RUNS} runs are kept: delete one that is needed no more")
            if sum(bytes_of(run.folder) for run in self._runs.values()) > BYTES:
                raise InvalidArgument(
                    f"the runs take more than {BYTES >> 30} GB: delete one that is needed no more"
                )
            created = time.time()
            stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
            found, number = stamp, 2
            while found in self._runs or (self.folder / found).exists():
                found, number = f"{stamp}-{number}", number + 1
            name = free_name(name or named(request), {run.name for run in self._runs.values()})
            run = Run(found, self.folder / found, name, created, settings, lesson)
            try:
                run.folder.mkdir(parents=True)
            except OSError as error:
                raise DataError(f"{run.folder} cannot be made: {error.strerror}") from None
            if source is not None:
                try:
                    prepare(run.folder, source, self._studio.folder / "digits")
                except BaseException:
                    shutil.rmtree(run.folder, ignore_errors=True)
                    raise
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
            run.refresh()
            _check_whole(run)
            run.check_may_go_on()
            run.settings = changed(run.settings, changes or {})
            done = run.progress.get("step", 0)
            if done and done >= run.settings.epochs * run.shape.get("batches", 1):
                raise InvalidArgument(
                    f"this run has done all of its {run.settings.epochs} epochs: ask for more"
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
            _check_whole(run)
            settings = changed(run.settings, changes)
            if run.live:
                self._command(run, "change", settings=settings.as_json())
            else:
                run.settings = settings
                self._write(run)
                self._announce(run)

    def rename(self, name: str, new: str) -> None:
        """Give a run another name."""
        with self._lock:
            run = self.get(name)
            _check_whole(run)
            run.name = new.strip() or run.name
            self._write(run)
            self._announce(run)

    def delete(self, name: str) -> None:
        """Delete a run and its folder; one under way is ended first."""
        with self._lock:
            run = self.get(name)
            run.refresh()
            if run.holder is not None:
                raise InvalidArgument(f"this run is trained by {run.holder}: stop it there first")
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
            self._find()
            runs = [run.summary() for run in reversed(self._runs.values())]
        return {"kind": "state", "runs": runs, "live": LIVE, "most": RUNS}

    def whole(self, name: str) -> dict[str, Any]:
        """One run with its points, pictures, findings and moments."""
        with self._lock:
            run = self.get(name)
            run.refresh()
            points = list(run.points)
            parts: dict[str, Any] = {"look": run.look, "brought": None}
            try:
                parts["look"] = run.look or read_json(run.folder / LOOK, Look)
                parts["brought"] = brought(run.folder)
            except DataError as error:
                run.damage = run.damage or f"{error}."
            return {
                "run": run.summary(),
                "points": points,
                **parts,
                "moments": steps_kept(run.folder),
                "bytes": bytes_of(run.folder),
            }

    def model(self, name: str) -> Path:
        """The run's model file.

        Raises
        ------
        InvalidArgument
            If it has none yet.
        """
        path = self.get(name).folder / MODEL
        if not is_own(path):
            raise InvalidArgument(
                "this run has no model, or a link in its place: let it train for a moment"
            )
        return path

    def own(self) -> dict[str, Any]:
        """What a fine-tuning may be asked for, as the page's form."""
        return {**offered(self._studio.folder / "digits"), "sources": self._sources()}

    def _sources(self) -> dict[str, str]:
        """The models that it may begin with: their titles by name."""
        with self._lock:
            runs = {
                run.id: run.name
                for run in reversed(self._runs.values())
                if run.settings.dataset == "mnist" and is_own(run.folder / MODEL)
            }
        own = {} if self._studio.model is None else {"model": self._studio.model.name}
        return {"shipped": "the shipped model", **own, **runs}

    def _source(self, name: str) -> Path:
        from handwrought.reading.recognizer import shipped_model

        if name == "shipped":
            return shipped_model()
        if name == "model" and self._studio.model is not None:
            return self._studio.model
        return self.model(name)

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
        self._write(run)
        try:
            run.process = begun(run.folder)
        except OSError as error:
            run.status, run.sentence = "failed", f"No process can be started: {error.strerror}."
            self._write(run)
            self._announce(run)
            raise DataError(run.sentence) from None
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
        end: dict[str, Any] = {}
        for message, payload in said(process):
            if message.get("kind") == "end":
                end = message
            else:
                with self._lock:
                    self._take(run, message, payload)
        code = ended(process)
        with self._lock:
            run.process = run.reader = None
            if end.get("how") in ENDS:
                run.status, run.sentence = end["how"], str(end.get("sentence", ""))
            else:
                run.status, run.sentence = "crashed", epitaph(run.folder, code)
            if run.look is not None:
                with suppress(OSError):
                    write_json(run.folder / LOOK, run.look)
            if run.folder.exists():
                self._write(run)
            if run.id in self._runs:
                self._announce(run)

    def _take(self, run: Run, message: dict[str, Any], payload: bytes) -> None:
        kind = message.pop("kind", None)
        if kind == "progress":
            run.status = "running" if message.pop("running") else "paused"
            run.progress = {**message, "accuracy": run.accuracy}
            self._tell({"kind": "progress", "run": run.id, "status": run.status, **message})
        elif kind == "point":
            points = [*run.points, decode(Point, message["point"])]
            run.points = thinned(points)
            self._tell({"kind": "point", "run": run.id, "point": points[-1],
                        "findings": run.findings()})  # fmt: skip
        elif kind == "look":
            run.look = _pictures(message, payload)
            self._tell({"kind": "look", "run": run.id, **run.look})
        elif kind == "moment":
            self._tell({"kind": "moment", "run": run.id, "step": message["step"]})
        elif kind == "ready":
            run.shape = message
            run.points = [point for point in run.points if point.step <= message["step"]]
            self._write(run)
            self._announce(run)
        elif kind == "changed":
            run.settings = TrainingConfig.of(message["settings"])
            self._write(run)
            self._announce(run)
        elif kind == "brought":
            self._tell({"kind": "brought", "run": run.id, "brought": message["brought"]})
        elif kind == "refused":
            self._tell({"kind": "refused", "run": run.id, "error": message["error"]})
        elif kind == "kept":
            self._write(run)

    # --- telling and keeping ---------------------------------------------------------------------------

    def _tell(self, increment: dict[str, Any]) -> None:
        for listener in self._listeners:
            listener(increment)

    def _announce(self, run: Run) -> None:
        self._tell({"kind": "run", "run": run.summary()})

    def _write(self, run: Run) -> None:
        path = run.folder / CONFIG
        try:
            run.config().write(path)
            run.written = path.lstat().st_mtime_ns
        except CannotWrite as error:
            run.sentence = str(error)
        except OSError as error:
            run.sentence = f"{run.folder} cannot be written: {error.strerror}"


def _check_whole(run: Run) -> None:
    """Nothing is written over what is damaged or another's, and no settings taken from it."""
    if run.status == "damaged":
        raise DataError(run.sentence)
    if run.holder is not None:
        raise InvalidArgument(f"this run is trained by {run.holder}: use it there")


def _pictures(message: dict[str, Any], payload: bytes) -> dict[str, Any]:
    n = message["shown"] * message["n_in"]
    return {
        **message,
        "weights": b64encode(payload[:n]).decode("ascii"),
        "images": b64encode(payload[n:]).decode("ascii"),
    }
