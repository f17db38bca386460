"""Sound files, made by code, for each reader: what mutation begins with."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from fuzz.readers import TINY, tiny, tiny_network
from handwrought.data.augmentation import Augmentation
from handwrought.data.digit_files import as_png
from handwrought.data.idx import idx_bytes
from handwrought.nn.network import Network
from handwrought.runs.checkpoint import save_checkpoint
from handwrought.runs.config import Lesson, RunConfig
from handwrought.runs.history import Entry, _lines
from handwrought.storage import save_model
from handwrought.storage.nielsen import to_nielsen
from handwrought.storage.sealed import sealed
from handwrought.training.config import TrainingConfig
from handwrought.training.metrics import LayerMeasured, Point
from handwrought.training.train import train

__all__ = ["seeds"]


def seeds(name: str) -> list[bytes]:
    """The seed files of the reader of this name."""
    return _MAKERS[name]()


def _idx_images() -> list[bytes]:
    images = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)
    return [idx_bytes(images), gzip.compress(idx_bytes(images), mtime=0)]


def _idx_labels() -> list[bytes]:
    labels = np.arange(5)
    kinds = (np.uint8, np.int8, np.int32, np.float32)
    found = [idx_bytes(labels.astype(kind)) for kind in kinds]
    return [*found, gzip.compress(found[0], mtime=0)]


def _npz() -> list[bytes]:
    images = np.arange(96, dtype=np.uint8).reshape(6, 4, 4)
    labels = np.array([0, 1, 2, 0, 1, 2])
    sets = [
        {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels},
        {"images": images.astype(np.float32)[..., None], "labels": labels[:, None]},
        {"X": images.reshape(6, -1).astype(np.int16), "y": labels.astype(np.float64)},
    ]
    found = []
    for arrays in sets:
        for save in (np.savez, np.savez_compressed):
            content = io.BytesIO()
            save(content, **arrays)
            found.append(content.getvalue())
    return found


def _csv() -> list[bytes]:
    row = ",".join(map(str, range(16)))
    texts = [
        f"label,{row}\n1,{row}\n2,{row}\n0,{row}\n",
        "1,0.5,-2e3\n0,1,2\n1,3,4\n",
        "\ufeff1,2\r\n\r\n0,3\r\n",
    ]
    return [*(text.encode() for text in texts), gzip.compress(texts[0].encode(), mtime=0)]


def _as(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)  # type: ignore[arg-type]
    return content.getvalue()


def _pictures() -> list[bytes]:
    rng = np.random.default_rng(0)
    grey = Image.fromarray(rng.integers(0, 256, (9, 12), np.uint8))
    colour = Image.fromarray(rng.integers(0, 256, (6, 5, 3), np.uint8))
    clear = Image.fromarray(rng.integers(0, 256, (6, 5, 4), np.uint8))
    deep = Image.fromarray(rng.integers(0, 65536, (6, 5)).astype(np.uint16))
    real = Image.fromarray(rng.random((6, 5), np.float32))
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        *(_as(grey, kind) for kind in ("PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP")),
        _as(colour, "JPEG", exif=exif),
        *(_as(image, "PNG") for image in (colour, clear, deep, grey.convert("1"))),
        *(_as(image, "PNG") for image in (grey.convert("LA"), colour.convert("P"))),
        _as(colour.convert("P"), "PNG", transparency=3),
        _as(colour, "TIFF", compression="tiff_lzw"),
        _as(grey.convert("1"), "TIFF", compression="group4"),
        *(_as(image, "TIFF") for image in (real, deep)),
    ]


def _digit() -> list[bytes]:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:16] = 255
    return [as_png(pixels), _as(Image.fromarray(pixels).convert("RGB"), "PNG")]


def _index() -> list[bytes]:
    record = {"file": "1/a.png", "source": "a", "box": [1, 2, 3, 4], "reading": 1,
              "confidence": 0.5, "label": 1, "time": "2024-01-01T00:00:00+00:00"}  # fmt: skip
    line = json.dumps(record).encode() + b"\n"
    return [line + line, line[:-9]]


def _written(write: object, *arguments: object, **options: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(arguments[0], path, *arguments[1:], **options)  # type: ignore[operator]
        return path.read_bytes()


def _models() -> list[bytes]:
    nets = (
        Network([4, 3, 2], "relu", "softmax"),
        Network([3, 2], cost="cross-entropy", dtype="float64"),
    )
    whole = [_written(save_model, net, epochs=3, temperature=1.5) for net in nets]
    before = Path(__file__).parents[1] / "tests" / "storage" / "files" / "format-2.safetensors"
    return [*whole, _written(save_model, nets[0], stored="float16"), before.read_bytes()]


def _nielsen() -> list[bytes]:
    nets = Network([3, 2, 2], cost="cross-entropy"), Network([2, 2])
    return [_written(to_nielsen, net) for net in nets]


def _checkpoints() -> list[bytes]:
    training = train(tiny_network(), tiny(), **TINY, report_every=1)
    found = []
    for _, _ in zip(training, range(4), strict=False):
        found.append(_written(save_checkpoint, training.state()))
    return found


_RECIPE = """about = "small"
[network]
hidden = [3, 2]
activation = "relu"
cost = "softmax"
initializer = "he"
[training]
epochs = 2
batch_size = 2
optimizer = "adam"
learning_rate = 0.001
schedule = "one-cycle"
warm_up = 0.1
dropout = [0.1, 0.2]
weight_decay = 1e-4
label_smoothing = 0.1
backprop_fraction = 0.5
ema_decay = 0.9
anneal_augmentation = 0.2
outliers = 0.1
[augmentation]
shift = 1.0
elastic = 0.5
"""


def _recipes() -> list[bytes]:
    return [_RECIPE.encode(), b"[network]\nhidden = []\n[training]\nepochs = 1\nclip_norm = 1.0\n"]


def _plans() -> list[bytes]:
    network = {"hidden": [3], "activation": "tanh", "cost": "softmax", "initializer": None}
    training = {"epochs": 2, "batch_size": 2, "optimizer": "sgd", "learning_rate": 0.1, "l1": 0.0}
    old = {"dataset": "mnist", "network": network, "training": training, "seed": 3, "full": False,
           "patience": 5, "view": "upright", "recipe": "r", "augmentation": None,
           "committee": None}  # fmt: skip
    changed = TrainingConfig(hidden=(3,), epochs=2, augmentation=Augmentation(shift=1))
    new = TrainingConfig.of(network | training).as_json()
    run = RunConfig(changed, Lesson("shipped"), "a", 1.0, progress={"step": 3, "cost": None})
    plans = [old, new, changed.as_json(), run.as_json()]
    return [json.dumps(old, indent=1).encode(), *(sealed(plan, indent=1) for plan in plans)]


def _histories() -> list[bytes]:
    reports = list(train(tiny_network(), tiny(), epochs=2, batch_size=3))
    old = "".join(json.dumps(vars(report)) + "\n" for report in reports).encode()
    layer = LayerMeasured(2, 0.1, 0.5, 0.0)
    point = Point(3, 1.5, None, 0.3, 0.5, None, None, False, 0.1, 9.0, (layer,), 0.5)
    entries = [Entry(reports[0], point), Entry(point=point), Entry(reports[1])]
    return [old, b"".join(_lines(entries)), sealed(asdict(point)) + b"\n"]


_MAKERS = {
    "idx images": _idx_images,
    "idx labels": _idx_labels,
    "npz": _npz,
    "csv": _csv,
    "picture": _pictures,
    "digit folder": _digit,
    "collection index": _index,
    "model": _models,
    "nielsen": _nielsen,
    "checkpoint": _checkpoints,
    "recipe": _recipes,
    "plan": _plans,
    "history": _histories,
}
