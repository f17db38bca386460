"""Make the shipped model of a trained one: fit its temperature on validation, store it as float16.

python tools/ship_model.py runs/NAME/model.safetensors [TO]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import handwrought as hw
from handwrought.reading.calibration import fit_temperature, mean_cost
from handwrought.reading.recognizer import shipped_model
from handwrought.storage import read_model, save_model


def main(source: Path, to: Path) -> None:
    header, network = read_model(source)
    record, representation = header["record"], header["representation"]
    network.parameters.vector[:] = network.parameters.vector.astype(np.float16)
    split = hw.load_dataset("mnist").validation
    assert split is not None
    temperature = fit_temperature(network, split, representation)
    save_model(
        network,
        to,
        stored="float16",
        temperature=temperature,
        representation=representation,
        **record,
    )
    costs = [mean_cost(network, split, each, representation) for each in (1.0, temperature)]
    print(
        f"temperature {temperature:.3f}, cost {costs[0]:.4f} -> {costs[1]:.4f}, "
        f"{to.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else shipped_model())
