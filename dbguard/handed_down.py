"""Whether a Python file may tell a function of another module what to destroy.

The call that destroys stands in that module: this file has no word of its own that tells.
"""

from __future__ import annotations

_HANDED_DOWN = (
    b"drop table", b"drop database", b"drop schema", b"truncate table", b'"truncate ', b"'truncate ",
    b"delete from", b"flushall", b"dropdb ", b"rm -", b" down -v", b".db'", b'.db"', b".sqlite", b".duckdb",
)  # fmt: skip


def hands_down(data: bytes) -> bool:
    """Say whether a file may give a function of another module what that destroys.

    ``from shop.storage import clean`` and ``clean("shop.db")``: the call that destroys
    stands there, what it is about here.
    """
    if b"import" not in data:
        return False
    lowered = data.lower()
    return any(text in lowered for text in _HANDED_DOWN)
