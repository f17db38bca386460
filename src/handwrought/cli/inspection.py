"""``handwrought info FOLDER``: what each file of a training is, and whether it is whole."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from handwrought.cli.console import new_console
from handwrought.cli.streams import printable
from handwrought.errors import HandwroughtError, InvalidArgument
from handwrought.runs.checkpoint import MOST_BYTES, load_checkpoint
from handwrought.runs.config import RunConfig
from handwrought.runs.folder import CHECKPOINT, CONFIG, HISTORY
from handwrought.runs.history import read_history
from handwrought.storage.container import opened
from handwrought.storage.lock import held_by
from handwrought.storage.model_file import read_model
from handwrought.training.state import TrainingState

__all__ = ["Found", "found_in", "run"]

_FOLDERS = re.compile(r"member-\d+|snapshots|moments")
_STRAY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")


@dataclass(frozen=True)
class Found:
    """A file.

    Attributes
    ----------
    file : str
    what : str
        What it is.
    whole : bool or None
        None where that cannot be known: it is none of ours.
    detail : str
        What is in it, or what is wrong with it.
    """

    file: str
    what: str
    whole: bool | None
    detail: str


def run(path: Path, *, json_output: bool = False) -> int:
    """Print what is found; returns the exit code, 1 where anything is damaged."""
    found = list(found_in(path))
    whole = all(each.whole is not False for each in found)
    if json_output:
        files = [asdict(each) for each in found]
        sys.stdout.write(json.dumps({"path": str(path), "whole": whole, "files": files}) + "\n")
        return 0 if whole else 1
    console = new_console(soft_wrap=True)
    words = {True: "whole", False: "DAMAGED", None: "-"}
    width = max((len(printable(each.file)) for each in found), default=0)
    for each in found:
        console.print(
            f"{printable(each.file):<{width}}  {words[each.whole]:<7}  {each.what}: {each.detail}",
            markup=False,
        )
    if not any(each.whole is not None for each in found):
        console.print(f"{printable(str(path))} holds no file of a training.", markup=False)
    elif whole:
        console.print("Every file of ours is whole.")
    return 0 if whole else 1


def found_in(path: Path) -> Iterator[Found]:
    """What a file is, or each file of a folder.

    Raises
    ------
    InvalidArgument
        If there is neither.
    """
    if path.is_dir():
        yield from _in_folder(path, "")
    elif path.exists() or path.is_symlink():
        yield _file(path, path.name)[0]
    else:
        raise InvalidArgument(
            f"{path} is not there: name the folder of a training, or a file of it"
        )


def _in_folder(folder: Path, before: str) -> Iterator[Found]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InvalidArgument(f"{folder} cannot be read: {error.strerror or error}") from None
    contents: dict[str, Any] = {}
    for path in paths:
        name = before + path.name
        if path.is_dir():
            if _FOLDERS.fullmatch(path.name):
                yield from _in_folder(path, f"{name}/")
            else:
                yield Found(name, "folder", None, "none of a training's")
            continue
        found, content = _file(path, name)
        contents[path.name] = content
        yield found
    state = contents.get(CHECKPOINT)
    if CHECKPOINT not in contents or not isinstance(state, TrainingState):
        return
    if CONFIG not in contents:
        yield Found(before + CONFIG, "plan", False, "missing, and --resume goes on by it")
    done, log = state.epoch - 1, contents.get(HISTORY)
    if HISTORY not in contents and done:
        yield Found(before + HISTORY, "log", False, f"missing: the log of {done} epochs")
    elif isinstance(log, list) and (log[-1].epoch if log else 0) < done:
        yield Found(
            before + HISTORY, "log", False, f"it ends before epoch {done} of the checkpoint"
        )


def _file(path: Path, name: str) -> tuple[Found, Any]:
    """What a file is, and its content where that is to be compared."""
    if not path.is_file():
        return Found(name, "device, pipe or broken link", None, "none of a training's"), None
    if path.name == "lock":
        who = held_by(path.parent)
        return Found(name, "lock", True, f"held by {who}" if who else "held by no process"), None
    if _STRAY.fullmatch(path.name):
        return Found(name, "left by a killed process", None, "--resume deletes it"), None
    kinds = {CONFIG: ("plan", _config), HISTORY: ("log", _log)}
    if path.suffix == ".safetensors":
        what = "checkpoint" if path.name == CHECKPOINT else "model"
        kinds[path.name] = (what, _container)
    if path.name not in kinds:
        return Found(name, "file", None, "none of a training's"), None
    what, read = kinds[path.name]
    try:
        what, detail, content = read(path)
    except (HandwroughtError, OSError, MemoryError) as error:
        return Found(name, what, False, str(error) or error.__class__.__name__), None
    return Found(name, what, True, detail), content


def _config(path: Path) -> tuple[str, str, Any]:
    config = RunConfig.read(path)
    settings, lesson = config.settings, config.lesson
    if lesson is not None:
        return "plan of a fine-tuning", f"{lesson.source} learns {lesson.digits}", config
    widths = "-".join(map(str, settings.hidden)) or "none"
    detail = (
        f"hidden {widths} on {settings.dataset}, {settings.epochs} epochs, seed {settings.seed}"
    )
    if settings.committee is not None:
        return "plan of a committee", f"{settings.committee} members, {detail}", config
    return "plan", detail, config


def _log(path: Path) -> tuple[str, str, Any]:
    entries = read_history(path)
    reports = [each.report for each in entries if each.report is not None]
    points = sum(each.point is not None for each in entries)
    measured = f"{points} points measured" if points else ""
    epochs = f"epochs {reports[0].epoch} to {reports[-1].epoch}" if reports else ""
    detail = ", ".join(filter(None, (epochs, measured))) or "no epoch yet"
    # A studio's log of before knew no epochs.
    return "log", detail, None if points and not reports else reports


def _container(path: Path) -> tuple[str, str, Any]:
    what = "checkpoint" if path.name == CHECKPOINT else "model"
    with opened(path, what, MOST_BYTES) as container:
        ours = "handwrought-checkpoint" in container.metadata
    if ours:
        state = load_checkpoint(path)
        return "checkpoint", f"epoch {state.epoch}, mini-batch {state.batch}", state
    header, network = read_model(path)
    record, sizes = header["record"], network.architecture
    accuracy = record.get("validation_accuracy")
    said = f", validation accuracy {accuracy:.2%}" if isinstance(accuracy, float) else ""
    done = record.get("epochs_done")
    after = f", after epoch {done}" if isinstance(done, int) else ""
    return "model", f"{sizes}, {network.cost.name} cost{after}{said}", network
