"""The configurations of before format 2: of trainings and fine-tunings of the command line, and of the
studio's runs."""

from __future__ import annotations

from typing import Any

from handwrought.training.config import TrainingConfig

__all__ = ["upgraded"]

_NEEDED = {"dataset", "hidden", "activation", "cost", "epochs", "seed"}


def upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a ``config.json`` as format 2 names them; ValueError where they are none.

    Before it, the command line kept a training's settings alone, in tables of its network and of its
    training; a fine-tuning's under ``fine_tuning``, those alone that were asked for; the studio its
    under ``wish``, beside name, progress and shape.
    """
    if "format" in values:
        return values
    if "fine_tuning" in values:
        return {"format": 1, **_fine_tuning(dict(values["fine_tuning"]))}
    if "wish" in values:
        return {"format": 1, **_studio(dict(values))}
    return {"format": 1, "settings": _settings(values)}


def _settings(values: dict[str, Any]) -> dict[str, Any]:
    from handwrought.training.plan import flat

    found = flat(values)
    if missing := _NEEDED - set(found):
        raise ValueError(f"it has no {', '.join(sorted(missing))}")
    return found


def _fine_tuning(kept: dict[str, Any]) -> dict[str, Any]:
    from handwrought.training.fine_tuning import arguments

    asked = {name: value for name, value in kept["settings"].items() if name != "dataset"}
    lesson = {"source": kept["source"], "model": kept["model"], "digits": kept["add"]}
    settings = TrainingConfig(**arguments(**asked))
    return {"settings": settings.as_json(), "lesson": lesson}


def _studio(kept: dict[str, Any]) -> dict[str, Any]:
    wish = dict(kept.pop("wish"))
    return {**kept, "lesson": wish.pop("own", None), "settings": _settings(wish)}
