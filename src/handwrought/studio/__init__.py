"""The studio: draw, watch it learn, and step through backpropagation, in the browser.

A view NAME is four files, as Draw shows:

- ``drawing.py``: its backend, a class made once from the :class:`~handwrought.studio.sessions.Studio`
  and found by ``studio.backend(Drawings)``; no server in it, and nothing heavy imported at its top,
  since the page must be there before NumPy is;
- ``routes_draw.py``: its messages and thin ``routes = [...]``, which ``server.py`` lists;
- ``static/views/draw.js`` and ``draw.css``: its page, offered as soon as the script is there.

Every route is guarded by ``security.py`` without doing anything, and the tests take each route from
the table.
"""
