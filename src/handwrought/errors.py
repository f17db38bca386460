"""Every exception that handwrought raises on purpose.

::

    HandwroughtError
    ├── InvalidArgument      (ValueError)    an argument, option or array that cannot be used
    ├── DataError            (ValueError)    a data file, or the arrays of a data set, are wrong
    │   └── DownloadError    (OSError)       a data set could not be fetched
    ├── ImageError           (ValueError)    a picture cannot be read or makes no sense
    ├── ModelFileError       (ValueError)    a model or checkpoint file is wrong
    │   └── CannotWrite      (OSError)       a file or folder cannot be written; what was there is whole
    ├── FolderInUse          (OSError)       another process is writing to this folder
    ├── CannotCopy           (TypeError)     an object cannot be copied or pickled
    ├── TrainingDiverged     (ArithmeticError)  the cost became NaN or infinite
    └── MissingExtra         (ImportError)   an optional dependency is not installed

Each message is one sentence or two that names the value, the place and the remedy.  The command
line prints it as it is and exits with 2 (wrong input) or 1 (everything else); it shows no
traceback for these.
"""

from __future__ import annotations

from os import PathLike

__all__ = [
    "CannotCopy",
    "CannotWrite",
    "DataError",
    "DownloadError",
    "FolderInUse",
    "HandwroughtError",
    "ImageError",
    "InvalidArgument",
    "MissingExtra",
    "ModelFileError",
    "TrainingDiverged",
]


class HandwroughtError(Exception):
    """The root of the tree: catch this to catch everything handwrought raises on purpose."""


class InvalidArgument(HandwroughtError, ValueError):
    """An argument, option or array cannot be used; the message says which and what would do."""


class DataError(HandwroughtError, ValueError):
    """A data file, or the arrays of a data set, are wrong; the message names file and place."""


class DownloadError(DataError, OSError):
    """A data set could not be fetched, from any of its mirrors."""


class ImageError(HandwroughtError, ValueError):
    """A picture cannot be decoded, is too large, or is not a picture at all."""


class ModelFileError(HandwroughtError, ValueError):
    """A model or checkpoint file is damaged, foreign, or of a newer version."""


class CannotWrite(ModelFileError, OSError):
    """A file or folder cannot be written: a full disk, missing rights, too little memory.

    What was there before is whole.
    """

    @classmethod
    def of(cls, path: str | PathLike[str], error: BaseException, remedy: str) -> CannotWrite:
        """The sentence for what the system said."""
        if isinstance(error, MemoryError):
            why = "not enough memory"
        else:
            why = getattr(error, "strerror", None) or str(error)
        return cls(f"{path} cannot be written: {why}; {remedy}")


class FolderInUse(HandwroughtError, OSError):
    """Another process is writing to the same run folder."""


class CannotCopy(HandwroughtError, TypeError):
    """An object under way cannot be copied or pickled; the message says what can be."""


class TrainingDiverged(HandwroughtError, ArithmeticError):
    """The cost became NaN or infinite; the network was put back to its last good weights.

    Attributes
    ----------
    epoch : int
        The epoch (from 1) in which it happened.
    batch : int
        The mini-batch of that epoch (from 1).
    """

    def __init__(self, message: str, *, epoch: int, batch: int) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.batch = batch


class MissingExtra(HandwroughtError, ImportError):
    """An optional dependency is not installed; the message names the extra to install."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional dependency that is not installed: "
            f"pip install 'handwrought[{extra}]'"
        )
