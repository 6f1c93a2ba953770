"""One realistic safety bug: where it goes into the code as it stands, and which tests must notice it."""

import re
from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(Exception):
    """The code a mutant changes is no longer there, or there more than once: the mutant must follow the code."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug as a trader would tell it; `old` occurs exactly once in `file`, and one of `killers` fails with `new`."""

    name: str
    file: str
    old: str
    new: str
    killers: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name as one word, to be typed."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def module(self) -> str:
        """The module it is in."""
        return self.file.removesuffix(".py").replace("/", ".")

    def applied_to(self, text: str) -> str:
        """The file's text with the bug in it; DoesNotApply unless the old text is there exactly once."""
        found = text.count(self.old)
        if found != 1:
            raise DoesNotApply(f"does not apply: its old text occurs {found} times in {self.file}")
        return text.replace(self.old, self.new)

    def apply(self, root: Path) -> None:
        """Put the bug into a copy of the code."""
        path = root / self.file
        path.write_text(self.applied_to(path.read_text(encoding="utf-8")), encoding="utf-8")
