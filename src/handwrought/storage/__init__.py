"""Model files: one format, one file each.  No pickle anywhere."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handwrought.storage.model_file import load_model, read_header, read_model, save_model

__all__ = ["load_model", "read_header", "read_model", "save_model"]


def __getattr__(name: str) -> Any:
    """Imported when first asked for: folders and locks need no NumPy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import handwrought.storage.model_file as model_file

    return getattr(model_file, name)
