"""The few array operations worth compiling.  Without Numba, or with ``HANDWROUGHT_KERNELS=numpy``,
the plain NumPy of ``nn`` and ``training`` does the same."""

from __future__ import annotations

import os
from importlib.util import find_spec

from handwrought.errors import InvalidArgument

__all__ = ["wanted"]

_WORTH_IT = 150_000
"""Examples from which on compiled code has made up for the time that importing it takes."""


def wanted(examples: int) -> bool:
    """Whether compiled kernels are to be used for a training that sees so many examples.

    The environment variable ``HANDWROUGHT_KERNELS`` decides: "numpy" never, "numba" always,
    otherwise (or "auto") where Numba is installed and the training is long enough to pay.

    Raises
    ------
    InvalidArgument
        If the variable holds another word, or asks for a Numba that is not installed.
    """
    choice = os.environ.get("HANDWROUGHT_KERNELS", "auto")
    if choice not in ("auto", "numpy", "numba"):
        raise InvalidArgument(f"HANDWROUGHT_KERNELS is {choice!r}: use auto, numpy or numba")
    if choice == "numpy" or (choice == "auto" and examples < _WORTH_IT):
        return False
    installed = find_spec("numba") is not None
    if choice == "numba" and not installed:
        raise InvalidArgument(
            "HANDWROUGHT_KERNELS is 'numba', which is not installed: pip install 'handwrought[fast]'"
        )
    return installed
