from handwrought.exchange.onnx_model import to_onnx
from handwrought.exchange.sklearn_mlp import from_sklearn, to_sklearn
from handwrought.exchange.torch_state import from_torch, to_torch
from handwrought.storage.nielsen import from_nielsen, to_nielsen
