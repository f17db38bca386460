"""Formulae as MathML, their symbols in the colours that quantities have everywhere in the studio."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["mathml"]

_COLOUR = re.compile(r'mathcolor="(q-[a-z]+)"')


@lru_cache(maxsize=4096)
def mathml(latex: str) -> str:
    r"""MathML of a formula; ``\textcolor{q-w}{w}`` gives w the style class ``q-w``.

    The classes are ``q-a`` (input, activation), ``q-w`` (weight), ``q-b`` (bias), ``q-z`` (weighted
    input), ``q-delta`` (error), ``q-cost`` (cost) and ``q-grad`` (gradient).  A colour by name and
    not by class would not follow the page from light to dark.
    """
    from latex2mathml.converter import convert

    return _COLOUR.sub(r'class="\1"', convert(latex))
