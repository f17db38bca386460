"""An ONNX model run by onnxruntime, and by ONNX's own reference."""

import onnx.reference
import onnxruntime

__all__ = ["by_onnxruntime", "by_the_reference", "opened"]


def opened(model):
    """The model in onnxruntime, to be run many times."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def by_onnxruntime(model, **inputs):
    return opened(model).run(None, inputs)[0]


def by_the_reference(model, **inputs):
    return onnx.reference.ReferenceEvaluator(model).run(None, inputs)[0]
