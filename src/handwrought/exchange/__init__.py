"""Networks to and from other tools: Nielsen's JSON, scikit-learn, PyTorch, ONNX, a page of HTML.

Each format has its file, reader and writer beside each other; whatever it needs beyond NumPy is
imported when it is used.
"""

from handwrought.exchange.files import SUFFIXES, export
from handwrought.exchange.html_page import to_html
from handwrought.exchange.onnx_model import to_onnx
from handwrought.exchange.sklearn_mlp import from_sklearn, to_sklearn
from handwrought.exchange.torch_state import from_torch, to_torch
from handwrought.storage.nielsen import from_nielsen, to_nielsen

__all__ = [
    "SUFFIXES",
    "export",
    "from_nielsen",
    "from_sklearn",
    "from_torch",
    "to_html",
    "to_nielsen",
    "to_onnx",
    "to_sklearn",
    "to_torch",
]
