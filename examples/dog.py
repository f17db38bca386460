"""Is the dog cute?  One sigmoid neuron, one input: the size of the dog's eyes.

The article promises this example.  The forty dogs are invented: the larger the eyes, the more
often the answer was yes.

    python examples/dog.py [--picture dog.png]
"""

from __future__ import annotations

import argparse

import numpy as np

import handwrought as hw
from handwrought.nn.equations import follow, update


def dogs(n: int = 40, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Eye sizes in centimetres, shape (n, 1), and whether each dog was called cute, shape (n, 1)."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(1, 5, (n, 1))
    cute = rng.random((n, 1)) < 1 / (1 + np.exp(-3 * (size - 2.8)))
    return size, cute.astype(float)


def learn(
    size: np.ndarray, cute: np.ndarray, *, steps: int = 2000, learning_rate: float = 0.5
) -> tuple[hw.Network, list[float]]:
    """Gradient descent on all dogs at once; returns the neuron and the cost before each step."""
    neuron = hw.Network([1, 1], cost="cross-entropy", dtype="float64", seed=0)
    course = []
    for _ in range(steps):
        course.append(float(neuron.costs(size, cute).mean()))
        gradient = neuron.backpropagate(size, cute)
        neuron.parameters.vector -= learning_rate * gradient.vector
    return neuron, course


def drawn(neuron: hw.Network, size: np.ndarray, cute: np.ndarray, width: int = 61) -> str:
    """The curve a = σ(w x + b) in characters: * the neuron, o the dogs."""
    rows, grid = 11, np.linspace(1, 5, width)
    canvas = [[" "] * width for _ in range(rows)]
    for x, y in zip(size[:, 0], cute[:, 0], strict=True):
        canvas[int((1 - y) * (rows - 1))][round((x - 1) / 4 * (width - 1))] = "o"
    for column, a in enumerate(neuron.feedforward(grid[:, np.newaxis])[:, 0]):
        canvas[round((1 - a) * (rows - 1))][column] = "*"
    labels = ["cute 1 ", *["       "] * (rows - 2), "not  0 "]
    lines = [label + "|" + "".join(row) for label, row in zip(labels, canvas, strict=True)]
    return "\n".join([*lines, "        1 cm" + "eyes".center(width - 8) + "5 cm"])


def picture(neuron: hw.Network, size: np.ndarray, cute: np.ndarray, path: str) -> None:
    """The same as an image file (needs matplotlib)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    grid = np.linspace(1, 5, 200)
    axes.plot(grid, neuron.feedforward(grid[:, np.newaxis])[:, 0], label="the neuron: σ(w x + b)")
    axes.plot(size, cute, "o", alpha=0.6, label="forty invented dogs")
    axes.set(xlabel="size of the eyes (cm)", ylabel="cute?", title="One sigmoid neuron")
    axes.legend(loc="center right")
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--picture", metavar="FILE", help="save the curve as an image")
    options = parser.parse_args()
    size, cute = dogs()

    untaught = hw.Network([1, 1], cost="cross-entropy", dtype="float64", seed=0)
    one = follow(untaught, size[0], cute[0])
    print(f"A dog with eyes of {one.x[0]:.2f} cm, called {'cute' if one.y[0] else 'not cute'}.")
    print(f"  z = w x + b = {one.W[2][0, 0]:.3f} × {one.x[0]:.3f} + {one.b[2][0]:.3f}", end="")
    print(f" = {one.z[2][0]:.3f};  a = σ(z) = {one.a[2][0]:.3f};  C = {one.C:.4f}")
    print(f"  ∂C/∂b = δ = {one.δ[2][0]:+.4f};  ∂C/∂w = δ x = {one.dC_dw[2][0, 0]:+.4f}")
    print(f"  one step with η = 0.5 brings C to {update(one, 0.5).C:.4f}.\n")

    neuron, course = learn(size, cute)
    w, b = neuron.layers[0].weights[0, 0], neuron.layers[0].biases[0]
    right = float(((neuron.feedforward(size) > 0.5) == (cute > 0.5)).mean())
    print(f"After {len(course)} steps on all forty: w = {w:.3f}, b = {b:.3f}.")
    print(f"The cost fell from {course[0]:.4f} to {course[-1]:.4f}; {right:.1%} are right.")
    print(f"It says cute above {-b / w:.2f} cm, where w x + b = 0.\n")
    print(drawn(neuron, size, cute))
    if options.picture:
        picture(neuron, size, cute, options.picture)
        print(f"\nThe curve was saved in {options.picture}")


if __name__ == "__main__":
    main()
