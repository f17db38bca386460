"""Make the shipped model of a trained one: fit its temperature on validation, store it as float16.

python tools/ship_model.py runs/NAME/model.safetensors [TO]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import handwrought as hw
from handwrought.evaluation.calibration import fit_temperature, mean_cost
from handwrought.model import Model
from handwrought.reading.recognizer import shipped_model


def main(source: Path, to: Path) -> None:
    model = replace(Model.load(source), stored="float16")
    vector = model.network.parameters.vector
    vector[:] = vector.astype(np.float16)
    split = hw.load_dataset("mnist").validation
    assert split is not None
    temperature = fit_temperature(model, split)
    replace(model, temperature=temperature).save(to)
    costs = [mean_cost(model, split, each) for each in (1.0, temperature)]
    print(
        f"temperature {temperature:.3f}, cost {costs[0]:.4f} -> {costs[1]:.4f}, "
        f"{to.stat().st_size:,} bytes"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else shipped_model())
