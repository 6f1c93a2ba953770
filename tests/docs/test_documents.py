"""What the documents show is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_evening_of_the_architecture_page_runs():
    result = doctest.testfile(str(ROOT / "docs" / "architecture.md"), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_the_evening_the_readme_shows_is_one_of_the_demo(tmp_path):
    words = [sys.executable, "-m", "sentinel", "demo", str(tmp_path / "demo")]
    demo = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True, timeout=120).stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (evening,) = re.findall(r"```text\n(\$ sentinel evening-workflow.*?)```", readme, re.DOTALL)
    assert evening.replace("\N{NO-BREAK SPACE}", " ") in demo.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_every_link_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (ROOT / page).parent.joinpath(target).exists(), target


def test_every_promise_of_the_security_page_names_tests_there_are():
    promised, _ = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").split("## Against whom")
    promises = re.split(r"^- ", promised, flags=re.MULTILINE)[1:]
    assert len(promises) > 10
    for promise in promises:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promise)
        assert named, f"no test proves: {promise}"
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
