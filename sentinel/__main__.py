"""Where every `sentinel` begins: loads the rest behind a door no Ctrl-C can slam, however early or late."""

import signal
import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line; its exit code, or 130 for a Ctrl-C while the program was still loading."""
    try:
        from sentinel.cli import main as command_line

        exit_code = command_line()
        # What is done is done: a Ctrl-C while Python tidies up must not make it look undone.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write("error: interrupted\ndo: run the command again: it repairs what was left\n")
        return INTERRUPTED
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
