"""Why a network needs activation functions: the same network with and without them, on one curve.

Layers without an activation compose to a single affine function, whatever their number and width;
the best it can do on a curve is the straight line of least squares.

    python examples/without_activation.py [--picture curve.png]
"""

from __future__ import annotations

import argparse

import numpy as np

import handwrought as hw
from handwrought.training.optimizers import make_optimizer


def curve(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """x from -1 to 1 and sin(2πx)/2 + x²/2, both of shape (n, 1)."""
    x = np.linspace(-1, 1, n)[:, np.newaxis]
    return x, 0.5 * np.sin(2 * np.pi * x) + 0.5 * x**2


def fitted(activation: str, steps: int = 3000) -> tuple[hw.Network, float]:
    """A 1-16-16-1 network trained on the curve by Adam; returns it and its mean squared error."""
    x, y = curve()
    net = hw.Network(
        [1, 16, 16, 1], activation, output_activation="identity", dtype="float64", seed=1
    )
    adam = make_optimizer("adam", net.parameters)
    for _ in range(steps):
        adam.step(net.backpropagate(x, y), 0.01)
    return net, float(((net.feedforward(x) - y) ** 2).mean())


def least_squares() -> tuple[np.ndarray, float]:
    """The best straight line, (slope, intercept), and its mean squared error."""
    x, y = curve()
    line = np.polyfit(x[:, 0], y[:, 0], 1)
    return line, float(((np.polyval(line, x) - y) ** 2).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--picture", metavar="FILE", help="save the three curves as an image")
    options = parser.parse_args()
    with_it, error_with = fitted("tanh")
    without, error_without = fitted("identity")
    _, error_line = least_squares()
    print("Mean squared error of a 1-16-16-1 network on sin(2πx)/2 + x²/2:")
    print(f"  with tanh in the hidden layers     {error_with:.6f}")
    print(f"  without activation functions       {error_without:.6f}")
    print(f"  the best straight line there is    {error_line:.6f}")
    if options.picture:
        from matplotlib.figure import Figure

        x, y = curve()
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        axes.plot(x, y, "k", lw=5, alpha=0.2, label="the curve")
        axes.plot(x, with_it.feedforward(x), label="1-16-16-1 with tanh")
        axes.plot(x, without.feedforward(x), label="the same without activations")
        axes.legend()
        axes.set(xlabel="x", ylabel="y", title="Stacked linear layers stay linear")
        figure.savefig(options.picture, dpi=120)
        print(f"The curves were saved in {options.picture}")


if __name__ == "__main__":
    main()
