"""Which rules judge what: so few of them need be imported. Written by tools/rule_index.py."""

from __future__ import annotations

ABOUT_CODE = (
    "backup-failure-ignored",
    "backup-not-timestamped",
    "backup-of-live-file",
    "bare-create-all",
    "change-not-verified",
    "change-without-backup",
    "create-all-reset",
    "delete-database-file",
    "delete-database-storage",
    "delete-without-where",
    "drop-all",
    "drop-column",
    "drop-database",
    "drop-table",
    "opaque-command",
    "overwrite-database-file",
    "rebuild-cascades",
    "reset-command",
    "restore-while-serving",
    "restore-without-keeping",
    "truncate-table",
    "unprotected-database",
    "update-without-where",
    "verification-cannot-stop",
)
ABOUT_GUARD = (
    "bad-suppression",
    "unreadable-file",
    "unused-suppression",
    "weakened-guard",
)
AT_END: tuple[str, ...] = ("change-not-verified",)
BY_KIND: dict[str, tuple[str, ...]] = {
    "DELETE_FILE": (
        "backup-failure-ignored",
        "delete-database-file",
    ),
    "OVERWRITE_FILE": (
        "backup-failure-ignored",
        "overwrite-database-file",
    ),
    "DELETE_STORAGE": (
        "backup-failure-ignored",
        "delete-database-storage",
    ),
    "DROP_DATABASE": (
        "backup-failure-ignored",
        "drop-database",
    ),
    "RESET": (
        "backup-failure-ignored",
        "reset-command",
    ),
    "DROP_ALL": (
        "backup-failure-ignored",
        "drop-all",
    ),
    "DROP_TABLE": (
        "backup-failure-ignored",
        "drop-table",
        "rebuild-cascades",
        "verification-cannot-stop",
    ),
    "DROP_COLUMN": (
        "backup-failure-ignored",
        "drop-column",
        "verification-cannot-stop",
    ),
    "TRUNCATE_TABLE": (
        "backup-failure-ignored",
        "truncate-table",
        "verification-cannot-stop",
    ),
    "DELETE_ROWS": (
        "backup-failure-ignored",
        "delete-without-where",
        "verification-cannot-stop",
    ),
    "UPDATE_ROWS": (
        "backup-failure-ignored",
        "update-without-where",
    ),
    "UNPROTECT": ("unprotected-database",),
    "RUN_OPAQUE": ("opaque-command",),
    "CREATE_ALL": (
        "bare-create-all",
        "create-all-reset",
    ),
    "RENAME_TABLE": ("change-without-backup",),
    "ALTER_TABLE": ("change-without-backup",),
    "BACKUP": (
        "backup-not-timestamped",
        "backup-of-live-file",
    ),
    "RESTORE": (
        "restore-while-serving",
        "restore-without-keeping",
    ),
}
