"""The page about the command line says what the program says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    program = "import write_cli_doc; print(write_cli_doc.page(), end='')"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "docs" / "cli.md").read_text("utf-8"), "run scripts/write_cli_doc.py"
