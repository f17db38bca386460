"""``handwrought tune``: its options.  What it does stands in :mod:`handwrought.cli.tuning`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["tune"]


def tune(
    recipe: Annotated[
        str | None,
        typer.Option(
            help="article, quick, record, record-pixels, shipped, or a TOML file: where to start from."
        ),
    ] = None,
    dataset: Annotated[str, typer.Option(help="As for train.")] = "mnist",
    hidden: Annotated[str | None, typer.Option(help="Fixed, instead of searched.")] = None,
    activation: Annotated[str | None, typer.Option(help="Fixed.")] = None,
    cost: Annotated[str | None, typer.Option(help="Fixed.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="Fixed.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Fixed.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Fixed.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Of each trial.")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Fixed.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Fixed.")] = None,
    schedule: Annotated[str | None, typer.Option(help="Of the learning rate.")] = None,
    seed: Annotated[int, typer.Option(help="Of the search and of every trial.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="Search a range, learning_rate=1e-4..1e-2, or a "
            "choice, hidden=64,256-128; or fix a value, label_smoothing=0.1.  Instead of the usual "
            "space, once anything is searched.",
        ),
    ] = None,
    space: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="The same, as a TOML file.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Trials in the study, all in all.")] = 20,
    timeout: Annotated[float | None, typer.Option(help="Stop after so many seconds.")] = None,
    pruner: Annotated[
        str, typer.Option(help="End hopeless trials early: median, halving or none.")
    ] = "median",
    images: Annotated[
        int | None, typer.Option(help="Train on so many images only: rougher, and quicker.")
    ] = None,
    storage: Annotated[
        Path, typer.Option(help="Where the study is kept: .log (several may share it) or .db.")
    ] = Path("tune.log"),
    name: Annotated[
        str | None, typer.Option(help="Of the study; one of this name goes on.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="For the best trial's recipe.")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Curves of every trial, for TensorBoard.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Write one JSON object to standard output, nothing else.")
    ] = False,
) -> None:
    """Search for hyper-parameters, judged on validation images; the best becomes a recipe."""
    from handwrought.cli.streams import keep_working
    from handwrought.cli.tuning import run

    keep_working()

    fixed = {
        "hidden": hidden and hidden.replace(",", "-"),
        "activation": activation,
        "cost": cost,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "epochs": epochs,
        "weight_decay": weight_decay,
        "dropout": dropout,
        "schedule": schedule,
    }
    said = [f"{key}={value}" for key, value in fixed.items() if value is not None]
    code = run(
        recipe=recipe,
        dataset=dataset,
        seed=seed,
        settings=[*said, *(settings or [])],
        space_file=space,
        trials=trials,
        timeout=timeout,
        pruner=pruner,
        images=images,
        storage=storage,
        name=name,
        out=out,
        tensorboard=tensorboard,
        json_output=json_output,
    )
    if code:
        raise typer.Exit(code)
