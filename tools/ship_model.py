"""Make the shipped model of a trained one: fit its temperature on validation, store it as float16.

python tools/ship_model.py runs/NAME/model.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

import handwrought as hw
from handwrought.reading.recognizer import Recognizer, shipped_model
from handwrought.storage import load_model, read_header, save_model


def main(source: Path) -> None:
    network, record = load_model(source), read_header(source)["record"]
    network.parameters.vector[:] = network.parameters.vector.astype(np.float16)
    data = hw.load_dataset("mnist")
    split = data.validation
    assert split is not None

    def cost(temperature: float) -> float:
        p = Recognizer(network, temperature=temperature).probabilities(split.images)
        return float(-np.log(p[np.arange(len(p)), split.labels]).mean())

    temperature = float(minimize_scalar(cost, bounds=(0.2, 5), method="bounded").x)
    shipped_model().parent.mkdir(exist_ok=True)
    save_model(network, shipped_model(), stored="float16", **record, temperature=temperature)
    size = shipped_model().stat().st_size
    print(
        f"temperature {temperature:.3f}, cost {cost(1):.4f} -> {cost(temperature):.4f}, {size:,} bytes"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
