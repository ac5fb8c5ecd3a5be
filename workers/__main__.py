"""``python -m workers`` is ``janitor-workers``."""

from workers.cli import main

main()
