"""The formulae of backpropagation in the studio's colours, general and with numbers put in."""

from __future__ import annotations

from typing import Final

__all__ = ["ACTIVATION", "COST", "PRIME", "W", "a", "b", "cost", "dC", "num", "q", "z", "δ"]


def q(quantity: str, tex: str) -> str:
    """A symbol or number in its quantity's colour."""
    return rf"\textcolor{{q-{quantity}}}{{{tex}}}"


def _indexed(quantity: str, symbol: str, l: int | str, j: int | str | None) -> str:
    low = "" if j is None else f"_{{{j}}}"
    return q(quantity, f"{symbol}^{{{l}}}{low}")


def a(l: int | str, j: int | str | None = None) -> str:
    """a^l, or a^l_j."""
    return _indexed("a", "a", l, j)


def z(l: int | str, j: int | str | None = None) -> str:
    """z^l, or z^l_j."""
    return _indexed("z", "z", l, j)


def b(l: int | str, j: int | str | None = None) -> str:
    """b^l, or b^l_j."""
    return _indexed("b", "b", l, j)


def δ(l: int | str, j: int | str | None = None) -> str:
    """δ^l, or δ^l_j."""
    return _indexed("delta", r"\delta", l, j)


def W(l: int | str, j: int | str | None = None, k: int | str | None = None) -> str:
    """W^l, or w^l_jk."""
    if j is None:
        return q("w", f"W^{{{l}}}")
    comma = "," if isinstance(j, int) or isinstance(k, int) else ""
    return q("w", f"w^{{{l}}}_{{{j}{comma}{k}}}")


def cost() -> str:
    """C."""
    return q("cost", "C")


def dC(by: str, quantity: str = "grad") -> str:
    """∂C/∂..."""
    top = q(quantity, r"\partial C")
    return rf"\frac{{{top}}}{{\partial {by}}}"


def num(x: float, quantity: str | None = None, *, brackets: bool = False, digits: int = 4) -> str:
    """A number to four significant digits; in brackets if negative and it follows a sign."""
    if x == 0:
        text = "0"
    elif abs(x) >= 1e6 or abs(x) < 1e-4:
        mantissa, power = f"{abs(x):.{digits - 1}e}".split("e")
        text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
    else:
        text = f"{abs(x):.{digits}g}"
        if "e" in text:
            text = f"{abs(x):.0f}"
        elif abs(x) < 10 ** (digits - 1):  # %g drops the zeros that are digits, too
            whole = len(text.split(".")[0]) if abs(x) >= 1 else 0
            places = digits - whole if abs(x) >= 1 else _places(abs(x), digits)
            text = f"{abs(x):.{places}f}"
    if x < 0:
        text = f"-{text}"
    if quantity:
        text = q(quantity, text)
    return rf"\left({text}\right)" if brackets and x < 0 else text


def _places(x: float, digits: int) -> int:
    """Decimals that show so many significant digits of a number below 1."""
    places = digits
    while x < 0.1:
        x *= 10
        places += 1
    return places


ACTIVATION: Final[dict[str, str]] = {
    "identity": "{z}",
    "sigmoid": r"\frac{{1}}{{1 + e^{{-{z}}}}}",
    "tanh": r"\tanh {z}",
    "relu": r"\max(0, {z})",
    "leaky-relu": r"\max(0.01 \, {z}, {z})",
    "silu": r"{z} \cdot \frac{{1}}{{1 + e^{{-{z}}}}}",
    "gelu": r"{z} \, \Phi({z})",
}
"""σ(z) with a place for z."""

PRIME: Final[dict[str, str]] = {
    "identity": "1",
    "sigmoid": r"\sigma({z}) \left(1 - \sigma({z})\right)",
    "tanh": r"1 - \tanh^2 {z}",
    "relu": r"1 \text{{ where }} {z} > 0, \text{{ else }} 0",
    "leaky-relu": r"1 \text{{ where }} {z} > 0, \text{{ else }} 0.01",
    "silu": r"s \left(1 + {z} (1 - s)\right), \; s = \frac{{1}}{{1 + e^{{-{z}}}}}",
    "gelu": r"\Phi({z}) + {z} \, \varphi({z})",
}
"""σ'(z) with a place for z."""

COST: Final[dict[str, tuple[str, str, str]]] = {
    "quadratic": (
        r"\frac{{1}}{{2}} \sum_j \left({a} - {y}\right)^2",
        "{a} - {y}",
        r"\frac{{1}}{{2}} \left({a} - {y}\right)^2",
    ),
    "cross-entropy": (
        r"-\sum_j \left[{y} \ln {a} + (1 - {y}) \ln (1 - {a})\right]",
        r"\frac{{1 - {y}}}{{1 - {a}}} - \frac{{{y}}}{{{a}}}",
        r"-\left[{y} \ln {a} + (1 - {y}) \ln (1 - {a})\right]",
    ),
    "softmax": (r"-\sum_j {y} \ln {a}", r"-\frac{{{y}}}{{{a}}}", r"-{y} \ln {a}"),
}
"""C, ∂C/∂a_j and one output's share of C, with places for a and y."""
