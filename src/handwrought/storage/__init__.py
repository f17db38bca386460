"""Model files: one format, one file each.  No pickle anywhere."""

from handwrought.storage.model_file import load_model, read_header, read_model, save_model

__all__ = ["load_model", "read_header", "read_model", "save_model"]
