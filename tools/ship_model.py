"""Make the shipped model of a trained one: fit its temperature on validation, store it as float16.

python tools/ship_model.py runs/NAME/model.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import handwrought as hw
from handwrought.reading.calibration import fit_temperature, mean_cost
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import load_model, read_header, save_model


def main(source: Path) -> None:
    network, record = load_model(source), read_header(source)["record"]
    network.parameters.vector[:] = network.parameters.vector.astype(np.float16)
    split = hw.load_dataset("mnist").validation
    assert split is not None
    temperature = fit_temperature(network, split)
    shipped_model().parent.mkdir(exist_ok=True)
    save_model(network, shipped_model(), stored="float16", temperature=temperature, **record)
    costs = mean_cost(network, split, 1.0), mean_cost(network, split, temperature)
    print(
        f"temperature {temperature:.3f}, cost {costs[0]:.4f} -> {costs[1]:.4f}, "
        f"{shipped_model().stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
