"""delete-database-storage."""

from __future__ import annotations

from collections.abc import Iterator

from dbguard.patterns import regex
from dbguard.repair.command_words import command_words
from dbguard.repair.edits import Edit
from dbguard.repair.fix import Fix, Repair, Safety, Site
from dbguard.repair.words import removed

_VERBS = frozenset({"down", "rm", "prune", "stop"})
_WHOLE = frozenset({"-v", "--volumes", "--volumes=true", "--no-backup"})
_AMONG_OTHERS = regex(r"-[a-uw-z]*v[a-uw-z]*")


class DeleteDatabaseStorage(Fix):
    """The option that removes the volumes is taken out: `-v` and `--volumes` of
    `docker compose down`, `docker compose rm`, `docker rm` and `docker system prune`,
    `--no-backup` of `supabase stop`. What a program is asked to remove by name (a volume, a
    claim, a folder) has no fix.
    """

    rule = "delete-database-storage"
    safety = Safety.REVIEW

    def repairs(self, site: Site) -> Iterator[Repair]:
        """Yield the command without the option."""
        words = command_words(site)
        verb = next((at for at, word in enumerate(words) if word.plain in _VERBS), len(words))
        edits: list[Edit] = []
        told = []
        for at in range(verb + 1, len(words)):
            word = words[at]
            if word.plain in _WHOLE:
                edits.append(removed(words, at))
                told.append(word.plain)
            elif _AMONG_OTHERS.fullmatch(word.plain):
                edits.append(word.replaced(word.plain.replace("v", "")))
                told.append("-v")
        if edits:
            yield Repair(site.region, tuple(edits), f"removes {' and '.join(told)}")
