"""handwrought: a neural network made by hand that reads handwriting.

>>> import handwrought as hw
>>> data = hw.load_dataset("mnist")
>>> net = hw.Network([784, 30, 10], activation="sigmoid", cost="quadratic", seed=0)
>>> for report in hw.train(net, data, epochs=30, batch_size=10, learning_rate=3.0):
...     print(report.epoch, report.validation_accuracy)
>>> hw.evaluate(net, data.test).accuracy

The public names below are loaded when they are first used, so that importing the package costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "handwrought.data.dataset",
    "HandwroughtError": "handwrought.errors",
    "Model": "handwrought.model",
    "Network": "handwrought.nn.network",
    "Predictor": "handwrought.inference",
    "Recognizer": "handwrought.reading.recognizer",
    "Run": "handwrought.runs.run",
    "Split": "handwrought.data.dataset",
    "check_gradients": "handwrought.nn.gradient_check",
    "evaluate": "handwrought.evaluation",
    "load_dataset": "handwrought.data.catalog",
    "train": "handwrought.training.train",
}

__all__ = [
    "Dataset",
    "HandwroughtError",
    "Model",
    "Network",
    "Predictor",
    "Recognizer",
    "Run",
    "Split",
    "__version__",
    "check_gradients",
    "evaluate",
    "load_dataset",
    "train",
]

if TYPE_CHECKING:
    from handwrought.data.catalog import load_dataset as load_dataset
    from handwrought.data.dataset import Dataset as Dataset
    from handwrought.data.dataset import Split as Split
    from handwrought.errors import HandwroughtError as HandwroughtError
    from handwrought.evaluation import evaluate as evaluate
    from handwrought.inference import Predictor as Predictor
    from handwrought.model import Model as Model
    from handwrought.nn.gradient_check import check_gradients as check_gradients
    from handwrought.nn.network import Network as Network
    from handwrought.reading.recognizer import Recognizer as Recognizer
    from handwrought.runs.run import Run as Run
    from handwrought.training.train import train as train


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
