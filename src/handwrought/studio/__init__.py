"""The studio: draw, watch it learn, and step through backpropagation, in the browser.

``app.py`` lists the routes of all views.  ``server/`` holds what views share: the guard, messages
and the page's frame.  Each view is a folder, as ``draw/`` shows:

- ``drawings.py``: its backend, a class made once from the
  :class:`~handwrought.studio.server.studio.Studio` and found by ``studio.backend(Drawings)``; no
  server in it, and nothing heavy imported at its top, since the page must be there before NumPy is;
- ``routes.py``: its messages and thin ``routes = [...]``;
- ``view.js`` and ``view.css``, and the scripts that ``view.js`` alone imports: its page.  Scripts
  and styles that several pages share stand in :mod:`handwrought.web`.

Every route is guarded by ``server/security.py`` without doing anything, and the tests take each
route from the table.
"""
