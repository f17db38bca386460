"""The command line: requests in, text out.  Each command's work stands in a file of its name.

Nothing heavy is imported here, so that ``handwrought --help`` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from handwrought.cli.options import asked_for, is_asked_for, with_settings
from handwrought.cli.streams import complain, ended, keep_working, printable, standard_streams
from handwrought.cli.tune import tune
from handwrought.errors import (
    CannotWrite,
    DataError,
    HandwroughtError,
    InvalidArgument,
    ModelFileError,
)
from handwrought.setting import settings_of
from handwrought.training.config import TrainingConfig

__all__ = ["app", "main"]

app = typer.Typer(
    name="handwrought",
    help="A neural network made by hand that reads handwriting.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Json = Annotated[
    bool, typer.Option("--json", help="Write one JSON object to standard output, nothing else.")
]
DatasetName = Annotated[
    str,
    typer.Option(help=settings_of(TrainingConfig)["dataset"].sentence),
]


@app.command(
    epilog="Example:  handwrought train --hidden 100 --cost cross-entropy --learning-rate 0.5"
)
@with_settings()
def train(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="article, quick, record, record-pixels, shipped, or a TOML file: where the defaults "
            "below come from; what is asked for by name stands."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the model (model.safetensors) and its log.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the stopped training of this folder.")
    ] = None,
    checkpoint_every: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Between two checkpoints; 0: after each mini-batch."
        ),
    ] = 300.0,
    committee: Annotated[
        int | None, typer.Option(help="Train so many networks that vote together, into --out.")
    ] = None,
    member: Annotated[
        int | None, typer.Option(help="With --committee: train this member (from 1) alone.")
    ] = None,
    gallery: Annotated[
        bool, typer.Option("--gallery/--no-gallery", help="Draw twelve test digits at the end.")
    ] = True,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="MODEL", help="Teach this model (or: shipped) the digits of --add."
        ),
    ] = None,
    add: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Digits of your own, from handwrought collect."),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Curves for TensorBoard: DIR/<name of --out>."),
    ] = None,
    json_output: Json = False,
    **settings: Any,
) -> None:
    """Train a network and report its test accuracy."""
    keep_working()
    asked = asked_for(context, settings)
    if source is not None or add is not None:
        _fine_tune(context, source, add, out, asked, checkpoint_every, json_output)
        return
    from handwrought.cli.train import configured, run

    if resume is not None:
        _resume(context, resume, asked, checkpoint_every, gallery, json_output, tensorboard)
        return
    _leave(
        run(
            plan=configured(recipe, asked),
            out=out,
            committee=committee,
            member=member,
            checkpoint_every=checkpoint_every,
            gallery=gallery,
            json_output=json_output,
            tensorboard=tensorboard,
        )
    )


def _resume(
    context: typer.Context,
    folder: Path,
    asked: dict[str, Any],
    checkpoint_every: float,
    gallery: bool,
    json_output: bool,
    tensorboard: Path | None,
) -> None:
    from handwrought.cli.train import resume

    for name in ("out", "committee", "member"):
        if is_asked_for(context, name):
            raise InvalidArgument(
                f"--resume goes on with what its folder holds: leave --{name} out"
            )
    if is_asked_for(context, "recipe"):
        asked["recipe"] = context.params["recipe"]
    _leave(
        resume(
            folder,
            asked=asked,
            checkpoint_every=checkpoint_every,
            gallery=gallery,
            json_output=json_output,
            tensorboard=tensorboard,
        )
    )


def _fine_tune(
    context: typer.Context,
    source: str | None,
    add: Path | None,
    out: Path | None,
    asked: dict[str, Any],
    checkpoint_every: float,
    json_output: bool,
) -> None:
    from handwrought.cli.fine_tune import run

    if source is None or add is None:
        raise InvalidArgument(
            "--from MODEL --add DIR go together: the model to teach (--from shipped: the one that "
            "comes with us), and the folder of your digits"
        )
    taken = {"epochs", "learning_rate", "seed"}
    heeded = {*taken, "source", "add", "out", "checkpoint_every", "gallery", "json_output"}
    for name in context.params:
        if name not in heeded and is_asked_for(context, name):
            raise InvalidArgument(
                f"--{name.replace('_', '-')} has no part in --from: leave it out (--epochs, "
                f"--learning-rate, --seed and --out are heeded)"
            )
    _leave(
        run(
            source=source,
            add=add,
            out=out,
            settings=asked,
            checkpoint_every=checkpoint_every,
            json_output=json_output,
        )
    )


app.command(
    epilog="Example:  handwrought tune --recipe quick --set learning_rate=1e-4..1e-2 --trials 30"
)(tune)


@app.command(
    epilog="Example:  handwrought evaluate runs/latest/model.safetensors --report report.html"
)
def evaluate(
    model: Annotated[
        Path, typer.Argument(help="A model saved by handwrought, or the folder of a committee.")
    ],
    dataset: DatasetName = "mnist",
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page there, to open in a browser: one file, no network needed."),
    ] = None,
    report_images: Annotated[
        int, typer.Option(help="Images that the page's robustness curves are measured on, at most.")
    ] = 2000,
    json_output: Json = False,
) -> None:
    """Measure a model on a data set's test images."""
    asked = dict(locals())
    from handwrought.cli.evaluate import run

    _leave(run(**asked))


@app.command(epilog="Example:  handwrought read page.jpg --annotate page-read.png")
def read(
    images: Annotated[
        list[str],
        typer.Argument(help="Pictures, PDFs, folders of them, or - for standard input."),
    ],
    model: Annotated[
        Path | None, typer.Option(help="A model file; by default the one that comes with us.")
    ] = None,
    digits: Annotated[
        int | None, typer.Option(help="1: each picture is one digit; by default it is a page.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Confidence below which a digit becomes a question mark.")
    ] = 0.5,
    annotate: Annotated[
        Path | None, typer.Option(help="Write the page there with boxes and readings drawn in.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Read the digits in photographs, scans, drawings and PDFs."""
    asked = dict(locals())
    from handwrought.cli.read import run

    _leave(run(**asked))


@app.command(epilog="Example:  handwrought collect page.jpg --out my-digits --labels 5021")
def collect(
    images: Annotated[
        list[str],
        typer.Argument(help="Pictures, folders of pictures, or - for standard input."),
    ],
    out: Annotated[Path, typer.Option(help="The folder that the digits are kept in.")] = Path(
        "my-digits"
    ),
    model: Annotated[
        Path | None, typer.Option(help="A model file; by default the one that comes with us.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="The true digits, instead of asking: 5021, or a file with a line for each "
            "picture (also as handwrought read prints them); ? leaves one out."
        ),
    ] = None,
    digits: Annotated[
        int | None, typer.Option(help="1: each picture is one digit; by default it is a page.")
    ] = None,
    only_wrong: Annotated[
        bool, typer.Option("--only-wrong/--all", help="Keep the misread digits alone.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Label digits of your own and keep them, to train with (train --from MODEL --add DIR)."""
    asked = dict(locals())
    from handwrought.cli.collect import run

    _leave(run(**asked))


@app.command(epilog="Example:  handwrought explain --index 7 --layer 2 --neuron 3 --source 400")
def explain(
    model: Annotated[
        Path | None, typer.Option(help="A saved model; without it, an untrained network.")
    ] = None,
    index: Annotated[int, typer.Option(help="Which image.")] = 7,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    layer: Annotated[
        int | None, typer.Option(help="Layer of the neuron to follow, 2 to L as in the article.")
    ] = None,
    neuron: Annotated[int | None, typer.Option(help="The neuron to follow, j.")] = None,
    source: Annotated[
        int | None, typer.Option(help="The neuron k below it, for the weight w_jk.")
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Of the update shown.")] = 3.0,
    dataset: DatasetName = "mnist",
    json_output: Json = False,
) -> None:
    """Walk one image through the four equations, with its numbers."""
    asked = dict(locals())
    from handwrought.cli.explain import run

    _leave(run(**asked))


@app.command(epilog="Example:  handwrought check --json")
def check(
    model: Annotated[
        Path | None, typer.Option(help="A saved model; without it, a grid of networks.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Compare the gradients with central differences and the complex step."""
    from handwrought.cli.check import run

    _leave(run(model=model, json_output=json_output))


@app.command(epilog="Example:  handwrought studio --folder lessons")
def studio(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0: any free port.")
    ] = 8420,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    model: Annotated[
        Path | None, typer.Option(help="The model that reads; by default the shipped one.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where runs and digits are kept; by default among your data."),
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(help="Show and keep runs in this folder instead, such as train's: runs."),
    ] = None,
) -> None:
    """Draw, train and step through backpropagation in the browser, on this machine alone."""
    from handwrought.cli.studio import run

    _leave(run(port=port, browser=browser, model=model, folder=folder, runs=runs))


@app.command(epilog="Example:  handwrought export shipped digits.html")
def export(
    model: Annotated[str, typer.Argument(help="A model file, Nielsen's .json, or: shipped.")],
    out: Annotated[
        Path, typer.Argument(help="OUT.onnx, .html (a page to draw on), .json or .safetensors.")
    ],
    pixels: Annotated[
        bool, typer.Option("--pixels", help="ONNX: uint8 images in, calibrated probabilities out.")
    ] = False,
    opset: Annotated[
        int | None, typer.Option(help="ONNX: version of the operators, from 13; by default 17.")
    ] = None,
    stored: Annotated[
        str | None, typer.Option(help="safetensors: store as float16, float32 or float64.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Write a model for other tools, by the file's suffix."""
    asked = dict(locals())
    from handwrought.cli.export import run

    _leave(run(**asked))


@app.command(epilog="Example:  handwrought info digits")
def info(
    path: Annotated[
        Path | None,
        typer.Argument(help="The folder of a training, or a file of it: is each file whole?"),
    ] = None,
    json_output: Json = False,
) -> None:
    """Versions, BLAS, threads, devices, where files are kept; or whether a training's are whole."""
    if path is not None:
        from handwrought.cli.inspection import run as inspect

        _leave(inspect(path, json_output=json_output))
        return
    from handwrought.cli.info import run

    _leave(run(json_output=json_output))


def _version(wanted: bool) -> None:
    if wanted:
        from handwrought import __version__

        typer.echo(f"handwrought {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _leave(code: int) -> None:
    if code:
        raise typer.Exit(code)


def main() -> None:
    """The program: 0 for success, 2 for wrong input, 1 for other failures, 130 for Ctrl-C."""
    with standard_streams():
        code = ended(_run)
    if code:
        sys.exit(code)


def _run() -> int:
    try:
        return int(app(standalone_mode=False) or 0)
    except HandwroughtError as error:
        complain(error)
        wrong_input = isinstance(error, InvalidArgument | DataError | ModelFileError)
        return 2 if wrong_input and not isinstance(error, CannotWrite) else 1
    except MemoryError:
        complain("there is not enough memory: smaller batches need less")
        return 1
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    except typer.Abort:  # standard input ended where an answer was needed
        complain("stopped")
        return 1
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # Typer's own, of a wrong command line; its class has another home in each version.
        error.message = printable(error.message, keep="\n")  # type: ignore[attr-defined]
        error.show()  # type: ignore[attr-defined]
        return int(error.exit_code)  # type: ignore[attr-defined]
