"""Folders of tools and of other people's code, which a scan leaves out."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".jj",
        "node_modules",
        "bower_components",
        "jspm_packages",
        "site-packages",
        "dist-packages",
        "__pycache__",
        "__pypackages__",
        ".eggs",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".terraform",
        ".yarn",
    }
)
# ... and by a file that lies in them.
MARKS = ("pyvenv.cfg", "conda-meta")
VENDORED = {"vendor": ("modules.txt", "autoload.php", "bundle")}


def why_foreign(folder: str) -> str:
    """Return why a folder and all below it is left out, '' where it is not."""
    name = os.path.basename(folder)
    if name in FOLDERS:
        return f"in {name}/"
    if any(os.path.lexists(os.path.join(folder, mark)) for mark in MARKS):
        return "in a virtual environment"
    marks = VENDORED.get(name, ())
    if any(os.path.lexists(os.path.join(folder, mark)) for mark in marks):
        return f"in {name}/ (vendored)"
    return ""


def why_foreign_by(name: str, names: Container[str]) -> str:
    """Return the same of a folder called *name* in which *names* lie; '' where it is not."""
    if name in FOLDERS:
        return f"in {name}/"
    if any(mark in names for mark in MARKS):
        return "in a virtual environment"
    if any(mark in names for mark in VENDORED.get(name, ())):
        return f"in {name}/ (vendored)"
    return ""


def foreign_part(root: str, path: str) -> tuple[str, str] | None:
    """Return the outermost folder of a file that is left out, and why; None where none is.

    *path* is the file's, from *root*, with slashes; so is the folder's.
    """
    folders = path.split("/")[:-1]
    for number in range(1, len(folders) + 1):
        if why := why_foreign(os.path.join(root, *folders[:number])):
            return "/".join(folders[:number]), why
    return None
