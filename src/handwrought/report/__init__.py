"""An evaluation as one HTML page that works anywhere, offline.

``page`` puts it together from the sections, one file each: ``summary``, ``confusion``,
``classes``, ``calibration``, ``mistakes``, ``robustness``, ``refusal``.  ``markup`` escapes,
``charts`` draws, ``pictures`` embeds; ``page.css`` and ``page.js`` go into the page as they are.
"""
