"""Schema 8, the seal: what every table held when Sentinel last wrote to it."""

from sqlite_utils import Database

SEAL = """
CREATE TABLE seal (
  -- What every table held when Sentinel last wrote to it; what anything else changed does not agree with it.
  name TEXT PRIMARY KEY NOT NULL, -- the table, or `(definitions)` for the schema itself
  digest TEXT NOT NULL CHECK (length(digest) = 64) -- the sum of the SHA-256 of its rows
) STRICT
"""


def migrate(db: Database) -> None:
    """Create the table; it is filled when the steps are over."""
    db.execute(SEAL.strip())
