"""Options made of the declared settings: name, type, choices, default and help stand there alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from handwrought.cli.streams import complain
from handwrought.errors import InvalidArgument
from handwrought.setting import Setting, settings_of
from handwrought.training.config import RENAMED, UNTIL, TrainingConfig, renamed

__all__ = ["asked_for", "is_asked_for", "options", "with_settings"]

_TYPES: dict[str, Any] = {"whole": int, "number": float, "flag": bool, "text": str}


def options(kind: type = TrainingConfig, *, searched: bool = False) -> list[inspect.Parameter]:
    """Those of ``train``; or, without defaults, those of ``tune``, which fix what is searched."""
    settings = [
        each
        for each in settings_of(kind).values()
        if each.kind != "changes" and each.group != "record" and (each.searched or not searched)
    ]
    names = {each.name for each in settings}
    old = [
        _parameter(name, f"--{name}", str, None, hidden=True)
        for name, new in RENAMED.items()
        if new in names
    ]
    return [*(_of(each, searched) for each in settings), *old]


def _of(setting: Setting, searched: bool) -> inspect.Parameter:
    name, default, words = setting.name, setting.default, setting.sentence
    found, shape = _TYPES.get(setting.kind), {}
    if setting.kind == "choice":
        found, shape["metavar"] = str, f"[{'|'.join(setting.choices)}]"
    elif setting.many == "always":
        found, default = str, ",".join(map(str, default)) or "0"
        words = f"{words.removesuffix('.')}, such as 30 or 100,50; 0 for none."
    if setting.unset:
        words = f"{words.removesuffix('.')}; by default {setting.unset}."
    return _parameter(
        name,
        _flag(name),
        found,
        None if searched else default,
        help=f"Fixed. {words}" if searched else words,
        **shape,
    )


def _parameter(name: str, flag: str, kind: Any, default: Any, **said: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[
            kind if default is not None else kind | None, typer.Option(flag, **said)
        ],
    )


def with_settings(*, searched: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A command whose ``**settings`` are these options; they stand after its ``dataset`` or
    ``recipe``."""

    def wrap(command: Callable[..., Any]) -> Callable[..., Any]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())
        own = [
            each.replace(kind=each.KEYWORD_ONLY) for each in own if each.kind != each.VAR_KEYWORD
        ]
        at = 1 + max(i for i, each in enumerate(own) if each.name in ("recipe", "dataset"))
        parameters = [*own[:at], *options(searched=searched), *own[at:]]
        vars(command)["__signature__"] = inspect.Signature(parameters)
        return command

    return wrap


def is_asked_for(context: typer.Context, name: str) -> bool:
    """Whether an option was given by name."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def asked_for(context: typer.Context, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given by name, as values; an old name is told and taken."""
    given = {name: value for name, value in settings.items() if is_asked_for(context, name)}
    found = {}
    for name, value in renamed(given, _complain).items():
        setting = settings_of(TrainingConfig)[name]
        if setting.many == "always":
            value = _widths(name, value)
        elif isinstance(value, str) and setting.kind in ("whole", "number"):
            value = _number(name, setting, value)
        found[name] = value
    return found


def _complain(old: str, new: str) -> None:
    complain(f"--{old} is called {_flag(new)} now: {UNTIL}")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _number(name: str, setting: Setting, text: str) -> Any:
    try:
        return _TYPES[setting.kind](text)
    except ValueError:
        raise InvalidArgument(f"{_flag(name)} is {text!r}: give a number") from None


def _widths(name: str, text: str) -> list[int]:
    try:
        widths = [int(part) for part in text.replace("-", ",").split(",")]
    except ValueError:
        widths = [-1]
    if widths == [0]:
        return []
    if min(widths) < 1:
        raise InvalidArgument(
            f"--{name} is {text!r}: give whole numbers above 0 such as 30 or 100,50; 0 for none"
        )
    return widths
