"""What all tabs share: the network that reads, the folder, the drawings, and each view's backend."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from handwrought.errors import HandwroughtError
from handwrought.studio.server.cache import Cache, release_memory

if TYPE_CHECKING:
    from handwrought.reading.recognizer import Recognizer

__all__ = ["Backend", "Studio"]


class Backend(Protocol):
    """What a view's backend is to the studio: made once from it, and closed when it ends."""

    def __init__(self, studio: Studio) -> None: ...

    def close(self) -> None:
        """End what would outlive the studio."""


B = TypeVar("B", bound=Backend)


class Studio:
    """One studio; a request finds it as ``request.app.state.studio``.

    Parameters
    ----------
    folder : Path
        Where runs and digits are kept.
    model : Path, optional
        The model that reads; by default the shipped one.
    runs : Path, optional
        Where runs are kept instead, such as those of ``handwrought train``.
    warm_up : callable, optional
        Called in the background once the model is loaded: the process that it begins makes
        compiled code for trainings ready, and ends with the studio.
    """

    def __init__(
        self,
        folder: Path,
        model: Path | None = None,
        *,
        runs: Path | None = None,
        warm_up: Callable[[], subprocess.Popen[bytes] | None] | None = None,
    ) -> None:
        self.folder = folder
        self.runs = folder / "runs" if runs is None else runs
        self.model = model
        self._warm_up = warm_up
        self._backends: dict[type, Any] = {}
        self._lock = threading.RLock()
        self._caches: list[Cache[Any, Any]] = []
        self._recognizer: Future[Recognizer] = Future()
        self._loading: threading.Thread | None = None
        self._warming: subprocess.Popen[bytes] | None = None
        self._closed = False

    def load(self) -> None:
        """Begin to load the model and what it needs in the background; the page comes first."""
        with self._lock:
            if self._loading is None:
                self._loading = threading.Thread(target=self._load, name="load", daemon=True)
                self._loading.start()

    def _load(self) -> None:
        try:
            from handwrought.reading.recognizer import Recognizer

            # What is shown must follow from the one picture that is shown.
            recognizer = Recognizer.load(self.model, test_time_augmentation=False)
            _warm(recognizer)
        except BaseException as error:
            self._recognizer.set_exception(error)
        else:
            self._recognizer.set_result(recognizer)
        if self._warm_up is not None:
            self._begin_warm_up(self._warm_up)

    def _begin_warm_up(self, begin: Callable[[], subprocess.Popen[bytes] | None]) -> None:
        """Last of all, so that nothing that is looked at waits for it."""
        process = None
        with self._lock, suppress(HandwroughtError):  # a training will say what is wrong
            if not self._closed:
                self._warming = begin()
            process = self._warming
        if process is not None:  # no zombie is left; this thread has nothing else to do
            process.wait()

    @property
    def recognizer(self) -> Recognizer:
        """The network that reads; waits until it is loaded, so ask in a thread."""
        self.load()
        return self._recognizer.result()

    def backend(self, kind: type[B]) -> B:
        """A view's backend, made when it is first asked for."""
        with self._lock:
            if kind not in self._backends:
                self._backends[kind] = kind(self)
            return cast(B, self._backends[kind])

    def cache(self, most: int) -> Cache[Any, Any]:
        """Room for so many values, which are dropped when nobody asks for them."""
        made: Cache[Any, Any] = Cache(most)
        with self._lock:
            self._caches.append(made)
        return made

    def drop_idle(self) -> None:
        """To be called now and then: drop what is not asked for, and give its memory back."""
        with self._lock:
            caches = list(self._caches)
        for cache in caches:
            cache.drop_idle()
        release_memory()

    def close(self) -> None:
        """End what the backends started."""
        with self._lock:
            self._closed = True
            backends, self._backends = list(self._backends.values()), {}
            warming, self._warming = self._warming, None
        if warming is not None:
            warming.kill()
            warming.wait()
        for backend in backends:
            backend.close()


def _warm(recognizer: Recognizer) -> None:
    """Read one digit, so that the first stroke does not pay for what is loaded on first use."""
    import numpy as np

    picture = np.full((64, 64), 255, np.uint8)
    picture[12:52, 30:36] = 0
    recognizer.read_digit(picture)
