"""Migration frameworks: Alembic and Flask-Migrate, Django, yoyo, peewee-migrate."""

from __future__ import annotations

from collections.abc import Callable

from dbguard import commands
from dbguard.commands.invocation import Invocation, Word
from dbguard.flow import Direction, Node, Sequence
from dbguard.languages.python.calls.dbapi import SQL_START
from dbguard.languages.python.calls.orm import migration_traits, receiver_of
from dbguard.languages.python.calls.processes import whole_call
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome, make_target
from dbguard.languages.python.values import (
    Constant,
    Function,
    Handle,
    Items,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    options,
)
from dbguard.operations import Kind, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.records import dataclass
from dbguard.source import Mapped

_MIGRATION = frozenset({Trait.MIGRATION})

# -- Alembic ----------------------------------------------------------------------------------


def _is_op(site: CallSite) -> bool:
    """Say whether the receiver is Alembic's ``op`` or a batch."""
    return bool(migration_traits(site))


def _batch(site: CallSite) -> Outcome | None:
    name = site.string(0, "table_name")
    return Outcome([], Handle("batch", name=name)) if name is not None else None


@dataclass(frozen=True, slots=True)
class TableChange:
    """A method of ``op`` or a batch that changes a table (in a batch: the batch's)."""

    kind: Kind
    column: bool = False
    new_name: bool = False

    def __call__(self, site: CallSite) -> Outcome | None:
        receiver = site.receiver
        batch = isinstance(receiver, Handle) and receiver.kind == "batch"
        if not batch and not _is_op(site) and not self.column:
            return None
        if batch and isinstance(receiver, Handle):
            table: str | None = receiver.name
            first = 0
        else:
            table = site.string(0, "table_name", "old_table_name", "source")
            first = 1
        if table is None:
            return None
        traits = migration_traits(site)
        if self.new_name:
            new = site.string(first, "new_table_name")
            if new is None:
                return None
            return Outcome(
                [
                    site.operation(
                        self.kind,
                        make_target(TargetKind.TABLE, new),
                        source=make_target(TargetKind.TABLE, table),
                        traits=traits,
                    )
                ]
            )
        if not self.column:
            target = make_target(TargetKind.TABLE, table)
            return Outcome([site.operation(self.kind, target, traits=traits)])
        name = site.string(first, "column_name", "name")
        if name is None or (not batch and site.count + len(site.keyword_names) < 2):
            return None
        target = make_target(TargetKind.COLUMN, f"{table}.{name}")
        return Outcome([site.operation(self.kind, target, traits=traits)])


def _command_line(site: CallSite, words: list[str], directory: str = "") -> list[Node]:
    """Return what a framework's command does, given as its command line."""
    invocation = Invocation(
        tuple(Word(Mapped.at(word, site.span)) for word in words),
        site.program.region,
        site.span,
        directory=directory or site.program.directory,
    )
    return [whole_call(node, site.span) for node in commands.lower(invocation)]


def _alembic_downgrade(site: CallSite) -> Outcome | None:
    if site.constant(2, "sql") is True:  # it prints the statements and runs none
        return Outcome()
    revision = site.string(1, "revision") or "-1"
    return Outcome(_command_line(site, ["alembic", "downgrade", revision]))


def _flask_downgrade(site: CallSite) -> Outcome | None:
    if site.constant(2, "sql") is True:
        return Outcome()
    revision = site.string(1, "revision") or "-1"
    return Outcome(_command_line(site, ["alembic", "downgrade", revision]))


# -- Django -----------------------------------------------------------------------------------


def _call_command(site: CallSite) -> Outcome | None:
    """``call_command("flush")``: the same as ``manage.py flush``."""
    name = site.string(0, "command_name") or _named_command(site.argument(0, "command_name"))
    if name is None:
        return None
    return _django_command(site, name, site.arguments[1:])


def _named_command(value: Value | None) -> str | None:
    return value.name if isinstance(value, Handle) and value.kind == "django command" else None


def _handle(site: CallSite) -> Outcome | None:
    """``Command().handle(interactive=False)`` of a command that was imported."""
    name = _named_command(site.receiver)
    return None if name is None else _django_command(site, name, site.arguments)


_COMMAND_CLASS = regex(r"\.management\.commands\.(\w+)\.Command$")


def _command_object(site: CallSite) -> Outcome | None:
    """``Command()`` of a module of ``management/commands``, which is named as the command."""
    found = _COMMAND_CLASS.search(site.name)
    return Outcome([], Handle("django command", name=found[1])) if found is not None else None


_OPERANDS = ("app_label", "migration_name")
"""What stands on ``migrate``'s command line without an option, in this order."""


def _django_command(site: CallSite, name: str, arguments: list[Value]) -> Outcome:
    words = ["manage.py", name]
    keywords = site.keywords
    for value in (*arguments, *(keywords[key] for key in _OPERANDS if key in keywords)):
        for item in value.items if isinstance(value, Items) else (value,):
            text = as_text(options(item)[0])
            if text is not None:
                words.append(text.text)
    for key, value in keywords.items():
        if key in ("command_name", *_OPERANDS):
            continue
        option = "--" + key.replace("_", "-")
        if isinstance(value, Constant) and isinstance(value.value, bool):
            if key == "interactive" and value.value is False:
                words.append("--no-input")
            elif value.value:
                words.append(option)
        elif (text := as_text(options(value)[0])) is not None:
            words.append(f"{option}={text.text}")
    return Outcome(_command_line(site, words))


def _execute_from_command_line(site: CallSite) -> Outcome | None:
    value = site.argument(0, "argv")
    if not isinstance(value, Items):
        return None
    texts = [as_text(options(item)[0]) for item in value.items]
    words = [text.text for text in texts if text is not None]
    if len(words) < 2:
        return None
    return Outcome(_command_line(site, ["manage.py", *words[1:]]))


def _named_table(kind: Kind) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        name = site.string(0, "name")
        if name is None:
            return None
        target = make_target(TargetKind.TABLE, name)
        return Outcome([site.operation(kind, target, traits=_MIGRATION)])

    return handle


def _field(kind: Kind) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        model, name = site.string(0, "model_name"), site.string(1, "name", "old_name")
        if model is None or name is None:
            return None
        if kind is Kind.DROP_COLUMN:
            target = make_target(TargetKind.COLUMN, f"{model}.{name}")
        else:
            target = make_target(TargetKind.TABLE, model)
        return Outcome([site.operation(kind, target, traits=_MIGRATION)])

    return handle


def _rename_model(site: CallSite) -> Outcome | None:
    old, new = site.string(0, "old_name"), site.string(1, "new_name")
    if old is None or new is None:
        return None
    operation = site.operation(
        Kind.RENAME_TABLE,
        make_target(TargetKind.TABLE, new),
        source=make_target(TargetKind.TABLE, old),
        traits=_MIGRATION,
    )
    return Outcome([operation])


def _run_sql(site: CallSite) -> Outcome | None:
    """``RunSQL(sql, reverse_sql)``: texts, or lists of texts and (text, parameters)."""
    nodes: list[Node] = []
    forward = site.sql(_statements(site.argument(0, "sql")), "argument of RunSQL()", None)
    nodes.extend(forward.nodes)
    reverse = site.sql(_statements(site.argument(1, "reverse_sql")), "reverse of RunSQL()", None)
    if reverse.nodes:
        nodes.append(Sequence(tuple(reverse.nodes), Direction.DOWN))
    return Outcome(nodes)


def _statements(value: Value | None) -> Value | None:
    """Reduce ``[(sql, parameters), sql]`` to the statements."""
    if not isinstance(value, Items):
        return value
    found: list[Value] = []
    for item in value.items:
        if isinstance(item, Items):
            found.extend(item.items[:1])
        else:
            found.append(item)
    return Items(tuple(found))


def _run_python(site: CallSite) -> Outcome | None:
    """``RunPython(forward, backward)``: both are followed."""
    nodes: list[Node] = []
    apps = Unknown("apps", site.span)
    editor = Handle("schema editor")
    for index, names in ((0, ("code",)), (1, ("reverse_code",))):
        function = site.argument(index, *names)
        if not isinstance(function, Function):
            continue
        inner = CallSite(site.program, site.node, site.scope, function.name, None, (apps, editor))
        outcome = site.program.invoke(function, _only_bound(inner))
        if outcome.nodes and index:
            nodes.append(Sequence(tuple(outcome.nodes), Direction.DOWN))
        else:
            nodes.extend(outcome.nodes)
    return Outcome(nodes)


def _only_bound(site: CallSite) -> CallSite:
    """Leave out the arguments of the call that merely passes the function on."""
    site.__dict__["_arguments"] = (list(site.bound), {})
    return site


def _schema_editor(_: CallSite) -> Outcome:
    """Django's ``connection.schema_editor()``, outside a migration."""
    return Outcome([], Handle("schema editor"))


def _editor(change: Callable[[CallSite], Outcome | None]) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        editor = isinstance(site.receiver, Handle) and site.receiver.kind == "schema editor"
        return change(site) if editor or "schema_editor" in site.receiver_text else None

    return handle


def _model_name(value: Value | None) -> str:
    for option in options(value) if value is not None else ():
        match option:
            case Handle(name=name) if name:
                return name
            case Symbol(name=name) | Unknown(name=name):
                return name.rpartition(".")[2]
            case Text():
                return option.text
    return ""


def _delete_model(site: CallSite) -> Outcome | None:
    target = make_target(TargetKind.TABLE, _model_name(site.argument(0, "model")))
    return Outcome([site.operation(Kind.DROP_TABLE, target, traits=_MIGRATION)])


def _remove_field(site: CallSite) -> Outcome | None:
    model = _model_name(site.argument(0, "model"))
    field = _model_name(site.argument(1, "field"))
    target = make_target(TargetKind.COLUMN, f"{model}.{field}")
    return Outcome([site.operation(Kind.DROP_COLUMN, target, traits=_MIGRATION)])


def _get_model(site: CallSite) -> Outcome | None:
    """``apps.get_model("app", "User")``."""
    name = site.string(1, "model_name") or site.string(0, "app_label")
    if name is None:
        return None
    return Outcome([], Handle("model", name=name.rpartition(".")[2]))


def _raw(site: CallSite) -> Outcome | None:
    """``Model.objects.raw(sql)``."""
    receiver = receiver_of(site)
    if not isinstance(receiver, Handle) or receiver.kind not in ("manager", "queryset"):
        return None
    return site.sql(site.argument(0, "raw_query"), "argument of raw()", None)


# -- yoyo -------------------------------------------------------------------------------------


def _step(site: CallSite) -> Outcome | None:
    """``step(apply, rollback)`` of yoyo: SQL both ways."""
    apply, rollback = site.argument(0, "apply"), site.argument(1, "rollback")
    forward = options(apply)[0] if apply is not None else None
    if not isinstance(forward, Text) or not SQL_START.match(forward.text):
        return None
    nodes = list(site.sql(apply, "argument of step()", None).nodes)
    back = site.sql(rollback, "rollback of step()", None).nodes
    if back:
        nodes.append(Sequence(tuple(back), Direction.DOWN))
    return Outcome(nodes)


EFFECTS: dict[str, Handler] = {
    "alembic.command.downgrade": _alembic_downgrade,
    "flask_migrate.downgrade": _flask_downgrade,
    "django.core.management.call_command": _call_command,
    "call_command": _call_command,
    "django.core.management.execute_from_command_line": _execute_from_command_line,
    "yoyo.step": _step,
}

METHODS: dict[str, Handler] = {
    "handle": _handle,
    "execute": _handle,
    "call_command": _call_command,
    "drop_column": TableChange(Kind.DROP_COLUMN, column=True),
    "rename_table": TableChange(Kind.RENAME_TABLE, new_name=True),
    "add_column": TableChange(Kind.ALTER_TABLE),
    "alter_column": TableChange(Kind.ALTER_TABLE),
    "create_table": TableChange(Kind.CREATE_TABLE),
    "DeleteModel": _named_table(Kind.DROP_TABLE),
    "CreateModel": _named_table(Kind.CREATE_TABLE),
    "RemoveField": _field(Kind.DROP_COLUMN),
    "AddField": _field(Kind.ALTER_TABLE),
    "AlterField": _field(Kind.ALTER_TABLE),
    "RenameField": _field(Kind.ALTER_TABLE),
    "RenameModel": _rename_model,
    "RunSQL": _run_sql,
    "RunPython": _run_python,
    "delete_model": _editor(_delete_model),
    "remove_field": _editor(_remove_field),
    "raw": _raw,
    "step": _step,
}

VALUES: dict[str, Handler] = {
    "django.db.connection.schema_editor": _schema_editor,
    # By package and last name: that of any command of theirs.
    "django.core.management.commands.flush.Command": _command_object,
    "django_extensions.management.commands.reset_db.Command": _command_object,
}

VALUE_METHODS: dict[str, Handler] = {
    "batch_alter_table": _batch,
    "get_bind": lambda site: Outcome([], Handle("connection")) if _is_op(site) else None,
    "get_model": _get_model,
}
