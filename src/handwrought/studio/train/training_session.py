"""One training under way: it obeys commands, trains, and tells what happens.

Commands are ``{"do": "run"}``, ``"pause"``, ``"batch"``, ``"epoch"``, ``"stop"``, and
``{"do": "change", "wish": {...}}``.  It tells ``ready``, ``progress`` (at most ten a second),
``point``, ``look`` (with its arrays: weights as int8, then images as uint8), ``moment``,
``changed``, ``refused``, ``brought``, ``kept`` and at last ``end``.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO

import numpy as np

from handwrought.data.catalog import load_dataset
from handwrought.errors import HandwroughtError, TrainingDiverged
from handwrought.nn.network import Network
from handwrought.runs.checkpoint import load_checkpoint
from handwrought.studio.server.messages import decode
from handwrought.studio.train.fine_tuning import OwnTraining
from handwrought.studio.train.process_messages import tell
from handwrought.studio.train.run_folder import CHECKPOINT, CONFIG, MODEL, Config, read_json
from handwrought.studio.train.run_writer import Keeper, Now, finite
from handwrought.studio.train.snapshots import due_steps
from handwrought.studio.train.training_request import TrainingRequest
from handwrought.training.config import changeable
from handwrought.training.plan import build, limited, record_of
from handwrought.training.reports import EpochReport
from handwrought.training.state import TrainingState
from handwrought.training.train import begin_training, go_on

__all__ = ["Session"]

_NEWS = 0.1
"""Seconds between two progress messages."""
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
        self.wish = decode(TrainingRequest, (read_json(folder / CONFIG, Config) or {}).get("wish"))
        self.own = OwnTraining(folder, self.wish) if self.wish.own else None
        self.data = (
            self.own.data if self.own else limited(self.wish, load_dataset(self.wish.dataset))
        )
        self.network = self.own.network if self.own else build(self.wish, self.data)
        self.averaged = self.network.copy() if self.wish.ema_decay else None
        self.training = self._begun()
        size = min(self.wish.batch_size, len(self.data.train))
        self.batches = -(-len(self.data.train) // size)
        state = self.training.state()
        self.step = (state.epoch - 1) * self.batches + state.batch
        sample = self.own.sample if self.own else self.data
        self.keeper = Keeper(folder, sample, self.wish.representation, self.step, self._tell)
        self.due = self._due()
        self.goal = ""  # until the first command says it
        self.speed = self.rate = 0.0
        self._total, self._seen, self._cost = 0.0, 0, None
        self._trained, self._images, self._told = 0.0, 0, 0.0

    def _begun(self) -> Any:
        """The training, or the one that the folder's checkpoint kept, with what is wished now."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return begin_training(self.network, self.data, self.wish, report_every=1)
        state = load_checkpoint(path)
        return go_on(self.network, self.data, state, self.wish, report_every=1)

    def _due(self) -> frozenset[int]:
        """The steps whose network is kept."""
        return due_steps(self.wish.epochs * self.batches, self.network.parameters.vector.size)

    # --- the loop ----------------------------------------------------------------------------------

    def work(self) -> None:
        """Obey and train until the end."""
        self._tell(
            "ready",
            step=self.step,
            batches=self.batches,
            images=len(self.data.train),
            parameters=int(self.network.parameters.vector.size),
            sizes=list(self.network.sizes),
        )
        if self.own:
            self._tell("brought", brought=self.own.measure("before", self.network))
        if self.step == 0:
            self.keeper.remember(self.network, 0)
        self._show(force=not self.keeper.points)
        self.keeper.look(self._given(), force=True)
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
                self._show(force=True)
                self._keep(force=True)
                return
            if self.goal == "batch":
                self.training.report_every = 1
            # The first step may take a while, where fast code is compiled for the first time.
            self._progress(force=True)
            return
        try:
            wish = decode(TrainingRequest, command["wish"])
            self.training.change(**{name: getattr(wish, name) for name in changeable()})
        except HandwroughtError as error:
            self._tell("refused", error=str(error))
            return
        self.wish = wish
        self.due = self._due()
        self._tell("changed", wish=asdict(wish))

    def _go_on(self) -> bool:
        """Train until the next report; returns whether that was the end."""
        start = perf_counter()
        try:
            report = next(self.training)
        except StopIteration:
            if self.own:
                self.network.parameters.vector[...] = self.own.best.vector
            self._end("finished")
            return True
        except TrainingDiverged as error:
            self._diverged(error)
            return True
        ended = isinstance(report, EpochReport)
        before, batch = self.step, self.batches if ended else report.batch
        self._note(report, (report.epoch - 1) * self.batches + batch, perf_counter() - start)
        if any(before < due <= self.step for due in self.due):
            self.keeper.remember(self._given(), self.step)
        if ended:
            if self.own:
                self.own.see(self.network, report)
            self.rate = report.learning_rate
            self._total, self._seen = 0.0, 0
        pause = self.goal == "batch" or (self.goal == "epoch" and ended)
        self._show(force=ended or pause, whole=ended)
        self._keep(force=pause)
        if pause:
            self.goal = "pause"
        else:
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

    def _given(self) -> Network:
        """The network that the training would give if it ended now: its average, where one is
        kept.  That is what is shown, measured and saved."""
        if self.averaged is None or self.training.average is None:
            return self.network
        np.copyto(self.averaged.parameters.vector, self.training.average)
        return self.averaged

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
            cost=finite(self._cost),
            rate=self.rate,
            speed=self.speed,
            left=left,
        )

    def _show(self, *, force: bool, whole: bool = False) -> None:
        """Points and pictures, as often as can be afforded."""
        speed = self._images / self._trained if self._trained else self.speed
        now = Now(self.step, self.step / self.batches, self._cost, self.rate, speed)
        given = self._given()
        if self.keeper.measure(given, now, force=force, whole=whole):
            self.speed = speed
            self._trained, self._images = 0.0, 0
        self.keeper.look(given, force=force, whole=whole)

    def _keep(
        self,
        *,
        force: bool = False,
        state: TrainingState | None = None,
        save: Callable[[], None] | None = None,
    ) -> None:
        self.keeper.keep(
            lambda: state or self.training.state(),
            save or (lambda: self._save(self._given())),
            self.step,
            force=force,
        )

    def _save(self, network: Network) -> None:
        points = self.keeper.points
        record = {"by": "studio", "step": self.step, **record_of(self.wish)}
        record["dataset"] = self.wish.dataset
        if points:
            record["validation_accuracy"] = points[-1].validation_accuracy
        network.save(self.folder / MODEL, **record)

    # --- the end ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        state = self.training.state()
        given = self._given().parameters.vector
        self.training.close()
        self.network.parameters.vector[...] = given
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
        """The network is what the training has given."""
        self.averaged = None
        if how != "diverged":
            self._show(force=True)
            self.keeper.look(self.network, force=True, whole=True)
            self.keeper.remember(self.network, self.step)
        self._keep(force=True, state=state, save=self._save_last)
        if self.own:
            self._tell("brought", brought=self.own.measure("after", self.network))
        self.goal = "pause"
        self._progress(force=True)
        self._tell("end", how=how, sentence=sentence)

    def _save_last(self) -> None:
        if self.own:
            self.own.save(self.network, self.step // self.batches)
        else:
            self._save(self.network)
