"""Draw: what the network makes of a drawing, from the ink to any neuron's sum."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from handwrought.errors import InvalidArgument
from handwrought.studio.draw.answers import (
    NeuronSeen,
    Seen,
    layers_seen,
    neuron_seen,
    preparation_seen,
    refusal,
)
from handwrought.studio.server.cache import Cache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from handwrought.data.collection import Collection
    from handwrought.model import Model
    from handwrought.nn.equations import Trace
    from handwrought.reading.recognizer import Reading
    from handwrought.studio.server.studio import Studio

__all__ = ["Drawing", "Drawings"]

_KEPT = 100
"""Drawings remembered, for all tabs together."""
_TRACED = 4
"""Of them those whose way through the network is, some 25 MB each."""


class Drawing:
    """One drawing: its reading, and its way through the network once somebody asks."""

    def __init__(self, model: Model, reading: Reading) -> None:
        self.reading = reading
        self._model = model

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The digit as it was prepared, (28, 28)."""
        return self.reading.normalized

    def trace(self) -> Trace:
        """Every quantity, in float64, by the equations themselves."""
        from handwrought.nn.equations import follow

        x = self._model.inputs(self.pixels[None])[0]
        return follow(self._model.network, x, self.reading.digit or 0)


class Drawings:
    """The backend of Draw: the last drawings of all tabs, each under its number."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._drawings: Cache[int, Drawing] = Cache(_KEPT)
        self._next = 1
        self._lock = threading.Lock()
        self._exact: Model | None = None
        self._traces: Cache[Drawing, Trace] = studio.cache(_TRACED)

    def close(self) -> None:
        """Nothing outlives the studio."""

    def read(self, picture: Any, number: int | None = None) -> Seen:
        """Read a picture: as a new drawing, or as the next stroke of one.

        Parameters
        ----------
        picture : array or bytes
            Grey pixels, uint8 (height, width); or a picture file's bytes.
        number : int, optional
            The drawing that this is the new state of.
        """
        recognizer = self._studio.recognizer
        reading = recognizer.read_digit(picture)
        drawing = Drawing(self._float64(), reading)
        with self._lock:
            if number is None or self._drawings.get(number) is None:
                number, self._next = self._next, self._next + 1
            self._drawings.put(number, drawing)
        return Seen(
            drawing=number,
            digit=reading.digit,
            confidence=reading.confidence,
            refused=refusal(reading, picture, recognizer.threshold),
            probabilities=reading.probabilities.tolist(),
            pixels=reading.normalized,
            preparation=preparation_seen(reading),
            layers=layers_seen(recognizer.model, drawing.pixels),
            kept=self._label(reading),
        )

    def drawing(self, number: int) -> Drawing:
        """The drawing of that number.

        Raises
        ------
        InvalidArgument
            If there is none, or so many came after it that it is forgotten.
        """
        found = self._drawings.get(number, use=False)
        if found is None:
            raise InvalidArgument(f"drawing {number} is forgotten: draw it anew")
        return found

    def recent(self) -> dict[int, Drawing]:
        """The drawings with ink on them, the latest first."""
        newest = self._drawings.latest().items()
        return {n: drawing for n, drawing in newest if drawing.reading.digit is not None}

    def neuron(self, number: int, layer: int, j: int) -> NeuronSeen:
        """A neuron's sum for a drawing; layers count from 2 to L, as in the article.

        Raises
        ------
        InvalidArgument
            If there is no such drawing, layer or neuron.
        """
        drawing = self.drawing(number)
        trace = self._traces.get(drawing) or self._traces.put(drawing, drawing.trace())
        return neuron_seen(number, trace, layer, j)

    def keep(self, number: int, label: int) -> list[int]:
        """Keep a drawing under its true label; returns how many there are of each digit.

        Raises
        ------
        InvalidArgument, DataError
            If it is forgotten or has no ink, or the folder cannot be written.
        """
        reading = self.drawing(number).reading
        if reading.digit is None:
            raise InvalidArgument("there is no ink to keep: draw a digit first")
        collection = self._collection()
        collection.add(
            reading.normalized,
            label,
            source="studio",
            reading=reading.digit,
            confidence=reading.confidence,
        )
        return collection.counts()

    def forget(self, number: int) -> list[int]:
        """Take a drawing out of the collection again; returns how many there are of each digit."""
        collection = self._collection()
        collection.remove(self.drawing(number).pixels)
        return collection.counts()

    def about(self) -> dict[str, Any]:
        """The network's layers and model; how many are kept of each digit, in which folder."""
        network = self._studio.recognizer.model.network
        names = ["input", *(σ.name for σ in network.activations)]
        layers = [
            {"number": number, "activation": name, "size": size}
            for number, (name, size) in enumerate(zip(names, network.sizes, strict=True), start=1)
        ]
        collection = self._collection()
        return {
            "layers": layers,
            "counts": collection.counts(),
            "folder": str(collection.folder),
            "model": str(self._studio.model or "shipped"),
        }

    def _collection(self) -> Collection:
        from handwrought.data.collection import Collection

        return Collection.open(self._studio.folder / "digits")

    def _label(self, reading: Reading) -> int | None:
        if reading.digit is None:
            return None
        return self._collection().label_of(reading.normalized)

    def _float64(self) -> Model:
        """The model in float64, copied once."""
        if self._exact is None:
            self._exact = self._studio.recognizer.model.with_dtype("float64")
        return self._exact
