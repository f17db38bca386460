"""``python -m handwrought``."""

from handwrought.cli import main

main()
