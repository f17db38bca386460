"""``handwrought tune``: its options.  What it does stands in :mod:`handwrought.cli.tuning`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from handwrought.cli.options import asked_for, with_settings

__all__ = ["tune"]


@with_settings(searched=True)
def tune(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="article, quick, record, record-pixels, shipped, or a TOML file: where to start from."
        ),
    ] = None,
    dataset: Annotated[str, typer.Option(help="As for train.")] = "mnist",
    seed: Annotated[int, typer.Option(help="Of the search and of every trial.")] = 0,
    ranges: Annotated[
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
    **settings: Any,
) -> None:
    """Search for hyper-parameters, judged on validation images; the best becomes a recipe."""
    from handwrought.cli.streams import keep_working
    from handwrought.cli.tuning import run

    keep_working()

    fixed = asked_for(context, settings)
    if "hidden" in fixed:
        fixed["hidden"] = "-".join(map(str, fixed["hidden"])) or "0"
    said = [f"{name}={value}" for name, value in fixed.items()]
    code = run(
        recipe=recipe,
        dataset=dataset,
        seed=seed,
        settings=[*said, *(ranges or [])],
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
