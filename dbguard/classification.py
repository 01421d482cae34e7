"""What operations on files mean, given what the project says about its databases.

Languages lower ``rm x`` to an operation on the file ``x``. Here it becomes the deletion
of a database, of a database's storage, or nothing; ``cp a b`` becomes a backup, a
restore or an overwriting.
"""

from __future__ import annotations

from posixpath import basename

from dbguard.databases import (
    LONGEST_NAME,
    ends_in_hole,
    has_database_suffix,
    is_no_database,
    is_server_file,
    is_storage,
    is_timestamped,
    lies_in_mail_server,
    looks_like_backup,
    looks_new,
    named_as_database,
    named_as_packages,
    named_as_storage,
    names_directory,
    normal_path,
    throwaway_reason,
    volume_of,
    without_companion,
)
from dbguard.operations import Certainty, Kind, Operation, Target, TargetKind, Trait
from dbguard.patterns import excluder
from dbguard.records import dataclass, replace
from dbguard.source import has_hole, hole_names


@dataclass(frozen=True, slots=True)
class Databases:
    """What the project says about its databases.

    ``used`` are the paths of database files its code connects to, in normal form;
    ``named`` and ``excluded`` are patterns of the settings, as in .gitignore.
    """

    used: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def certainty(self, path: str) -> Certainty | None:
        """Return how sure it is that *path* is a database file, None where it is none.

        LITERAL by setting, use or suffix; PARTIAL where part of the path is unknown but
        its suffix says so; OPAQUE where only a name does (``$DB_PATH``).
        """
        normal = normal_path(path)
        if not normal or normal.startswith("/dev/"):
            return None
        if self.excluded and excluder(self.excluded)(normal):
            return None
        if self.named and excluder(self.named)(normal):
            return Certainty.LITERAL
        if self._is_used(without_companion(normal)):
            return Certainty.LITERAL
        if is_no_database(normal):
            return None
        if is_server_file(normal) and not looks_like_backup(normal.rpartition("/")[0]):
            return Certainty.LITERAL
        if looks_like_backup(normal):
            return None
        if has_database_suffix(normal):
            return Certainty.PARTIAL if has_hole(basename(normal)) else Certainty.LITERAL
        names = hole_names(normal)
        if names and ends_in_hole(normal) and named_as_database(names[-1]):
            return Certainty.OPAQUE
        return None

    def holds_database(self, directory: str) -> bool:
        """Say whether a database the project uses lies below a directory."""
        prefix = _below_root(normal_path(directory.rstrip("*"))).rstrip("/") + "/"
        return prefix not in ("./", "/") and any(path.startswith(prefix) for path in self.used)

    def _is_volume_of_packages(self, name: str) -> bool:
        """Say whether a volume is named as one of packages and no database uses it."""
        return named_as_packages(name) and f"volume:{name}" not in self.used

    def _is_device_of_database(self, name: str) -> bool:
        """Say whether what a program formats is known, or named, to hold a database."""
        if is_storage(name) or self.holds_database(name):
            return True
        return has_hole(name) and named_as_storage(" ".join(hole_names(name)))

    def knows_volume(self, name: str) -> bool:
        """Say whether a volume is a database's: by a compose file, where the project has one.

        Compose puts the name of the project before that of the volume.
        """
        known = [used.removeprefix("volume:") for used in self.used if used.startswith("volume:")]
        if any(name == one or name.endswith(("_" + one, "-" + one)) for one in known):
            return True
        return not known or has_hole(name) or named_as_storage(name)

    def may_be_used(self, path: str) -> bool:
        """Say whether only a look at the rest of the project can tell what *path* is."""
        normal = normal_path(path)
        return (
            normal not in ("", ".", "/")
            and not has_hole(normal)
            and not normal.startswith("/dev/")
            and not is_no_database(normal)
            and not looks_like_backup(normal)
            and self.certainty(normal) is None
        )

    def knows(self, path: str) -> bool:
        """Say whether the project uses a database at *path* or below it."""
        if normal_path(path) == ".":
            return bool(self.used)
        may_be_volume = volume_of(normal_path(path)) or "/" not in path
        if may_be_volume and any(used.startswith("volume:") for used in self.used):
            return True
        return self._is_used(normal_path(path)) or self.holds_database(path)

    def _is_used(self, path: str) -> bool:
        if path in self.used:
            return True
        if any(c in path for c in "*?["):
            from fnmatch import fnmatchcase as fnmatch  # a pattern is rare

            return any(fnmatch(used, path) for used in self.used)
        path = _below_root(path)
        # A path from another folder of the same project: settle for the same name.
        return (
            bool(basename(path))
            and not has_hole(path)
            and any(used.endswith("/" + path) or path.endswith("/" + used) for used in self.used)
        )

    def classify(self, operation: Operation) -> tuple[Operation, ...]:
        """Return what an operation on files means for databases.

        Operations on files that are no database are left out; a copy becomes a backup, a
        restore or an overwriting, whichever its two sides make it. Other operations come
        back as they are, with their throw-away targets marked.
        """
        operation = _within_bounds(operation)
        target = operation.target
        script = operation.region.file.path
        if lies_in_mail_server(target.name, script) and not self.knows(target.name):
            return ()
        match operation.kind:
            case Kind.DELETE_FILE:
                return self._deletion(operation) or _removal(operation)
            case Kind.OVERWRITE_FILE:
                found = self._as_database(target)
                return (replace(operation, target=found),) if found else _removal(operation)
            case Kind.COPY_FILE | Kind.MOVE_FILE:
                return self._copy(operation)
            case Kind.DELETE_STORAGE if target.kind is TargetKind.FILE:
                if not self._is_device_of_database(target.name):
                    return ()
                return (replace(operation, target=replace(target, kind=TargetKind.STORAGE)),)
            case Kind.DELETE_STORAGE if target.name and " volume" in operation.spelling:
                if self._is_volume_of_packages(target.name):
                    return ()
                sure = self.knows_volume(target.name)
                weaker = replace(target, certainty=Certainty.OPAQUE)
                return (operation if sure else replace(operation, target=weaker),)
            case Kind.DELETE_STORAGE if target.name.startswith(("/", "./", "../")):
                # a device or folder that a program wipes, not a volume
                held = is_storage(target.name) or self.holds_database(target.name)
                return (operation,) if held else ()
            case Kind.BACKUP if not self._is_of_database(operation):
                return ()
            case Kind.BACKUP:
                source = operation.source
                if source is not None and (volume := volume_of(normal_path(source.name))):
                    storage = replace(source, kind=TargetKind.STORAGE, name=volume, database=volume)
                    operation = replace(operation, source=storage)
                if is_timestamped(target.name):
                    traits = operation.traits | {Trait.TIMESTAMPED}
                    operation = replace(operation, traits=traits)
                return (operation,)
            case _:
                reason = throwaway_reason(target.database or "")
                if not reason and target.kind in (TargetKind.DATABASE, TargetKind.STORAGE):
                    reason = throwaway_reason(target.name)
                if reason and not target.throwaway:
                    return (replace(operation, target=replace(target, throwaway=reason)),)
                return (operation,)

    def _is_of_database(self, backup: Operation) -> bool:
        """Say whether what was packed away is a database: tar takes any file and folder."""
        source = backup.source
        if source is None or source.kind is not TargetKind.FILE:
            return True
        name = source.name
        if volume := volume_of(normal_path(name)):
            return self.knows_volume(volume)
        return self.certainty(name) is not None or is_storage(name) or self.holds_database(name)

    def _as_database(self, target: Target) -> Target | None:
        certainty = self.certainty(target.name)
        if certainty is None:
            return None
        name = normal_path(target.name)
        reason = target.throwaway or throwaway_reason(name)
        return Target(TargetKind.DATABASE, name, name, certainty, reason)

    def _deletion(self, operation: Operation) -> tuple[Operation, ...]:
        target = operation.target
        found = self._as_database(target)
        if found is not None and not (
            operation.has(Trait.RECURSIVE) and names_directory(target.name)
        ):
            return (replace(operation, target=found),)
        if not operation.has(Trait.RECURSIVE):
            return ()
        name = normal_path(target.name)
        volume = volume_of(name)
        if volume:
            name = volume
        elif operation.certainty is Certainty.OPAQUE:
            # git clean: it takes whatever git does not know
            if not self.used:
                return ()
        elif not (is_storage(name) or self.holds_database(name) or found is not None):
            return ()
        if looks_like_backup(name):
            return ()
        certainty = Certainty.PARTIAL if has_hole(name) else target.certainty
        if volume and not self.knows_volume(volume):
            certainty = Certainty.OPAQUE
        reason = target.throwaway or throwaway_reason(name)
        storage = Target(TargetKind.STORAGE, name, name, certainty, reason)
        return (replace(operation, kind=Kind.DELETE_STORAGE, target=storage),)

    def _copy(self, operation: Operation) -> tuple[Operation, ...]:
        """Judge ``cp a b`` and ``mv a b`` by which side is a database.

        ``cp app.db app.db.bak`` backs up app.db; ``cp app.db.bak app.db`` restores it;
        ``cp new.db app.db`` overwrites it. A move keeps the bytes, so moving a database
        aside counts as keeping it.
        """
        source, target = operation.source, operation.target
        if source is None:
            return ()
        into = normal_path(target.name)
        if into == "/dev/null":
            lost = replace(operation, kind=Kind.DELETE_FILE, source=None, target=source)
            return self._deletion(lost) if operation.kind is Kind.MOVE_FILE else ()
        if target.name.endswith("/") or basename(into) in (".", ".."):
            into = normal_path(f"{into}/{basename(normal_path(source.name))}")
        origin = self._as_database(source)
        found = self._as_database(replace(target, name=into))
        copied: tuple[Operation, ...] = ()
        if origin is not None:
            traits = operation.traits
            if is_timestamped(into):
                traits |= {Trait.TIMESTAMPED}
            if operation.kind is Kind.COPY_FILE:
                traits |= {Trait.FILE_COPY}
            copied = (
                replace(
                    operation,
                    kind=Kind.BACKUP,
                    source=origin,
                    target=Target(TargetKind.FILE, into),
                    traits=traits,
                ),
            )
        if found is None or normal_path(source.name) == into:
            return copied
        if looks_like_backup(normal_path(source.name)):
            kept = Target(TargetKind.FILE, normal_path(source.name))
            return (replace(operation, kind=Kind.RESTORE, source=kept, target=found),)
        if origin is not None and self._is_copy(operation, origin.name, found.name):
            return copied
        return (replace(operation, kind=Kind.OVERWRITE_FILE, target=found),)

    def _is_copy(self, operation: Operation, origin: str, copy: str) -> bool:
        """Say whether the file that arises is a copy of a database, not its replacement."""
        if basename(origin) == basename(copy) and _below(copy, origin):
            return True
        return (
            operation.kind is Kind.COPY_FILE
            and self._is_used(origin)
            and not self._is_used(copy)
            and not looks_new(origin)
        )


def _within_bounds(operation: Operation) -> Operation:
    """Return an operation whose names are short enough to be searched."""
    target, source = _cut(operation.target), operation.source
    source = None if source is None else _cut(source)
    if target is operation.target and source is operation.source:
        return operation
    return replace(operation, target=target, source=source)


def _cut(target: Target) -> Target:
    name, database = target.name, target.database
    if len(name) <= LONGEST_NAME and (database is None or len(database) <= LONGEST_NAME):
        return target
    return replace(
        target,
        name=name[-LONGEST_NAME:],
        database=None if database is None else database[-LONGEST_NAME:],
    )


def _below_root(path: str) -> str:
    """Return a path without the steps up that a script in a subfolder begins with."""
    while path.startswith("../"):
        path = path[3:]
    return path


def _below(copy: str, original: str) -> bool:
    """Say whether a copy of the same name goes to another folder, as backups do."""
    return copy.count("/") > original.count("/") or copy.startswith("/")


def _removal(operation: Operation) -> tuple[Operation, ...]:
    """Return what the loss of a file that is no database means: it may hold a copy of one."""
    if not operation.target.name or operation.certainty is Certainty.OPAQUE:
        return ()
    return (replace(operation, kind=Kind.REMOVE_FILE),)
