"""Pillow's filters, worked out by their definitions."""

import numpy as np


def hamming(x):
    """Pillow's Image.Resampling.HAMMING, of support 1."""
    return np.where(np.abs(x) < 1, np.sinc(x) * (0.54 + 0.46 * np.cos(np.pi * x)), 0)


def bicubic(x):
    """Pillow's Image.Resampling.BICUBIC: Keys' cubic with a = -0.5, of support 2."""
    x, a = np.abs(x), -0.5
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def matrix(size, to, filter_, support):
    """What makes ``to`` numbers of ``size``: each the weighted mean of those around its middle."""
    scale = size / to
    wide = max(scale, 1.0)
    weights = np.zeros((to, size))
    for row in range(to):
        middle = (row + 0.5) * scale
        low = max(0, int(middle - support * wide + 0.5))
        high = min(size, int(middle + support * wide + 0.5))
        weights[row, low:high] = filter_((np.arange(low, high) - middle + 0.5) / wide)
    return weights / weights.sum(axis=1, keepdims=True)


def resized(part, shape, filter_, support):
    down, across = (
        matrix(n, to, filter_, support) for n, to in zip(part.shape, shape, strict=True)
    )
    return np.clip(down @ part @ across.T, 0, 1)
