"""Runs Sentinel as `python -m sentinel`."""

import sys

from sentinel.cli import main

if __name__ == "__main__":
    sys.exit(main())
