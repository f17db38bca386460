"""The page in the user's own folder by which the browser is let in, once.

What a browser is started with stands in its command line, where every user of the machine reads it.
So it is started with the path of a file that its owner alone can read, in a folder that its owner
alone can enter.  The page in that file leads to the studio with a code that is exchanged for the
cookie and works never again; then the file is deleted.
"""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["Door"]

_STALE = 3600.0
"""Seconds after which no browser comes any more: the page's studio was killed."""

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>handwrought studio</title>
<p><a href="{address}">Go on to the studio</a></p>
"""


class Door:
    """A code that works once, and the file that leads there with it.

    Parameters
    ----------
    url : str
        The studio's, without a slash at its end.

    Attributes
    ----------
    path : Path
        Of mode 0600, in a folder of mode 0700.

    Raises
    ------
    OSError
        If there is no folder that the file can be written to.
    """

    def __init__(self, url: str) -> None:
        self._code: str | None = secrets.token_urlsafe(32)
        folder = _own_folder()
        _remove_stale(folder)
        handle, name = tempfile.mkstemp(".html", "studio-", folder)  # of mode 0600
        self.path = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as page:
            page.write(_PAGE.format(address=f"{url}/?token={self._code}"))

    def admits(self, code: str) -> bool:
        """Whether this is the code; it is used up by that."""
        if self._code is None or not hmac.compare_digest(code.encode(), self._code.encode()):
            return False
        self.close()
        return True

    def close(self) -> None:
        """Let nobody in any more."""
        self._code = None
        with suppress(OSError):
            self.path.unlink()


def _remove_stale(folder: Path) -> None:
    """Pages of studios that were killed."""
    for page in folder.glob("studio-*.html"):
        with suppress(OSError):
            if time.time() - page.lstat().st_mtime > _STALE:
                page.unlink()


def _own_folder() -> Path:
    """A folder that nobody else can enter, in the user's cache or, where that cannot be, new."""
    from platformdirs import user_cache_path

    folder = user_cache_path("handwrought", appauthor=False) / "studio"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # whoever made it
        if not os.access(folder, os.W_OK):
            raise PermissionError
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="handwrought-"))
    return folder
