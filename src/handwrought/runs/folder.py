"""The folder of a training: the names of its files."""

from __future__ import annotations

from typing import Final

__all__ = ["BEST", "CHECKPOINT", "CONFIG", "FILES", "HISTORY", "MODEL"]

CONFIG: Final = "config.json"
HISTORY: Final = "history.jsonl"
CHECKPOINT: Final = "checkpoint.safetensors"
MODEL: Final = "model.safetensors"
BEST: Final = "best.safetensors"
FILES: Final = (MODEL, BEST, CONFIG, CHECKPOINT, HISTORY)
"""What is written whole or not at all."""
