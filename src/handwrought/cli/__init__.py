"""The command line: requests in, text out.  Each command's work stands in a file of its name.

Nothing heavy is imported here, so that ``handwrought --help`` answers at once.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from handwrought.cli.streams import complain, ended, keep_working, printable, standard_streams
from handwrought.cli.tune import tune
from handwrought.errors import (
    CannotWrite,
    DataError,
    HandwroughtError,
    InvalidArgument,
    ModelFileError,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="handwrought",
    help="A neural network made by hand that reads handwriting.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _choices(name: str, *values: str) -> Any:
    return StrEnum(name, {value: value for value in values})


# The names are repeated here so that --help needs no NumPy; a test compares them with the library.
ActivationName = _choices(
    "ActivationName",
    "identity", "sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "softmax",
)  # fmt: skip
CostName = _choices("CostName", "quadratic", "cross-entropy", "softmax")
OptimizerName = _choices("OptimizerName", "sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
ScheduleName = _choices(
    "ScheduleName", "constant", "step", "halve-on-plateau", "cosine", "one-cycle"
)
InitializerName = _choices("InitializerName", "normal", "lecun_normal", "glorot", "he")

Json = Annotated[
    bool, typer.Option("--json", help="Write one JSON object to standard output, nothing else.")
]
DatasetName = Annotated[
    str,
    typer.Option(
        help="mnist, fashion-mnist, kmnist, emnist-digits, qmnist, or a path to "
        "IDX files, an .npz, a .csv or a folder of pictures."
    ),
]


@app.command(
    epilog="Example:  handwrought train --hidden 100 --cost cross-entropy --learning-rate 0.5"
)
def train(
    context: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="article, quick, record, record-pixels, shipped, or a TOML file: where the defaults "
            "below come from; what is asked for by name stands."
        ),
    ] = None,
    dataset: DatasetName = "mnist",
    hidden: Annotated[
        str, typer.Option(help="Neurons of each hidden layer, such as 30 or 100,50; 0 for none.")
    ] = "30",
    activation: Annotated[
        ActivationName, typer.Option(help="Activation of the hidden layers.")  # type: ignore[valid-type]
    ] = ActivationName("sigmoid"),
    cost: Annotated[CostName, typer.Option(help="Cost function.")] = CostName("quadratic"),  # type: ignore[valid-type]
    optimizer: Annotated[OptimizerName, typer.Option(help="Optimizer.")] = OptimizerName("sgd"),  # type: ignore[valid-type]
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Learning rate; by default one that suits (3.0 for sgd on quadratic)."),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Images in a mini-batch.")] = 10,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 30,
    weight_decay: Annotated[
        float, typer.Option(help="L2: λ of (λ/2) Σ w². Nielsen's λ divided by the images.")
    ] = 0.0,
    l1: Annotated[float, typer.Option(help="L1: λ of λ Σ |w|.")] = 0.0,
    dropout: Annotated[float, typer.Option(help="Share of hidden neurons left out.")] = 0.0,
    label_smoothing: Annotated[float, typer.Option(help="From 0 (off) to 1.")] = 0.0,
    schedule: Annotated[
        ScheduleName, typer.Option(help="Course of the learning rate.")  # type: ignore[valid-type]
    ] = ScheduleName("constant"),
    warm_up: Annotated[float, typer.Option(help="Share of the training with a rising rate.")] = 0.0,
    clip_norm: Annotated[
        float | None,
        typer.Option(help="Scale longer gradients, L1's and L2's part included, to this norm."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many epochs without a better validation; keep the best."),
    ] = None,
    hardest: Annotated[
        float, typer.Option(help="Share of a mini-batch, the most wrong, that is backpropagated.")
    ] = 1.0,
    average: Annotated[
        float,
        typer.Option(help="Decay of a running average of the weights, such as 0.999; 0: none."),
    ] = 0.0,
    initializer: Annotated[
        InitializerName | None,  # type: ignore[valid-type]
        typer.Option(help="Initial weights: normal is N(0,1); default by activation."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the weights, the order and dropout.")] = 0,
    full: Annotated[
        bool, typer.Option("--full", help="Train on training and validation images together.")
    ] = False,
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
) -> None:
    """Train a network and report its test accuracy."""
    keep_working()
    if source is not None or add is not None:
        _fine_tune(
            context, source, add, out, epochs, learning_rate, seed, checkpoint_every, json_output
        )
        return
    from handwrought.cli.train import run
    from handwrought.training.plan import Plan
    from handwrought.training.recipes import load_recipe

    arguments: dict[str, Any] = {
        "hidden": _hidden_widths(hidden),
        "activation": str(activation),
        "cost": str(cost),
        "initializer": None if initializer is None else str(initializer),
        "optimizer": str(optimizer),
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "epochs": epochs,
        "weight_decay": weight_decay,
        "l1": l1,
        "dropout": dropout,
        "label_smoothing": label_smoothing,
        "schedule": str(schedule),
        "warm_up": warm_up,
        "clip_norm": clip_norm,
        "hardest": hardest,
        "average": average,
        "patience": patience,
        "seed": seed,
        "full": full,
    }
    asked = {name: value for name, value in arguments.items() if _is_asked_for(context, name)}
    if resume is not None:
        _resume(context, resume, asked, checkpoint_every, gallery, json_output, tensorboard)
        return
    plan = Plan.of(dataset, arguments, load_recipe(recipe) if recipe else None, asked)
    _leave(
        run(
            plan=plan,
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
        if _is_asked_for(context, name):
            raise InvalidArgument(
                f"--resume goes on with what its folder holds: leave --{name} out"
            )
    for name in ("dataset", "recipe"):
        if _is_asked_for(context, name):
            asked[name] = context.params[name]
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
    epochs: int,
    learning_rate: float | None,
    seed: int,
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
        if name not in heeded and _is_asked_for(context, name):
            raise InvalidArgument(
                f"--{name.replace('_', '-')} has no part in --from: leave it out (--epochs, "
                f"--learning-rate, --seed and --out are heeded)"
            )
    values = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
    _leave(
        run(
            source=source,
            add=add,
            out=out,
            settings={name: values[name] for name in taken if _is_asked_for(context, name)},
            checkpoint_every=checkpoint_every,
            json_output=json_output,
        )
    )


def _is_asked_for(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _hidden_widths(text: str) -> list[int]:
    try:
        widths = [int(part) for part in text.replace("-", ",").split(",")]
    except ValueError:
        widths = [-1]
    if widths == [0]:
        return []
    if min(widths) < 1:
        raise InvalidArgument(
            f"--hidden is {text!r}: give whole numbers above 0 such as 30 or 100,50; 0 for none"
        )
    return widths


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
    from handwrought.cli.evaluate import run

    _leave(
        run(
            model=model,
            dataset=dataset,
            json_output=json_output,
            report=report,
            report_images=report_images,
        )
    )


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
    from handwrought.cli.read import run

    _leave(
        run(
            images=images,
            model=model,
            digits=digits,
            threshold=threshold,
            annotate=annotate,
            json_output=json_output,
        )
    )


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
    from handwrought.cli.collect import run

    _leave(
        run(
            images=images,
            out=out,
            model=model,
            labels=labels,
            digits=digits,
            only_wrong=only_wrong,
            json_output=json_output,
        )
    )


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
    from handwrought.cli.explain import run

    _leave(
        run(
            model=model,
            index=index,
            split=split,
            layer=layer,
            neuron=neuron,
            source=source,
            learning_rate=learning_rate,
            dataset=dataset,
            json_output=json_output,
        )
    )


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
) -> None:
    """Draw, train and step through backpropagation in the browser, on this machine alone."""
    from handwrought.cli.studio import run

    _leave(run(port=port, browser=browser, model=model, folder=folder))


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
    from handwrought.cli.export import run

    _leave(
        run(
            model=model,
            out=out,
            pixels=pixels,
            opset=opset,
            stored=stored,
            json_output=json_output,
        )
    )


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
