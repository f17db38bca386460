"""A search for hyper-parameters: an iterator of trials, which Optuna chooses and remembers.

Each trial is a training of its own on the training images, judged by its accuracy on the validation
images; a test split has no part in it.  What is known is kept after every epoch in a file that
several processes may share (:mod:`handwrought.search.study`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from handwrought.data.dataset import Dataset
from handwrought.errors import InvalidArgument, TrainingDiverged
from handwrought.search.space import Choice, Range, Space, check_space, planned
from handwrought.search.study import (
    give_up_the_dead,
    open_study,
    pruner_named,
    storage_faults,
    this_process,
)
from handwrought.training.config import TrainingConfig
from handwrought.training.observers import early_stopped
from handwrought.training.plan import build, trained_on
from handwrought.training.reports import BatchReport, EpochReport
from handwrought.training.train import begin_training

if TYPE_CHECKING:
    import optuna

__all__ = ["Search", "TrialProgress", "TrialReport", "begin_search"]

_REPORT_EVERY = 100


@dataclass(frozen=True)
class TrialProgress:
    """A report of the trial under way."""

    number: int
    report: EpochReport | BatchReport


@dataclass(frozen=True)
class TrialReport:
    """A trial that has ended.

    Attributes
    ----------
    number : int
        From 0, in the study.
    state : str
        "complete"; "pruned" (hopeless), "diverged", "unfit" (its settings do not go together):
        these count, too; "stopped" (from outside: it does not count); "running".
    accuracy : float or None
        On the validation split: at the end, or of the best epoch where there is a patience; of a
        pruned one, at its last epoch.
    epochs : int
        Done.
    seconds : float
    values : dict
        What was tried, with the learning rate as it was.
    reason : str
        Of any other state than "complete".
    """

    number: int
    state: str
    accuracy: float | None
    epochs: int
    seconds: float
    values: dict[str, Any]
    reason: str = ""


@dataclass(eq=False)
class Search:
    """A study and what it is of; see :func:`begin_search`."""

    study: optuna.Study
    storage: Path | None
    plan: TrainingConfig
    space: Space
    data: Dataset
    track: Callable[[Iterator[Any], Any, TrainingConfig, int], Iterator[Any]] | None = None

    # --- what is known -----------------------------------------------------------------------------

    def trials(self) -> list[TrialReport]:
        """Every trial of the study, in order, those of other processes too."""
        with storage_faults(self.storage):
            return [self._told(trial) for trial in self.study.get_trials(deepcopy=False)]

    def best(self) -> TrialReport | None:
        """The trial with the highest accuracy, the first among equals."""
        complete = [trial for trial in self.trials() if trial.state == "complete"]
        return max(complete, key=lambda trial: trial.accuracy or 0.0, default=None)

    def plan_of(self, number: int) -> TrainingConfig:
        """How a trial was trained."""
        with storage_faults(self.storage):
            return self._planned(self.study.get_trials(deepcopy=False)[number])

    def _planned(self, trial: Any) -> TrainingConfig:
        return planned(self.plan, self._values(trial.params))

    def _values(self, drawn: dict[str, Any]) -> dict[str, Any]:
        """What was drawn, numbers to the four digits that are used."""
        values = {}
        for name, value in drawn.items():
            each = self.space[name]
            if isinstance(each, Range) and isinstance(value, float):
                value = min(max(float(f"{value:.4g}"), each.low), each.high)
            values[name] = value
        return values

    def _told(self, trial: Any) -> TrialReport:
        notes = trial.user_attrs
        if trial.state.name in ("COMPLETE", "PRUNED"):
            state = notes.get("state", trial.state.name.lower())
        else:  # one that does not even say whose it is will not go on
            running = trial.state.name == "RUNNING" and "process" in notes
            state = "running" if running else "stopped"
        plan = self._planned(trial) if set(trial.params) == set(self.space) else self.plan
        values = self._values(trial.params)
        if values.pop("relative_learning_rate", None) is not None:
            values["learning_rate"] = plan.learning_rate
        return TrialReport(
            trial.number,
            state,
            trial.value if trial.state.name in ("COMPLETE", "PRUNED") else None,
            len(trial.intermediate_values),
            trial.duration.total_seconds() if trial.duration else 0.0,
            values,
            notes.get("reason", "its process died" if state == "stopped" else ""),
        )

    # --- the search --------------------------------------------------------------------------------

    def run(
        self, trials: int, seconds: float | None = None
    ) -> Generator[TrialProgress | TrialReport, None, None]:
        """Try until the study holds so many trials, or the time is over; stop by closing.

        Yields a :class:`TrialProgress` now and then and a :class:`TrialReport` after each trial.

        Parameters
        ----------
        trials : int
            In the whole study, all processes' together; those that were stopped do not count.
        seconds : float, optional
            A trial under way is stopped then.

        Raises
        ------
        HandwroughtError
            If the storage fails; what was known before is still in it.
        """
        end = None if seconds is None else perf_counter() + seconds
        with storage_faults(self.storage):
            give_up_the_dead(self.study)
            while self._begun() < trials and (end is None or perf_counter() < end):
                yield from self._trial(end)

    def _begun(self) -> int:
        return sum(trial.state != "stopped" for trial in self.trials())

    def _trial(self, end: float | None) -> Generator[TrialProgress | TrialReport, None, None]:
        from optuna.trial import TrialState

        trial = self.study.ask()
        trial.set_user_attr("process", this_process())
        state, accuracy, notes = TrialState.FAIL, None, {"state": "stopped", "reason": "stopped"}
        try:
            plan = planned(self.plan, self._values(self._drawn(trial)))
            best = 0.0
            with closing(self._reports(plan, trial.number)) as reports:
                for report in reports:
                    last = isinstance(report, EpochReport) and report.epoch == report.epochs
                    if isinstance(report, EpochReport):
                        accuracy = report.validation_accuracy or 0.0
                        best = max(best, accuracy)
                        trial.report(accuracy, report.epoch)
                        if not last and trial.should_prune():
                            state, notes = TrialState.PRUNED, {"state": "pruned"}
                            notes["reason"] = f"hopeless after epoch {report.epoch}"
                            break
                    yield TrialProgress(trial.number, report)
                    if not last and end is not None and perf_counter() > end:
                        notes["reason"] = "the time was over"
                        break
                else:
                    state, notes = TrialState.COMPLETE, {}
                    accuracy = accuracy if plan.patience is None else best
        except TrainingDiverged as error:
            state, notes = TrialState.PRUNED, {"state": "diverged"}
            notes["reason"] = f"the cost overflowed in epoch {error.epoch}"
        except (InvalidArgument, MemoryError) as error:
            state, notes = TrialState.PRUNED, {"state": "unfit"}
            notes["reason"] = str(error) or "the memory is too small"
        finally:  # a close comes here as well, with the trial stopped
            for name, note in notes.items():
                trial.set_user_attr(name, note)
            self.study.tell(trial, accuracy if state == TrialState.COMPLETE else None, state)
        yield self._told(self.study.get_trials(deepcopy=False)[trial.number])

    def _reports(self, plan: TrainingConfig, number: int) -> Any:
        network = build(plan, self.data)
        examples = trained_on(plan, self.data)
        reports: Any = begin_training(network, examples, plan, report_every=_REPORT_EVERY)
        if plan.patience is not None:
            reports = early_stopped(reports, network, patience=plan.patience)
        return reports if self.track is None else self.track(reports, network, plan, number)

    def _drawn(self, trial: optuna.Trial) -> dict[str, Any]:
        drawn: dict[str, Any] = {}
        for name, each in self.space.items():
            if isinstance(each, Choice):
                drawn[name] = trial.suggest_categorical(name, each.values)
            elif each.whole:
                drawn[name] = trial.suggest_int(name, int(each.low), int(each.high), log=each.log)
            else:
                drawn[name] = trial.suggest_float(name, each.low, each.high, log=each.log)
        return drawn


def begin_search(
    plan: TrainingConfig,
    space: Space,
    data: Dataset,
    *,
    storage: Path | None = None,
    name: str = "search",
    pruner: str = "median",
    track: Callable[[Iterator[Any], Any, TrainingConfig, int], Iterator[Any]] | None = None,
) -> Search:
    """A new study, or the one of this name that the storage holds.

    Parameters
    ----------
    plan : TrainingConfig
        What is not searched; ``full`` is taken for false.
    space : Space
        See :func:`handwrought.search.space.read_space`.
    data : Dataset
        Its test split is dropped here.
    storage : Path, optional
        A file ending in .db (SQLite) or .log (a journal); without one, nothing is kept.
    name : str
        Of the study in its storage.
    pruner : {"median", "halving", "none"}
        When a trial is hopeless: below the median of the others at the same epoch, after the first
        third of its epochs and the first five trials; or not in the upper half after a third of its
        epochs, then after twice as many, and so on (Li et al. 2018, asynchronous successive
        halving).
    track : callable, optional
        A transformer of each trial's reports, given them, its network, its plan and its number.

    Raises
    ------
    MissingExtra
        Without Optuna.
    InvalidArgument
        If something in the space fits no training, the storage cannot be used, or the study of
        this name was of something else.
    """
    plan, data = replace(plan, full=False), replace(data, test=None)
    if data.validation is None:
        raise InvalidArgument("a search needs validation images to judge by, and the data has none")
    check_space(space, plan, data)
    asked = {
        "plan": replace(plan, dataset=data.name, about="").as_json(),
        "space": {key: str(each) for key, each in space.items()},
        "images": len(data.train),
    }
    study = open_study(storage, name, asked, pruner_named(pruner, plan.epochs), plan.seed)
    return Search(study, storage, plan, space, data, track)
