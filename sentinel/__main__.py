"""Where every `sentinel` begins: loads the rest behind a door no signal can slam, however early or late."""

import signal
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line; its exit code, or 130 for a Ctrl-C while the program was still loading."""
    try:
        # A scheduler or a shutdown that ends Sentinel does it as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from sentinel.cli import main as command_line

        exit_code = command_line()
        _keep_the_exit_code()
    except KeyboardInterrupt:
        _keep_the_exit_code()
        sys.stderr.write("error: interrupted\ndo: run the command again: it repairs what was left\n")
        return INTERRUPTED
    return exit_code


def _keep_the_exit_code() -> None:
    """What is done is done: no signal, before or after, makes Python end by it instead of the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # A Ctrl-C that met a library evaluating text while it loaded is remembered until text is evaluated once more.
    eval("None")  # noqa: S307


if __name__ == "__main__":
    sys.exit(main())
