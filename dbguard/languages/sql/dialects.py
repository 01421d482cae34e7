"""Which dialect a text is written in, and which way a migration file goes."""

from __future__ import annotations

import re

from dbguard.patterns import regex

POSTGRESQL, MYSQL, SQLITE, TSQL, ORACLE = "postgresql", "mysql", "sqlite", "tsql", "oracle"

_ALIASES = {
    "postgres": POSTGRESQL,
    "pgsql": POSTGRESQL,
    "psql": POSTGRESQL,
    "mariadb": MYSQL,
    "sqlite3": SQLITE,
    "mssql": TSQL,
    "sqlserver": TSQL,
    "transact-sql": TSQL,
    "plsql": ORACLE,
}

# The first one found in the text decides; each is something only this dialect writes.
_CONTENT = (
    (MYSQL, regex(r"^[ \t]*DELIMITER\s+\S|/\*!\d{5}|\bENGINE\s*=\s*\w|\bAUTO_INCREMENT\b", re.I | re.M)),
    (TSQL, regex(r"^[ \t]*GO[ \t]*;?[ \t]*$|\[dbo\]|\bdbo\.|\bNVARCHAR\b|\bDECLARE\s+@|\bOBJECT_ID\s*\(|\bRAISERROR\b|\bsp_rename\b|\bIDENTITY\s*\(", re.I | re.M)),
    (ORACLE, regex(r"^/\s*$|\bVARCHAR2\b|\bEXECUTE\s+IMMEDIATE\b|\bDBMS_\w+\.|\bPURGE\s*;", re.I | re.M)),
    (SQLITE, regex(r"\bPRAGMA\s+\w|\bAUTOINCREMENT\b|\bsqlite_master\b|^\.(?:open|read|backup|mode|headers)\b|\bWITHOUT\s+ROWID\b", re.I | re.M)),
    (POSTGRESQL, regex(r"\$\w*\$|\bplpgsql\b|\bBIGSERIAL\b|\bSERIAL\b|\bTIMESTAMPTZ\b|\bJSONB\b|\w::\w|^\\(?:c|i|ir|set|connect|copy)\b|\bpg_\w+", re.I | re.M)),
)  # fmt: skip
# A pattern is only tried where one of its plain stems is found: that is far cheaper.
_STEMS = {
    MYSQL: ("delimiter", "/*!", "engine", "auto_increment"),
    TSQL: ("\ngo", "dbo", "nvarchar", "@", "object_id", "raiserror", "sp_rename", "identity"),
    ORACLE: ("\n/", "varchar2", "immediate", "dbms_", "purge"),
    SQLITE: ("pragma", "autoincrement", "sqlite_master", "\n.", "rowid"),
    POSTGRESQL: ("$", "plpgsql", "serial", "timestamptz", "jsonb", "::", "\n\\", "pg_"),
}
_SAMPLE = 100_000


def dialect_of(hint: str, text: str) -> str:
    """Return the dialect named by *hint*, else the one the text shows, '' where neither does."""
    hint = hint.lower()
    hint = _ALIASES.get(hint, hint)
    if hint:
        return hint
    sample = text[:_SAMPLE]
    lowered = "\n" + sample.lower()
    for dialect, mark in _CONTENT:
        if any(stem in lowered for stem in _STEMS[dialect]) and mark.search(sample):
            return dialect
    return ""


# golang-migrate, dbmate's and diesel's down.sql, Flyway undo (U1__x.sql), sqitch's revert/.
_DOWN_PATH = regex(
    r"(?:^|/)(?:down|undo|revert|rollbacks?|downgrade)(?:/(?:[^/]+/)*[^/]+)?\.(?:sql|ddl|psql|pgsql)$"
    r"|(?:^|/)(?:rollback|undo|down)[-_.][^/]*\.(?:sql|ddl|psql|pgsql)$"
    r"|[-_.](?:down|undo|rollback|revert|downgrade)\.(?:sql|ddl|psql|pgsql)$"
    r"|(?:^|/)rollback[^/]*\.(?:sql|ddl|psql|pgsql)$"
    r"|(?:^|/)U\d[\d._]*__[^/]*\.(?:sql|ddl)$",
    re.IGNORECASE,
)
# One of these is in whatever the pattern finds, which takes half a millisecond to compile.
_DOWN_STEMS = ("down", "undo", "revert", "rollback", "__")


def is_down_path(path: str) -> bool:
    """Say whether a file undoes a migration, by its name (``down.sql``, ``U1__x.sql``)."""
    folded = path.casefold()
    return any(stem in folded for stem in _DOWN_STEMS) and _DOWN_PATH.search(path) is not None
