"""Runs the torture from the command line: `python -m tests.torture`."""

import sys

from tests.torture import reach

if __name__ == "__main__":
    reach.install()  # before anything of Sentinel is loaded
    from tests.torture.command import main

    sys.exit(main(sys.argv[1:]))
