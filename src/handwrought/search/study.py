"""Optuna's part of a search: the file that a study is kept in, what it draws, whom it gives up.

A study that goes on asks the same as one that never stopped: what a trial tries is drawn from the
study, its seed, and how many trials came before.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np

from handwrought.errors import HandwroughtError, InvalidArgument, MissingExtra
from handwrought.storage.regular import check_regular, open_regular
from handwrought.training.config import TrainingConfig
from handwrought.training.plan import flat

__all__ = [
    "PRUNERS",
    "give_up_the_dead",
    "open_study",
    "pruner_named",
    "quiet",
    "storage_faults",
    "this_process",
]

PRUNERS = ("median", "halving", "none")
_ASKED = "handwrought"
_UNKNOWN_SECONDS = 60
"""After so long, a trial that does not say whose it is belongs to a process that died."""
_ATTEMPTS = 10


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise MissingExtra("a search for hyper-parameters", "tune") from None
    return optuna


def quiet() -> None:
    """Let Optuna print warnings only, for the rest of this process."""
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)


# --- the storage -------------------------------------------------------------------------------------


def open_study(path: Path | None, name: str, asked: dict[str, Any], pruner: Any, seed: int) -> Any:
    """The study of this name, new or as the storage holds it, for the same search.

    Parameters
    ----------
    path : Path or None
        Ending in .db (SQLite) or .log (a journal); None keeps it in memory.
    name : str
    asked : dict
        What the search is of, as JSON values; kept with the study.
    pruner : optuna.pruners.BasePruner
    seed : int

    Raises
    ------
    MissingExtra
        Without Optuna.
    InvalidArgument
        If the file cannot be used, or its study of this name was of another search.
    """
    study, known, strange = _opened(path, name, pruner, seed)
    if strange:
        raise InvalidArgument(
            f"{path}: study {name!r} was not made by handwrought: take another name"
        )
    asked, known = json.loads(json.dumps(asked)), known and _as_of_today(known)
    if known is None:
        study.set_user_attr(_ASKED, asked)
    elif known != asked:
        differing = next(key for key in asked if known.get(key) != asked[key])
        raise InvalidArgument(
            f"{path}: study {name!r} was of another {differing}, and its trials tell nothing about "
            f"this one: take another name"
        )
    return study


def _opened(path: Path | None, name: str, pruner: Any, seed: int) -> tuple[Any, Any, bool]:
    """The study, what it was of, and whether it holds trials of another program."""
    optuna = _optuna()
    kind = None if path is None else path.suffix
    if path is not None and kind not in (".db", ".log"):
        raise InvalidArgument(
            f"{path}: the name of a study's file ends in .db (SQLite) or .log (a journal that "
            f"several processes share)"
        )
    try:
        storage = None
        if path is not None:
            check_regular(path)  # Optuna opens it by its name
            storage = _sqlite(optuna, path) if kind == ".db" else _journal(optuna, path)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            sampler=_sampler(optuna, seed),
            pruner=pruner,
            direction="maximize",
            load_if_exists=True,
        )
        known = study.user_attrs.get(_ASKED)
        strange = known is None and bool(study.get_trials(deepcopy=False))
    except HandwroughtError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes of Optuna's readers
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise InvalidArgument(f"{path} cannot be used for a study: {why}") from None
    return study, known, strange


def _as_of_today(known: dict[str, Any]) -> dict[str, Any]:
    """What a study of before was of, in a configuration of today."""
    plan = {"about": "", **known.get("plan", {})}
    try:
        return {**known, "plan": TrainingConfig.of(flat(plan)).as_json()}
    except (ValueError, TypeError):
        return known


def _journal(optuna: Any, path: Path) -> Any:
    from optuna.storages import journal

    lock: Any = journal.JournalFileOpenLock(str(path)) if os.name == "nt" else _Lock(path)
    if path.exists() and path.stat().st_size:
        with open_regular(path) as file:
            if file.read(11) != b'{"op_code":':
                raise InvalidArgument(f"{path} is no journal of a study: name another file")
        lock.acquire()
        try:
            _mend(path)
        finally:
            lock.release()
    return optuna.storages.JournalStorage(journal.JournalFileBackend(str(path), lock))


class _Lock:
    """Who holds it may write to the journal; a process that dies lets it go."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acquire(self) -> bool:
        import fcntl

        self._file = self._path.open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        self._file.close()


def _mend(path: Path) -> None:
    """Take back a line that was cut off, by a full disk for example: it would damage the next one."""
    with open_regular(path) as file:
        content = file.read()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _sqlite(optuna: Any, path: Path) -> Any:
    # Two processes that make the tables of one new file at the same time get in each other's way.
    for attempt in range(_ATTEMPTS):
        try:
            _check_sqlite(path)
            return optuna.storages.RDBStorage(
                f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}}
            )
        except Exception:
            if attempt + 1 == _ATTEMPTS or not path.exists():
                raise
            sleep(0.1)


def _check_sqlite(path: Path) -> None:
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if tables and "studies" not in tables:
        raise InvalidArgument(f"{path} is a database of something else: name another file")


@contextmanager
def storage_faults(path: Path | None) -> Iterator[None]:
    """A storage that fails while a search runs is told in one sentence."""
    from optuna.exceptions import StorageInternalError

    try:
        yield
    except (OSError, StorageInternalError, json.JSONDecodeError) as error:
        if isinstance(error, HandwroughtError):
            raise
        cause = error.__cause__ or error
        why = getattr(cause, "strerror", None) or str(cause).partition("\n")[0]
        raise HandwroughtError(
            f"{path} can no longer be used ({why}): what it held until then is kept; mend that, and "
            f"say the same command again"
        ) from None


# --- what a trial tries, and when it is hopeless -----------------------------------------------------


def pruner_named(name: str, epochs: int) -> Any:
    """Optuna's pruner for "median", "halving" or "none", for trials of so many epochs."""
    pruners = _optuna().pruners
    # A high learning rate starts badly and may still end best: nobody is judged by the first third.
    third = -(-epochs // 3)
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=third + 1)
    if name == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=third, reduction_factor=2)
    if name == "none":
        return pruners.NopPruner()
    raise InvalidArgument(f"pruner {name!r} is unknown: use one of {', '.join(PRUNERS)}")


def _sampler(optuna: Any, seed: int) -> Any:
    """The tree-structured Parzen estimator (Bergstra et al. 2011), seeded anew for each trial."""

    class Sampler(optuna.samplers.BaseSampler):  # type: ignore[misc]
        _number, _of_trial = -1, None

        def _for(self, study: Any, trial: Any) -> Any:
            if trial.number != self._number:
                # Trials that were stopped have taught nothing, and do not count.
                before = [t.state.name for t in study.get_trials(deepcopy=False)[: trial.number]]
                rank = len(before) - before.count("FAIL")
                word = int(np.random.SeedSequence([seed, rank]).generate_state(1)[0])
                self._number = trial.number
                self._of_trial = optuna.samplers.TPESampler(
                    seed=word, multivariate=True, constant_liar=True
                )
            return self._of_trial

        def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
            return self._for(study, trial).infer_relative_search_space(study, trial)

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
            return self._for(study, trial).sample_relative(study, trial, search_space)

        def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
            return self._for(study, trial).sample_independent(study, trial, name, distribution)

    return Sampler()


# --- trials of processes that died -------------------------------------------------------------------


def this_process() -> str:
    """A name of this process among all that may share a study."""
    return f"{_machine()} {os.getpid()}"


def _machine() -> str:
    try:  # two containers may have one name, and count their processes each for itself
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def give_up_the_dead(study: Any) -> None:
    """Mark trials as failed that a process began which is no more (of this machine, on POSIX)."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        machine, _, pid = trial.user_attrs.get("process", "").rpartition(" ")
        if machine:
            dead = machine == _machine() and not _lives(int(pid))
        else:
            age = datetime.now() - trial.datetime_start
            dead = age.total_seconds() > _UNKNOWN_SECONDS
        if dead:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _lives(pid: int) -> bool:
    if os.name != "posix":  # elsewhere, asking would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
