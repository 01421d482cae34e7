"""The .gitignore files met on a walk (gitignore(5)), where git itself is not asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbguard.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class Ignore:
    """One .gitignore: its patterns hold below ``prefix``, a folder with its slash."""

    prefix: str
    spec: GitIgnoreSpec

    @classmethod
    def of_file(cls, prefix: str, data: bytes) -> Ignore:
        """Return the patterns of a .gitignore that lies at *prefix*."""
        from pathspec import GitIgnoreSpec

        lines = data.decode("utf-8", "surrogateescape").splitlines()
        return cls(prefix, GitIgnoreSpec.from_lines(_well_formed(lines)))


def is_ignored(path: str, ignores: tuple[Ignore, ...], *, is_folder: bool) -> bool:
    """Say whether a path is ignored: the innermost file that knows it decides.

    *ignores* stand outermost first.
    """
    for ignore in reversed(ignores):
        inside = path.removeprefix(ignore.prefix).replace("\\", "/")
        verdict = ignore.spec.check_file(inside + "/" if is_folder else inside).include
        if verdict is not None:
            return verdict
    return False


def _well_formed(lines: Iterable[str]) -> Iterator[str]:
    """Yield the patterns that mean something; git passes over the others as well."""
    from pathspec import GitIgnoreSpec

    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        yield line
