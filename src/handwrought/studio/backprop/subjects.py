"""What lies under the microscope: images and networks, each under a name that fits into a link.

An image is ``test:7`` (``train``, ``validation`` or ``test``, and the index), or ``ink:...``: its
784 bytes, deflated, in base64, so that a link to one's own digit holds the digit.  A network is
``16-16:sigmoid:quadratic`` (hidden layers, activation, cost; trained here in seconds and kept;
with ``:fresh`` as it began), ``model`` (the one that reads), or ``file:NAME`` of the studio's folder.
Those made here see an image's pixels; others may see it in another of ``handwrought.data.representations``.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handwrought.errors import HandwroughtError, InvalidArgument
from handwrought.studio.server.cache import Cache
from handwrought.studio.server.input_names import SIDE
from handwrought.studio.train.run_folder import run_models

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.data.dataset import Dataset, Split
    from handwrought.model import Model
    from handwrought.nn.network import Network
    from handwrought.studio.server.studio import Studio

__all__ = [
    "DEFAULT",
    "Built",
    "Images",
    "Networks",
    "Offered",
    "Ready",
    "built",
    "ink_name",
    "reads_digits",
]

DEFAULT = "16-16:sigmoid:quadratic"
OFFERED = {
    DEFAULT: "Small: 784-16-16-10",
    "30:sigmoid:quadratic": "The article's: 784-30-10",
    "30:sigmoid:cross-entropy": "Cross-entropy: 784-30-10",
    "32-32:tanh:softmax": "Tanh and softmax: 784-32-32-10",
    "128-64:relu:softmax": "ReLU and softmax: 784-128-64-10",
    "512-256:relu:softmax": "Large: 784-512-256-10",
}
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "identity")
COSTS = ("quadratic", "cross-entropy", "softmax")
_WIDEST, _DEEPEST, _PARAMETERS = 2048, 6, 4_000_000
"""Room for networks as wide as the shipped one."""
_SEED = 1
_KEPT = 6
"""Networks in memory."""
_BUDGET = 12e9
"""Parameters x images that a training sees, some seconds of one core."""


# --- images --------------------------------------------------------------------------------------


def ink_name(pixels: NDArray[np.uint8]) -> str:
    """The name of a picture that is in no set: itself."""
    packed = zlib.compress(pixels.tobytes(), 9)
    return "ink:" + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


class Images:
    """Images by name, from MNIST or from a link."""

    def __init__(self, studio: Studio) -> None:
        self._data: Cache[str, Dataset] = studio.cache(1)
        self._lock = threading.Lock()

    @property
    def data(self) -> Dataset:
        """MNIST, loaded when it is needed."""
        with self._lock:
            found = self._data.get("mnist")
            if found is None:
                from handwrought.data.catalog import load_dataset

                found = self._data.put("mnist", load_dataset("mnist"))
            return found

    def split(self, name: str) -> Split:
        """The split of that name."""
        data = self.data
        found = {"train": data.train, "validation": data.validation, "test": data.test}[name]
        assert found is not None
        return found

    def pixels(self, name: str) -> tuple[NDArray[np.uint8], int | None]:
        """The image, (784,), and its label if it has one.

        Raises
        ------
        InvalidArgument
            If the name stands for none.
        """
        kind, _, rest = name.partition(":")
        if kind == "ink":
            return _unpacked(rest), None
        if kind not in ("train", "validation", "test") or not re.fullmatch(r"[0-9]{1,6}", rest):
            raise InvalidArgument(
                "the image's name cannot be read: use train:, validation: or test: and an index"
            )
        split, index = self.split(kind), int(rest)
        if index >= len(split):
            raise InvalidArgument(f"image {name} is not there: {kind} has 0 to {len(split) - 1}")
        return split.images[index].reshape(-1), int(split.labels[index])

    def some(self, digit: int | None) -> str:
        """A test image by chance, of a digit if one is asked for."""
        import numpy as np

        labels = self.split("test").labels
        candidates = np.arange(len(labels)) if digit is None else np.flatnonzero(labels == digit)
        return f"test:{np.random.default_rng().choice(candidates)}"

    def misread(self, model: Model, digit: int | None, after: int) -> str:
        """The next test image that the model misreads.

        Raises
        ------
        InvalidArgument
            If it misreads none.
        """
        import numpy as np

        if not reads_digits(model):
            raise InvalidArgument(
                "the test images are digits, and this network tells other classes apart"
            )
        test = self.split("test")
        order = np.roll(np.arange(len(test)), -(after + 1))
        for start in range(0, len(order), 500):
            rows = order[start : start + 500]
            labels = test.labels[rows]
            wrong = model.outputs(test.images[rows]).argmax(axis=1) != labels
            if digit is not None:
                wrong &= labels == digit
            if wrong.any():
                return f"test:{rows[wrong.argmax()]}"
        what = "test image" if digit is None else f"{digit} of the test images"
        raise InvalidArgument(f"this network misreads no {what}: choose a smaller network")


def reads_digits(model: Model) -> bool:
    """Whether its classes are those of the images here."""
    return model.network.n_outputs == 10 and model.given_names is None


def _unpacked(text: str) -> NDArray[np.uint8]:
    import numpy as np

    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        opened = zlib.decompressobj()
        raw = opened.decompress(packed, 785)
    except (binascii.Error, ValueError, zlib.error):
        raw = b""
    if len(raw) != 784:
        raise InvalidArgument("the drawing in the link cannot be read: part of it may be missing")
    return np.frombuffer(raw, np.uint8)


# --- networks ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Built:
    """A network that is made here: its name taken apart."""

    hidden: tuple[int, ...]
    activation: str
    cost: str
    fresh: bool

    @property
    def sizes(self) -> list[int]:
        """Of all layers."""
        return [784, *self.hidden, 10]

    @property
    def name(self) -> str:
        """As it stands in a link."""
        layers = "-".join(map(str, self.hidden))
        return f"{layers}:{self.activation}:{self.cost}{':fresh' if self.fresh else ''}"

    def begin(self) -> Network:
        """The network before training, always the same."""
        from handwrought.nn.network import Network

        return Network(self.sizes, self.activation, self.cost, seed=_SEED)


def built(name: str) -> Built:
    """Take a name such as ``16-16:sigmoid:quadratic`` apart.

    Raises
    ------
    InvalidArgument
        If it is none, or names a network that is too large.
    """
    found = re.fullmatch(r"([0-9]{1,4}(?:-[0-9]{1,4})*):([a-z-]+):([a-z-]+)(:fresh)?", name)
    if not found or found[2] not in ACTIVATIONS or found[3] not in COSTS:
        raise InvalidArgument(
            f"the network {name[:60]!r} is not known: name hidden layers, activation and cost, "
            f"such as {DEFAULT}"
        )
    hidden = tuple(map(int, found[1].split("-")))
    sizes = [784, *hidden, 10]
    parameters = sum((a + 1) * b for a, b in pairwise(sizes))
    if not 1 <= min(hidden) <= max(hidden) <= _WIDEST or len(hidden) > _DEEPEST:
        raise InvalidArgument(
            f"the hidden layers are {found[1]}: give 1 to {_DEEPEST} layers of 1 to {_WIDEST}"
        )
    if parameters > _PARAMETERS:
        raise InvalidArgument(
            f"the network would have {parameters:,} weights and biases: {_PARAMETERS:,} at most"
        )
    return Built(hidden, found[2], found[3], bool(found[4]))


@dataclass(frozen=True)
class Offered:
    """A network to choose."""

    network: str
    title: str


class Ready(NamedTuple):
    """A network to look at.

    Attributes
    ----------
    name : str
        While the one asked for is trained, the name of the one that it began as.
    model : Model
        In float64.
    key : str
        The name, with a file's version: what was worked out with an older one is no longer true.
    """

    name: str
    model: Model
    key: str


class Networks:
    """Networks by name; those made here are trained in the background, one after the other."""

    def __init__(self, studio: Studio, images: Images) -> None:
        self._studio = studio
        self._images = images
        self._ready: Cache[str, Ready] = studio.cache(_KEPT)
        self._training: dict[str, float] = {}
        self._failed: dict[str, str] = {}
        self._lock = threading.RLock()
        self._worker = ThreadPoolExecutor(1, "microscope")
        self._ending = threading.Event()

    def close(self) -> None:
        """End the training that runs."""
        self._ending.set()
        self._worker.shutdown(wait=True, cancel_futures=True)

    def offered(self) -> list[Offered]:
        """All that can be chosen by name: made here, the one that reads, and files."""
        made = [Offered(name, title) for name, title in OFFERED.items()]
        shipped = "The model that reads" if self._studio.model else "The shipped model"
        files = [Offered(name, title) for name, (title, _) in self._files().items()]
        return [*made, Offered("model", shipped), *files]

    def progress(self, name: str) -> float:
        """How far its training is, from 0 to 1; 1 where there is none to wait for.

        Raises
        ------
        InvalidArgument
            If the training failed.
        """
        with self._lock:
            if name in self._failed:
                raise InvalidArgument(self._failed[name])
            return self._training.get(name, 1.0)

    def get(self, name: str) -> Ready:
        """The network; while it is trained, the one it began as.

        Raises
        ------
        InvalidArgument
            If there is no such network, or it does not read 28 x 28 digits.
        """
        if name.startswith("file:"):
            return self._from_file(name)
        if (found := self._ready.get(name)) is not None:
            return found
        if name == "model":
            recognizer = self._studio.recognizer
            return self._keep(name, recognizer.model)
        wish = built(name)
        if not wish.fresh:
            cached = self._cached(wish)
            if cached is not None:
                return cached
            self._train_soon(wish)
            wish = built(f"{name}:fresh")
        return self._ready.get(wish.name) or self._keep(wish.name, wish.begin())

    def _from_file(self, name: str) -> Ready:
        """As the file is now: a run's model changes while it trains."""
        try:
            _, path = self._files()[name]
            key = f"{name} {path.stat().st_mtime_ns}"
        except (KeyError, OSError):
            raise InvalidArgument(
                "that model file is not in the studio's folder any more"
            ) from None
        if (found := self._ready.get(key)) is not None:
            return found
        from handwrought.data.representations import REPRESENTATIONS, n_features
        from handwrought.model import Model

        model = Model.load(path)
        known = model.representation in REPRESENTATIONS
        n_inputs = n_features((SIDE, SIDE), model.representation) if known else 0
        if model.network.n_inputs != n_inputs:
            raise InvalidArgument(f"{path.name} does not read 28 x 28 pictures: choose another")
        return self._keep(name, model, key)

    def _keep(self, name: str, network: Network | Model, key: str = "") -> Ready:
        from handwrought.model import Model

        ready = Ready(name, Model.of(network).with_dtype("float64"), key or name)
        return self._ready.put(ready.key, ready)

    def _files(self) -> dict[str, tuple[str, Path]]:
        """The runs' models, and what else was put into the studio's folder: title and file."""
        folder = self._studio.folder
        found = {
            f"file:runs/{name}/{path.name}": (title, path)
            for name, (title, path) in run_models(self._studio.runs).items()
        }
        others = sorted(folder.glob("*.safetensors"))
        return found | {f"file:{path.name}": (path.stem, path) for path in others}

    @property
    def _cache(self) -> Path:
        return self._studio.folder / "microscope"

    def _file(self, wish: Built) -> Path:
        return self._cache / f"{wish.name.replace(':', '_')}.safetensors"

    def _cached(self, wish: Built) -> Ready | None:
        path = self._file(wish)
        if path.is_file():
            from handwrought.storage import load_model

            with contextlib.suppress(HandwroughtError):  # damaged: it is trained anew
                network = load_model(path)
                if list(network.sizes) == wish.sizes:
                    return self._keep(wish.name, network)
        return None

    def _train_soon(self, wish: Built) -> None:
        with self._lock:
            if wish.name in self._training or wish.name in self._failed:
                return
            if len(self._training) >= 4:
                raise InvalidArgument("four networks are being trained already: wait for one")
            self._training[wish.name] = 0.0
        self._worker.submit(self._train, wish)

    def _train(self, wish: Built) -> None:
        from handwrought.training.reports import BatchReport
        from handwrought.training.train import train

        try:
            network = wish.begin()
            n = network.parameters.vector.size
            images = int(min(60_000, max(8_000, _BUDGET / n)))
            rows = min(10_000, images)
            settings: dict[str, Any] = _settings(wish)
            settings["epochs"] = max(1, round(images / rows))
            reports = train(network, self._images.data.train[:rows], report_every=50, **settings)
            with contextlib.closing(reports):
                for report in reports:
                    if self._ending.is_set():
                        return
                    if isinstance(report, BatchReport):
                        passed = report.epoch - 1 + report.batch / report.batches
                        self._training[wish.name] = passed / report.epochs
            self._cache.mkdir(parents=True, exist_ok=True)
            network.save(self._file(wish), **settings)
            self._keep(wish.name, network)
        except (HandwroughtError, OSError) as error:
            self._failed[wish.name] = f"the network could not be trained: {error}"
        finally:
            with self._lock:
                self._training.pop(wish.name, None)


def _settings(wish: Built) -> dict[str, Any]:
    """Plain gradient descent where the article's way works, Adam where it is slow or diverges."""
    if wish.activation == "sigmoid" and len(wish.hidden) <= 2 and max(wish.hidden) <= 128:
        rate = {"quadratic": 3.0, "cross-entropy": 0.5, "softmax": 0.5}[wish.cost]
        return {"batch_size": 10, "learning_rate": rate}
    return {"batch_size": 32, "optimizer": "adam", "learning_rate": 0.001}
