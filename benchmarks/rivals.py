"""The same training by different hands: one class each, all with ``epoch()`` and ``accuracy()``.

The same network, order of the data, batch size, float32 and mathematics for all; each at its best.
Data lies ready as float32 for those who want it so, without being counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Setting:
    """One training to be timed."""

    sizes: tuple[int, ...]
    activation: str
    cost: str
    optimizer: str
    learning_rate: float
    batch_size: int


SETTINGS = {
    "S": Setting((784, 30, 10), "sigmoid", "cross-entropy", "sgd", 0.5, 10),
    "M": Setting((784, 100, 10), "sigmoid", "cross-entropy", "sgd", 0.5, 32),
    "L": Setting((784, 512, 512, 10), "relu", "softmax", "adam", 0.001, 128),
}


def images(n: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The 60,000 and the 10,000: pixels as float32 rows from 0 to 1, labels."""
    import handwrought as hw

    data = hw.load_dataset("mnist")
    train, test = data.full_train[:n] if n else data.full_train, data.test
    return train.inputs(), train.labels.astype(np.int64), test.inputs(), test.labels


def order(epoch: int, n: int) -> np.ndarray:
    """The order of an epoch's examples, the same for all."""
    return np.random.default_rng([0, epoch]).permutation(n)


def initial(setting: Setting) -> list[tuple[np.ndarray, np.ndarray]]:
    """The initial weights and biases, the same for all: weights (n_out, n_in)."""
    import handwrought as hw

    net = hw.Network(setting.sizes, setting.activation, setting.cost, seed=0)
    return [(layer.weights.copy(), layer.biases.copy()) for layer in net.layers]


class Handwrought:
    """This project."""

    def __init__(self, setting: Setting, n: int | None = None) -> None:
        import handwrought as hw

        data = hw.load_dataset("mnist")
        self.test = data.test
        self.evaluate = hw.evaluate
        split = data.full_train[:n] if n else data.full_train
        self.net = hw.Network(setting.sizes, setting.activation, setting.cost, seed=0)
        self.reports = hw.train(
            self.net,
            split,
            epochs=1000,
            batch_size=setting.batch_size,
            optimizer=setting.optimizer,
            learning_rate=setting.learning_rate,
        )

    def epoch(self) -> None:
        next(self.reports)

    def accuracy(self) -> float:
        return self.evaluate(self.net, self.test).accuracy


class TorchEager:
    """PyTorch, eager mode."""

    compiled = False

    def __init__(self, setting: Setting, n: int | None = None) -> None:
        import torch

        self.torch, self.batch_size, self.done = torch, setting.batch_size, 0
        x, y, self.x_test, self.y_test = images(n)
        self.x = torch.from_numpy(x)
        self.softmax = setting.cost == "softmax"
        self.y = torch.from_numpy(y if self.softmax else np.eye(10, dtype=np.float32)[y])
        parts: list[Any] = []
        function = {"sigmoid": torch.nn.Sigmoid, "relu": torch.nn.ReLU}[setting.activation]
        for w, b in initial(setting):
            linear = torch.nn.Linear(w.shape[1], w.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w))
                linear.bias.copy_(torch.from_numpy(b))
            parts += [linear, function()]
        self.model = torch.nn.Sequential(*parts[:-1])
        if setting.optimizer == "sgd":
            self.optimizer: Any = torch.optim.SGD(
                self.model.parameters(), lr=setting.learning_rate, foreach=True
            )
        else:
            self.optimizer = torch.optim.Adam(
                self.model.parameters(), lr=setting.learning_rate, fused=True
            )
        self.cost = torch.compile(self._cost) if self.compiled else self._cost

    def _cost(self, x: Any, y: Any) -> Any:
        functional = self.torch.nn.functional
        z = self.model(x)
        if self.softmax:
            return functional.cross_entropy(z, y)
        return functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(x)

    def epoch(self) -> None:
        self.done += 1
        chosen = self.torch.from_numpy(order(self.done, len(self.x)))
        for indices in chosen.split(self.batch_size):
            self.optimizer.zero_grad(set_to_none=True)
            self.cost(self.x[indices], self.y[indices]).backward()
            self.optimizer.step()

    def accuracy(self) -> float:
        with self.torch.no_grad():
            found = self.model(self.torch.from_numpy(self.x_test)).argmax(1).numpy()
        return float((found == self.y_test).mean())


class TorchCompiled(TorchEager):
    """PyTorch, forward and backward through torch.compile."""

    compiled = True


class Jax:
    """JAX: the whole epoch in one compiled call, lax.scan over the batches."""

    def __init__(self, setting: Setting, n: int | None = None) -> None:
        import jax
        import jax.numpy as jnp
        from jax import lax

        self.done, self.batch_size = 0, setting.batch_size
        x, y, self.x_test, self.y_test = images(n)
        self.x, self.y = jnp.asarray(x), jnp.asarray(np.eye(10, dtype=np.float32)[y])
        self.parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in initial(setting)]
        function = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[setting.activation]
        rate = setting.learning_rate

        def outputs(parameters, a):
            for w, b in parameters[:-1]:
                a = function(a @ w.T + b)
            w, b = parameters[-1]
            return a @ w.T + b

        def cost(parameters, x, y):
            z = outputs(parameters, x)
            if setting.cost == "softmax":
                return -(y * jax.nn.log_softmax(z)).sum(1).mean()
            return (jax.nn.softplus(z) - y * z).sum(1).mean()

        each = jax.tree.map

        def sgd(state, g):
            p, _, _, t = state
            return each(lambda p, g: p - rate * g, p, g), (), (), t

        def adam(state, g):
            p, m, v, t = state
            t = t + 1
            m = each(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = each(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            a, b = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
            p = each(lambda p, m, v: p - rate * a * m / (jnp.sqrt(v * b) + 1e-8), p, m, v)
            return p, m, v, t

        step = sgd if setting.optimizer == "sgd" else adam

        def epoch(state, x, y, batches):
            def one(state, indices):
                g = jax.grad(cost)(state[0], x[indices], y[indices])
                return step(state, g), None

            return lax.scan(one, state, batches)[0]

        def start():
            if setting.optimizer == "sgd":
                return self.parameters, (), (), jnp.float32(0)
            zeros = each(jnp.zeros_like, self.parameters)
            return self.parameters, zeros, each(jnp.zeros_like, zeros), jnp.float32(0)

        self.jax, self.state = jax, start()
        self.whole_epoch = jax.jit(epoch, donate_argnums=0)
        self.outputs = jax.jit(outputs)

    def epoch(self) -> None:
        self.done += 1
        n = len(self.x) // self.batch_size * self.batch_size  # scan wants batches of one size
        batches = order(self.done, len(self.x))[:n].reshape(-1, self.batch_size).astype(np.int32)
        self.state = self.jax.block_until_ready(
            self.whole_epoch(self.state, self.x, self.y, batches)
        )

    def accuracy(self) -> float:
        found = np.asarray(self.outputs(self.state[0], self.x_test)).argmax(1)
        return float((found == self.y_test).mean())


class ScikitLearn:
    """scikit-learn's MLPClassifier; it knows softmax only, so its cost is that, whatever is asked."""

    def __init__(self, setting: Setting, n: int | None = None) -> None:
        from sklearn.neural_network import MLPClassifier

        self.x, self.y, self.x_test, self.y_test = images(n)
        self.net = MLPClassifier(
            setting.sizes[1:-1],
            activation={"sigmoid": "logistic"}.get(setting.activation, setting.activation),
            solver=setting.optimizer,
            alpha=0.0,
            batch_size=setting.batch_size,
            learning_rate_init=setting.learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=0,
            shuffle=True,
        )

    def epoch(self) -> None:
        self.net.partial_fit(self.x, self.y, classes=range(10))

    def accuracy(self) -> float:
        return float(self.net.score(self.x_test, self.y_test))


class PerExample:
    """One example at a time, as the best-known teaching code does it: a floor on the other side."""

    def __init__(self, setting: Setting, n: int | None = None) -> None:
        self.setting, self.done = setting, 0
        self.x, y, self.x_test, self.y_test = images(n)
        self.x, self.y = self.x[:, :, None], np.eye(10, dtype=np.float32)[y][:, :, None]
        self.layers = initial(setting)
        if setting.optimizer != "sgd":
            raise ValueError("the per-example loop knows plain SGD only")

    def epoch(self) -> None:
        self.done += 1
        m = self.setting.batch_size
        chosen = order(self.done, len(self.x))
        for start in range(0, len(chosen), m):
            batch = chosen[start : start + m]
            sums = [[np.zeros_like(w), np.zeros((len(b), 1), b.dtype)] for w, b in self.layers]
            for i in batch:
                activations = [self.x[i]]
                for w, b in self.layers:
                    z = w @ activations[-1] + b[:, None]
                    activations.append(1 / (1 + np.exp(-z)))
                delta = activations[-1] - self.y[i]
                for l in reversed(range(len(self.layers))):
                    sums[l][0] += delta @ activations[l].T
                    sums[l][1] += delta
                    if l:
                        below = activations[l]
                        delta = (self.layers[l][0].T @ delta) * below * (1 - below)
            rate = self.setting.learning_rate / len(batch)
            self.layers = [
                (w - rate * dw, b - rate * db[:, 0])
                for (w, b), (dw, db) in zip(self.layers, sums, strict=True)
            ]

    def accuracy(self) -> float:
        a = self.x_test
        for w, b in self.layers:
            a = 1 / (1 + np.exp(-(a @ w.T + b)))
        return float((a.argmax(1) == self.y_test).mean())


class Floor:
    """The bare matrix products of an epoch, by NumPy's BLAS, and nothing else."""

    def __init__(self, setting: Setting, n: int | None = None) -> None:
        m, sizes = setting.batch_size, setting.sizes
        self.n = len(images(n)[0])
        self.batches = self.n // m
        rng = np.random.default_rng(0)

        def some(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape, dtype=np.float32)

        self.layers = [
            (some(n_out, n_in), some(m, n_in), some(m, n_out), some(n_out, n_in), some(m, n_in))
            for n_in, n_out in pairwise(sizes)
        ]

    def epoch(self) -> None:
        layers = list(enumerate(self.layers))
        for _ in range(self.batches):
            for _, (w, a, z, _, _) in layers:
                np.matmul(a, w.T, out=z)
            for l, (w, a, delta, dw, below) in reversed(layers):
                np.matmul(delta.T, a, out=dw)
                if l:
                    np.matmul(delta, w, out=below)

    def accuracy(self) -> float:
        return float("nan")


RIVALS: dict[str, type[Any]] = {
    "handwrought": Handwrought,
    "pytorch": TorchEager,
    "pytorch-compile": TorchCompiled,
    "jax": Jax,
    "scikit-learn": ScikitLearn,
    "per-example": PerExample,
    "floor": Floor,
}
