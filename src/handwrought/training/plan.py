"""A plan: all that a training is asked for, from the data to the seed, as JSON values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Final

from handwrought.data.augmentation import Augmentation
from handwrought.data.dataset import Dataset, Split
from handwrought.data.representations import REPRESENTATIONS, n_features, represent_split
from handwrought.errors import CannotWrite, InvalidArgument
from handwrought.nn.network import Network
from handwrought.storage.atomic import write_atomically
from handwrought.storage.regular import read_regular
from handwrought.storage.sealed import sealed, unsealed
from handwrought.training.recipes import NETWORK, TRAINING, Recipe
from handwrought.training.train import CHANGEABLE

__all__ = ["Plan", "write_plan"]

_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "dataset": str, "network": dict, "training": dict, "seed": int, "full": bool,
    "patience": (int, type(None)), "view": str, "recipe": str, "committee": (int, type(None)),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What to train, on what, and how.

    Attributes
    ----------
    dataset : str
        A name of the catalog, or a path.
    network : dict
        ``hidden`` (a list of widths), ``activation``, ``cost``, ``initializer``.
    training : dict
        Arguments of :func:`handwrought.train`.
    seed : int
    full : bool
        Whether validation images are trained on, too.
    patience : int or None
        Of early stopping, in epochs.
    view : str
        How the network sees images; see :mod:`handwrought.data.representations`.
    recipe : str
        The recipe's name, for the record.
    augmentation : Augmentation or None
    committee : int or None
        Of so many members, whose plans are made of this one; None for one network.
    """

    dataset: str = "mnist"
    network: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    full: bool = False
    patience: int | None = None
    view: str = "as-is"
    recipe: str = ""
    augmentation: Augmentation | None = None
    committee: int | None = None

    @classmethod
    def of(
        cls,
        dataset: str,
        defaults: dict[str, Any],
        recipe: Recipe | None,
        asked: dict[str, Any],
    ) -> Plan:
        """Defaults, then what the recipe says, then what was asked for by name."""
        values = {**defaults, **(recipe.network | recipe.training if recipe else {}), **asked}
        if values["full"] and values["patience"] is not None:
            raise InvalidArgument(
                "--patience needs the validation images, which --full trains on: leave one out"
            )
        if values["patience"] is not None and values["patience"] < 1:
            raise InvalidArgument(f"--patience is {values['patience']}: give at least 1 epoch")
        network = {
            name: values.pop(name) for name in ("hidden", "activation", "cost", "initializer")
        }
        kept = {name: values.pop(name) for name in ("seed", "full", "patience")}
        kept["view"] = values.pop("view", "as-is")
        return cls(
            dataset,
            network,
            values,
            recipe=recipe.name if recipe else "",
            augmentation=recipe.augmentation if recipe else None,
            **kept,
        )

    def gone_on(self, asked: dict[str, Any]) -> Plan:
        """The plan of a training that goes on, where these options are asked for by name.

        Raises
        ------
        InvalidArgument
            For one that cannot change in a training under way.
        """
        own = {"dataset": self.dataset, "recipe": self.recipe, "full": self.full}
        now = {**own, "seed": self.seed, "patience": self.patience, **self.network, **self.training}
        changes = {name: value for name, value in asked.items() if now.get(name) != value}
        can = set() if self.committee is not None else CHANGEABLE & set(self.training)
        for name in sorted(set(changes) - can):
            options = ", ".join(sorted(f"--{each.replace('_', '-')}" for each in can)) or "nothing"
            raise InvalidArgument(
                f"--{name.replace('_', '-')} cannot change where a training goes on, and is "
                f"{now.get(name)!r} there ({options} can): leave it out, or train anew with --out"
            )
        return replace(self, training=self.training | changes)

    def build(self, data: Dataset) -> Network:
        """The untrained network."""
        return Network(
            [
                n_features(data.train.images.shape[1:], self.view),
                *self.network["hidden"],
                data.train.n_classes,
            ],
            self.network["activation"],
            self.network["cost"],
            seed=self.seed,
            initializer=self.network["initializer"],
        )

    def trained_on(self, data: Dataset) -> Dataset | Split:
        """The examples: a Dataset, or the Split where nothing is validated."""
        return data.full_train if self.full else data

    def seen(self, split: Split) -> Split:
        """A split in this plan's view."""
        return represent_split(split, self.view)

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of :func:`handwrought.train`."""
        own = {"seed": self.seed, "augmentation": self.augmentation, "view": self.view}
        return {**self.training, **own}

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)

    def as_recipe(self, name: str, about: str) -> Recipe:
        """What :meth:`of` makes this plan of, given the same data; what is None is left out."""
        kept: dict[str, Any] = {"seed": self.seed, "full": self.full, "patience": self.patience}
        kept["view"] = None if self.view == "as-is" else self.view
        tables = (self.network, self.training | kept)
        network, training = ({k: v for k, v in t.items() if v is not None} for t in tables)
        return Recipe(name, about, network, training, self.augmentation)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Plan:
        """The plan that a training's folder keeps.

        Raises
        ------
        InvalidArgument
            If there is none, or it is damaged.
        """
        try:
            content = read_regular(path, 1 << 20)
        except OSError as error:
            raise InvalidArgument(
                f"{path} cannot be read ({error.strerror or error}): name a folder that handwrought "
                f"train --out made"
            ) from None
        try:
            values, _ = unsealed(content, indent=1)
            changes = values.pop("augmentation")
            plan = cls(**values, augmentation=None if changes is None else Augmentation(**changes))
            _check(plan)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InvalidArgument(f"{path} is no training's plan, or is damaged: {error}") from None
        return plan

    def write(self, path: str | PathLike[str]) -> None:
        """Keep the plan in a training's folder, with a digest.

        Raises
        ------
        CannotWrite
            If that cannot be done; what was there is whole.
        """
        write_plan(self.as_json(), path)


def write_plan(values: dict[str, Any], path: str | PathLike[str]) -> None:
    """Keep what was asked for, of whatever kind of training, with a digest.

    Raises
    ------
    CannotWrite
        If that cannot be done; what was there is whole.
    """
    try:
        write_atomically(Path(path), sealed(values, indent=1))
    except OSError as error:
        raise CannotWrite.of(path, error, "name another folder with --out") from None


def _check(plan: Plan) -> None:
    """Raise ValueError where a file's plan has a value of another kind than a plan of ours."""
    for name, kind in _KINDS.items():
        value = getattr(plan, name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{name} is {value!r}")
    if set(plan.network) != NETWORK or not isinstance(plan.network["hidden"], list):
        raise ValueError(f"network is {plan.network!r}")
    unknown = set(plan.training) - (TRAINING | {"plateau_patience"})
    if unknown or "epochs" not in plan.training:
        raise ValueError(f"training has {', '.join(sorted(unknown)) or 'no epochs'}")
    if plan.view not in REPRESENTATIONS:
        raise ValueError(f"view is {plan.view!r}")
