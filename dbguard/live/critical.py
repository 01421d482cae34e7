"""Which tables hold what cannot be made again, and which column says how new a row is.

Both are guesses from names, for a person who looks at a database for the first time: they
decide on the order in a table, on nothing else.
"""

from __future__ import annotations

from dbguard.live.schema import Column
from dbguard.patterns import regex

_CRITICAL = frozenset(
    """account balance bill billing booking card cert certificate charge client contract
    credential customer deposit document donation employee entitlement grant identity invoice
    key ledger licence license loan login mandate medical member membership message mfa oauth
    order organisation organization passkey password patient payment payout payroll permission
    person post product profile purchase receipt refund reservation role salary sale secret
    session shipment staff subscription tenant ticket token trade transaction transfer user
    vault voucher wallet withdrawal""".split()
)
_WORD = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_AUXILIARY = regex(
    r"(?:^|_)(?:bak|backup|old|tmp|temp|cache|log|migrations?)(?:_|$)|^django_|^alembic_"
)

_NEWEST = (
    regex(r"^(?:updated|modified|changed|last_(?:updated|modified|changed))(?:_?(?:at|on|time|date))?$"),
    regex(r"^(?:created|inserted|added|registered|ordered|paid|date_(?:joined|created))"
          r"(?:_?(?:at|on|time|date))?$"),
    regex(r"^(?:timestamp|ts|datetime|date|time|when|occurred_at|logged_at)$"),
    regex(r"_(?:at|on|time|date|timestamp|ts)$"),
)  # fmt: skip
_TIME_TYPE = regex(r"date|time", 2)  # re.IGNORECASE


def is_critical(table: str) -> bool:
    """Say whether the name of a table suggests data that people and money depend on."""
    if _AUXILIARY.search(table.lower()):
        return False
    words = (word.lower() for word in _WORD.findall(table))
    return any(form in _CRITICAL for word in words for form in _singulars(word))


def _singulars(word: str) -> tuple[str, ...]:
    forms = [word]
    if word.endswith("ies"):
        forms.append(word[:-3] + "y")
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("s"):
        forms.append(word[:-1])
    return tuple(forms)


def time_column(columns: tuple[Column, ...]) -> str:
    """Return the column that says when a row was last touched, else made, '' for none."""
    for pattern in _NEWEST:
        for column in columns:
            if pattern.search(column.name.lower()):
                return column.name
    return next((column.name for column in columns if _TIME_TYPE.search(column.type)), "")
