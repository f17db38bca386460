"""Reading: 784-512-512-10, uint8 images in, digits out; ours against onnxruntime.

onnxruntime runs the same weights, the division by 255 folded into them, with as many threads as is
best for it.  One image at a time, the images in turn, and all 10,000 in one call; rounds in turn;
medians.

    python benchmarks/inference.py [--rounds 9] [--images N]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

Read = Callable[[Any], Any]


def onnxruntime_session(net: Any, threads: int) -> tuple[Read, Read]:
    """What reads one image, and what reads many."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("Cast", ["image"], ["a0"], to=TensorProto.FLOAT)]
    tensors = []
    for i, layer in enumerate(net.layers, start=1):
        weights = layer.weights.T * np.float32(1 / 255 if i == 1 else 1)
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(weights), f"w{i}"))
        tensors.append(numpy_helper.from_array(layer.biases.copy(), f"b{i}"))
        nodes.append(helper.make_node("Gemm", [f"a{i - 1}", f"w{i}", f"b{i}"], [f"z{i}"]))
        if i < len(net.layers):
            nodes.append(helper.make_node("Relu", [f"z{i}"], [f"a{i}"]))
    nodes.append(helper.make_node("ArgMax", [f"z{i}"], ["digit"], axis=1, keepdims=0))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 784])],
        [helper.make_tensor_value_info("digit", TensorProto.INT64, ["n"])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

    def many(images: Any) -> Any:
        return session.run(None, {"image": images})[0]

    return lambda image: int(many(image[np.newaxis])[0]), many


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--images", type=int, default=10_000)
    asked = parser.parse_args()
    import handwrought as hw

    data = hw.load_dataset("mnist")
    net = hw.Network((784, 512, 512, 10), "relu", "softmax", seed=0)
    for _ in hw.train(net, data.train, epochs=1, batch_size=128, optimizer="adam"):
        pass
    images = data.validation.images.reshape(-1, 784)[: asked.images].copy()
    plain, compiled = hw.Predictor(net, compiled=False), hw.Predictor(net, compiled=True)
    readers: dict[str, tuple[Read, Read]] = {
        "handwrought": (compiled.digit, compiled.digits),
        "handwrought, NumPy alone": (plain.digit, plain.digits),
    }
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        readers[f"onnxruntime, {threads} threads"] = onnxruntime_session(net, threads)
    answers = [many(images) for _, many in readers.values()]
    agreed = min((answers[0] == other).mean() for other in answers)

    one_by_one = cycle(images)

    def time_of_one(read: Read, n: int = 2000) -> float:
        start = perf_counter()
        for _ in range(n):
            read(next(one_by_one))
        return (perf_counter() - start) / n

    def time_of_all(read: Read) -> float:
        start = perf_counter()
        read(images)
        return perf_counter() - start

    found: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    for _ in range(asked.rounds):
        for name, (one, many) in readers.items():
            time_of_one(one, 100)
            time_of_all(many)  # once unmeasured: threads asleep, caches cold
            found[name].append((time_of_one(one), time_of_all(many)))
    times = {name: [median(run) for run in zip(*runs, strict=True)] for name, runs in found.items()}
    print(f"### Inference, 784-512-512-10 (all say the same on {agreed:.2%} of the images)\n")
    print(f"| | one image, microseconds | ours / theirs | {len(images):,} images, ms | "
          "ours / theirs |\n|---|---|---|---|---|")  # fmt: skip
    mine = times["handwrought"]
    for name, (one, all_of_them) in times.items():
        print(f"| {name} | {one * 1e6:.1f} | {mine[0] / one:.2f} | {all_of_them * 1e3:.1f} | "
              f"{mine[1] / all_of_them:.2f} |")  # fmt: skip
    rivals = [pair for name, pair in times.items() if name.startswith("onnxruntime")]
    best = [min(column) for column in zip(*rivals, strict=True)]
    print(f"\nOurs / the fastest rival's: one image {mine[0] / best[0]:.2f}, "
          f"{len(images):,} images {mine[1] / best[1]:.2f}")  # fmt: skip
    return 0 if agreed > 0.999 else 1


if __name__ == "__main__":
    sys.exit(main())
