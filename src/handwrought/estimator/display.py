"""How a fitted estimator shows itself in a notebook: scikit-learn's page, and the network below."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["architecture", "html_of"]


def architecture(estimator: Any) -> str:
    """Such as ``64 → 100 relu → 10 softmax (7,510 parameters)``."""
    sizes = [estimator.coefs_[0].shape[0], *(coef.shape[1] for coef in estimator.coefs_)]
    names = [*estimator.hidden_activations_, estimator.out_activation_]
    layers = [str(sizes[0])] + [f"{n} {name}" for n, name in zip(sizes[1:], names, strict=True)]
    count = sum(array.size for array in (*estimator.coefs_, *estimator.intercepts_))
    return f"{' → '.join(layers)} ({count:,} parameters)"


def html_of(estimator: Any) -> str:
    """scikit-learn's HTML, followed by the network's shape once there is one."""
    from sklearn.utils import estimator_html_repr

    page: str = estimator_html_repr(estimator)
    if not hasattr(estimator, "coefs_"):
        return page
    return f"{page}<pre>{escape(architecture(estimator))}</pre>"
