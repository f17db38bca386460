"""A training in a process of its own: ``python -m handwrought.studio.training_process FOLDER``.

The folder's ``config.json`` holds the wish.  Commands come by standard input and what is measured
goes out by standard output, as :mod:`handwrought.studio.pipes` writes them:

- in: ``{"do": "run"}``, ``"pause"``, ``"batch"``, ``"epoch"``, ``"stop"``, and
  ``{"do": "change", "wish": {...}}``; where the input ends, that is a stop, so that a training
  outlives its studio by a moment only, and nothing of it is lost;
- out: ``ready``, ``progress`` (at most ten a second), ``point``, ``look`` (with its arrays: weights
  as int8, then images as uint8), ``moment``, ``changed``, ``refused``, ``kept`` and at last ``end``.

What is kept in the folder: ``history.jsonl`` (a point a line), ``moments/STEP.safetensors`` (the
network at that step, for the scrubber), ``checkpoint.safetensors`` and ``model.safetensors``.
"""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO

import numpy as np

from handwrought.data.augmentation import Augmentation
from handwrought.data.catalog import load_dataset
from handwrought.data.dataset import Dataset
from handwrought.errors import FolderInUse, HandwroughtError, TrainingDiverged
from handwrought.nn.network import Network
from handwrought.storage.atomic import remove_strays, write_atomically
from handwrought.storage.lock import FolderLock
from handwrought.studio.measuring import Measurer, Point, look
from handwrought.studio.messages import decode
from handwrought.studio.moments import due_steps, moment_path, steps_kept, thinned
from handwrought.studio.pipes import hear, tell
from handwrought.studio.wishes import Wish
from handwrought.training.checkpoints import load_checkpoint, save_checkpoint
from handwrought.training.loop import CHANGEABLE, train
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState

__all__ = ["Session", "main"]

CHECKPOINT, MODEL = "checkpoint.safetensors", "model.safetensors"
HISTORY = "history.jsonl"

_NEWS = 0.1
"""Seconds between two progress messages."""
_MEASURED = 0.4
"""And at least between two points; measuring takes a tenth of the time at most."""
_LOOKED = 0.7
_KEPT = 5.0
_REPORT = 0.04
"""Seconds that a report is to take: so soon a command is obeyed."""


class Session:
    """One training and its folder.

    Parameters
    ----------
    folder : Path
    out : binary file
        Where messages go.
    commands : queue of dict
    """

    def __init__(self, folder: Path, out: BinaryIO, commands: queue.Queue[dict[str, Any]]) -> None:
        self.folder, self.out, self.commands = folder, out, commands
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.wish = decode(Wish, config["wish"])
        data = _data(self.wish)
        self.network = Network(
            [data.train.n_inputs, *self.wish.hidden, data.train.n_classes],
            self.wish.activation,
            self.wish.cost,
            seed=self.wish.seed,
            initializer=self.wish.initializer,
        )
        self.training = self._begun(data)
        self.data, self.measurer = data, Measurer(data.train, data.validation)
        size = min(self.wish.batch_size, len(data.train))
        self.batches = -(-len(data.train) // size)
        state = self.training.state()
        self.step = (state.epoch - 1) * self.batches + state.batch
        self.points = self._recalled()
        self.due = due_steps(self.wish.epochs * self.batches, self.network.parameters.vector.size)
        (folder / "moments").mkdir(exist_ok=True)
        for step in steps_kept(folder):
            if step > self.step:  # after the checkpoint: it will be lived through again
                moment_path(folder, step).unlink(missing_ok=True)
        self.goal = ""  # until the first command says it
        self.speed = self.rate = 0.0
        self._total, self._seen, self._cost = 0.0, 0, None
        self._trained, self._images = 0.0, 0
        self._told = self._measured = self._looked = self._saved = 0.0
        self._pause_measuring, self._pause_saving = _MEASURED, _KEPT

    def _begun(self, data: Dataset) -> Any:
        """The training, or the one that the folder's checkpoint kept, with what is wished now."""
        path = self.folder / CHECKPOINT
        arguments = {**self.wish.arguments(), "report_every": 1}
        if not path.exists():
            return train(self.network, data, **arguments)
        state = load_checkpoint(path)
        training = train(self.network, data, **{**arguments, **_settings(state)}, resume=state)
        training.change(**{name: arguments[name] for name in CHANGEABLE})
        return training

    # --- the loop ----------------------------------------------------------------------------------

    def work(self) -> None:
        """Obey and train until the end."""
        vector = self.network.parameters.vector
        self._tell(
            "ready",
            step=self.step,
            batches=self.batches,
            images=len(self.data.train),
            parameters=int(vector.size),
            sizes=list(self.network.sizes),
        )
        if self.step == 0:
            self._remember()
        self._measure(force=not self.points)
        self._look(force=True)
        while True:
            command = self._command()
            if command is None:
                if self._go_on():
                    return
            elif command["do"] == "stop":
                self._stop()
                return
            else:
                self._obey(command)

    def _command(self) -> dict[str, Any] | None:
        """The next command; None where there is something to do without."""
        if self.goal in ("", "pause"):
            if self.goal:
                self._progress(force=True)
            return self.commands.get()
        try:
            return self.commands.get_nowait()
        except queue.Empty:
            return None

    def _obey(self, command: dict[str, Any]) -> None:
        if command["do"] != "change":
            self.goal = command["do"]
            if self.goal == "pause":
                self._paused()
                return
            if self.goal == "batch":
                self.training.report_every = 1
            # The first step may take a while, where fast code is compiled for the first time.
            self._progress(force=True)
            return
        try:
            wish = decode(Wish, command["wish"])
            arguments = wish.arguments()
            self.training.change(**{name: arguments[name] for name in CHANGEABLE})
        except HandwroughtError as error:
            self._tell("refused", error=str(error))
            return
        self.wish = wish
        total = wish.epochs * self.batches
        self.due = due_steps(total, self.network.parameters.vector.size)
        self._tell("changed", wish=asdict(wish))

    def _go_on(self) -> bool:
        """Train until the next report; returns whether that was the end."""
        start = perf_counter()
        try:
            report = next(self.training)
        except StopIteration:
            self._end("finished")
            return True
        except TrainingDiverged as error:
            self._diverged(error)
            return True
        ended = isinstance(report, EpochReport)
        batch = self.batches if ended else report.batch
        step = (report.epoch - 1) * self.batches + batch
        before = self.step
        self._note(report, step, perf_counter() - start)
        if any(before < due <= self.step for due in self.due):
            self._remember()
        if ended:
            self.rate = report.learning_rate
            self._total, self._seen = 0.0, 0
            self._measure(force=True, whole=True)
            self._look(force=True, whole=True)
            self._keep()
        pause = self.goal == "batch" or (self.goal == "epoch" and ended)
        if pause:
            self.goal = "pause"
            self._paused()
        else:
            self._measure()
            self._look()
            self._keep()
            self._progress()
        return False

    def _note(self, report: Any, step: int, seconds: float) -> None:
        """Count what the report tells, and fit how often the next ones come."""
        done, self.step = step - self.step, step
        if isinstance(report, EpochReport):
            whole = len(self.data.train)
        else:
            whole = min(report.batch * self.wish.batch_size, len(self.data.train))
        total = report.cost * whole
        if whole > self._seen:
            self._cost = (total - self._total) / (whole - self._seen)
        self._images += max(0, whole - self._seen)
        self._total, self._seen = total, whole
        self._trained += seconds
        self.rate = self.training.rate
        if done and self.goal != "batch" and step >= 32:
            # Early on much changes in few steps, so that reports are never far apart then.
            most = min(1 + step // 10, self.batches)
            wanted = max(1, min(most, round(_REPORT * done / max(seconds, 1e-6))))
            if not 0.5 <= wanted / (self.training.report_every or 1) <= 2:
                self.training.report_every = wanted

    def _paused(self) -> None:
        self._measure(force=True)
        self._look(force=True)
        self._keep(force=True)

    # --- what is told and kept ---------------------------------------------------------------------

    def _tell(self, kind: str, payload: bytes = b"", **message: Any) -> None:
        try:
            tell(self.out, {"kind": kind, **message}, payload)
        except OSError:  # nobody reads any more: the studio is gone
            self.commands.put({"do": "stop"})

    def _progress(self, *, force: bool = False) -> None:
        now = perf_counter()
        if not force and now - self._told < _NEWS:
            return
        self._told = now
        total = self.wish.epochs * self.batches
        size = len(self.data.train) / self.batches
        left = (total - self.step) * size / self.speed if self.speed else None
        self._tell(
            "progress",
            running=self.goal != "pause",
            step=self.step,
            total=total,
            epoch=self.step / self.batches,
            epochs=self.wish.epochs,
            cost=_finite(self._cost),
            rate=self.rate,
            speed=self.speed,
            left=left,
        )

    def _measure(self, *, force: bool = False, whole: bool = False) -> None:
        start = perf_counter()
        if not force and start - self._measured < self._pause_measuring:
            # Early on much changes in few steps: then as often as the steps' number grows by a
            # quarter, as long as that is hardly felt.
            last = self.points[-1].step if self.points else 0
            if self.step < 1.25 * last or self._pause_measuring > _MEASURED:
                return
        if self.points and self.points[-1].step == self.step and not whole:
            return
        if self._trained:
            self.speed = self._images / self._trained
        with np.errstate(over="ignore", invalid="ignore"):
            costs = self.measurer.costs(self.network, whole=whole)
            layers = self.measurer.layers(self.network)
        numbers = [*costs, *(layer.gradient for layer in layers)]
        if not np.isfinite([number for number in numbers if number is not None]).all():
            return  # on its way to divergence, which the training itself will tell
        point = Point(
            self.step, self.step / self.batches, _finite(self._cost), *costs, whole,
            self.rate if self.step else 0.0, self.speed, layers,
        )  # fmt: skip
        self._trained, self._images = 0.0, 0
        self.points.append(point)
        fewer = thinned(self.points)
        if fewer is not self.points:
            self.points = fewer
            self._write_history()
        else:
            with (self.folder / HISTORY).open("a", encoding="utf-8") as history:
                history.write(json.dumps(asdict(point)) + "\n")
        self._tell("point", point=asdict(point))
        self._measured = perf_counter()
        self._pause_measuring = max(_MEASURED, 9 * (self._measured - start))

    def _look(self, *, force: bool = False, whole: bool = False) -> None:
        start = perf_counter()
        if not force and start - self._looked < max(_LOOKED, self._pause_measuring):
            return
        with np.errstate(over="ignore", invalid="ignore"):
            seen = look(self.network, self.data.validation if whole else self.measurer.sample)
        payload = seen.weights.tobytes() + seen.images.tobytes()
        shown = len(seen.weights)
        self._tell("look", payload, shown=shown, neurons=seen.neurons, most=seen.most,
                   wrong=seen.wrong, n_in=self.network.n_inputs)  # fmt: skip
        self._looked = perf_counter()

    def _remember(self) -> None:
        """The network as it is now, for the scrubber."""
        half = None if self.network.parameters.vector.size < 200_000 else "float16"
        path = moment_path(self.folder, self.step)
        from handwrought.storage import save_model

        save_model(self.network, path, stored=half)
        self._tell("moment", step=self.step)

    def _keep(self, *, force: bool = False, state: TrainingState | None = None) -> None:
        """Checkpoint and model, now and then."""
        start = perf_counter()
        if not force and start - self._saved < self._pause_saving:
            return
        save_checkpoint(state or self.training.state(), self.folder / CHECKPOINT)
        self._save_model()
        self._saved = perf_counter()
        self._pause_saving = max(_KEPT, 20 * (self._saved - start))
        self._tell("kept", step=self.step)

    def _save_model(self) -> None:
        last = self.points[-1] if self.points else None
        record = {"by": "studio", "step": self.step, **asdict(self.wish)}
        if last is not None:
            record["validation_accuracy"] = last.validation_accuracy
        for name in ("activation", "cost"):  # the header says them
            del record[name]
        self.network.save(self.folder / MODEL, **record)

    def _recalled(self) -> list[Point]:
        """The history up to where the training stands."""
        path = self.folder / HISTORY
        points = []
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    point = Point.of(json.loads(line))
                except (ValueError, TypeError, KeyError):
                    continue  # cut short by a crash
                if point.step <= self.step:
                    points.append(point)
            self.points = points
            self._write_history()
        return points

    def _write_history(self) -> None:
        lines = "".join(json.dumps(asdict(point)) + "\n" for point in self.points)
        write_atomically(self.folder / HISTORY, lines.encode())

    # --- the end ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        state = self.training.state()
        self.training.close()  # the network gets its average, where one is kept
        self._end("stopped", state=state)

    def _diverged(self, error: TrainingDiverged) -> None:
        """Kept is where the epoch began: the network is back there."""
        state = self.training.state()
        vector = self.network.parameters.vector
        arrays = {name: np.zeros_like(array) for name, array in state.arrays.items()}
        arrays |= {
            name: vector.copy() for name in ("parameters", "good", "average") if name in arrays
        }
        numbers = {**state.numbers, "total": 0.0, "steps": 0.0}
        if "averaged" in numbers:
            numbers["averaged"] = 0.0
        self.step = (error.epoch - 1) * self.batches
        state = replace(state, epoch=error.epoch, batch=0, numbers=numbers, arrays=arrays)
        self._end("diverged", str(error), state)

    def _end(self, how: str, sentence: str = "", state: TrainingState | None = None) -> None:
        if how != "diverged":
            self._measure(force=True)
            self._look(force=True, whole=True)
            self._remember()
        self._keep(force=True, state=state)
        self.goal = "pause"
        self._progress(force=True)
        self._tell("end", how=how, sentence=sentence)


def _data(wish: Wish) -> Dataset:
    data = load_dataset(wish.dataset)
    if wish.images is None or wish.images >= len(data.train):
        return data
    return replace(data, train=data.train[: wish.images])


def _settings(state: TrainingState) -> dict[str, Any]:
    """What may have changed before the checkpoint, as it was then."""
    saved = {name: state.settings[name] for name in CHANGEABLE}
    if saved["augmentation"] is not None:
        saved["augmentation"] = Augmentation(**saved["augmentation"])
    saved["dropout"] = saved["dropout"][:-1]
    return saved


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


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
                remove_strays(folder, (CHECKPOINT, MODEL, HISTORY))
                Session(folder, out, commands).work()
        except FolderInUse:
            sentence = "Another studio trains this run: use it there."
            tell(out, {"kind": "end", "how": "failed", "sentence": sentence})
        except HandwroughtError as error:
            tell(out, {"kind": "end", "how": "failed", "sentence": str(error)})


if __name__ == "__main__":
    main()
