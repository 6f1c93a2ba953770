"""Bringing a version 7 database over, for those who have Sentinel installed and no checkout."""

from pathlib import Path

from sentinel.domain.errors import LedgerError
from sentinel.ledger.steps import load_part


def migrate_from_v7(path: Path, backup_dir: Path | None = None, *, dry_run: bool = False) -> tuple[str, ...]:
    """Turn a version 7 database into a ledger, its tables kept as archives; what was done, or would be, line by line.

    The copy made first goes to `backup_dir`, else to `backups` beside the database. Doing it twice does nothing more.
    LedgerError when it is no version 7 database or anything fails; the database is then as it was.
    """
    migration = load_part("migrate_v7_to_v8_stop_only")
    try:
        return tuple(migration.migrate(path, backup_dir, dry_run=dry_run))
    except migration.MigrationRefused as error:
        raise LedgerError(error.message, error.remedy) from error
