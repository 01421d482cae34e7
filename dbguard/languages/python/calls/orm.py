"""SQLAlchemy (Core, ORM, Flask-SQLAlchemy, SQLModel) and what its kin share: queries and tables."""

from __future__ import annotations

from dbguard.databases import database_of_url
from dbguard.flow import Node
from dbguard.languages.python.calls.dbapi import database_of, dialect_of_url, open_url
from dbguard.languages.python.calls.handles import SETTING
from dbguard.languages.python.calls.site import (
    CallSite,
    Handler,
    Outcome,
    make_target,
    name_of,
)
from dbguard.languages.python.names import Scope
from dbguard.languages.python.values import (
    Bound,
    Class,
    Fetched,
    Function,
    Handle,
    Items,
    Partial,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    options,
)
from dbguard.languages.python_contexts import UNFILTERED
from dbguard.operations import Kind, TargetKind, Trait
from dbguard.patterns import regex
from dbguard.source import hole

_FILTERS = frozenset(
    "filter filter_by where exclude limit offset having join get first in_bulk none filter_or"
    " annotate_filter one".split()
)
_SUFFIX = regex(r"(?:^|\.)([A-Za-z_]\w*)\.(objects|query|__table__|_default_manager|all_objects)$")


_ENTRY = regex(r"\.tables\[[\"'](\w+)[\"']\]$")
_BINDS = regex(r"\beng|engine|bind|conn")


def table_name(value: Value | None, fallback: str = "") -> str:
    """Return the table of a model: its ``__tablename__``, else the name of the class."""
    for option in options(value) if value is not None else ():
        match option:
            case Class(name=name, scope=scope):
                return _declared(scope) or name
            case Symbol(name=name):
                return name.rpartition(".")[2]
            case Unknown(name=name):
                return name.rpartition(".")[2]
            case Handle(name=name) if name:
                return name
            case Text():
                return option.text
    return fallback


def _declared(scope: Scope) -> str | None:
    for attribute in ("__tablename__", "db_table", "table_name"):
        bindings = scope.bindings.get(attribute)
        value = bindings[-1].compute() if bindings else None
        if isinstance(value, Text):
            return value.text
    meta = scope.bindings.get("Meta")
    inner = meta[-1].value if meta else None
    return _declared(inner.scope) if isinstance(inner, Class) else None


_MAX_BASES = 8


def database_of_model(site: CallSite, value: Value | None) -> str | None:
    """Return the database that peewee's ``class Meta: database = db`` gives to a model."""
    model = value.receiver if isinstance(value, Bound) else value
    for _ in range(_MAX_BASES):
        if not isinstance(model, Class):
            return None
        meta = model.scope.bindings.get("Meta")
        inner = meta[-1].value if meta else None
        if isinstance(inner, Class) and (bindings := inner.scope.bindings.get("database")):
            return database_of(site.program.force(bindings[-1]))[0]
        model = next((base for base in model.bases if isinstance(base, Class)), None)
    return None


def receiver_of(site: CallSite) -> Value | None:
    """Return the receiver; ``User.objects`` and ``User.query`` become queries on the table."""
    receiver = site.receiver
    name = ""
    if isinstance(receiver, Unknown):
        name = receiver.name
    elif isinstance(receiver, Symbol):
        name = receiver.written if "." in receiver.written else receiver.name
    elif isinstance(receiver, Bound) and isinstance(receiver.receiver, Class):
        name = f"{table_name(receiver.receiver)}.{receiver.name}"
    match = _SUFFIX.search(name)
    if match is None:
        return receiver
    kind = {"objects": "manager", "query": "query", "__table__": "table"}.get(match[2], "manager")
    table = _model_table(site, match[1])
    return Handle(kind, name=table)


def _model_table(site: CallSite, name: str) -> str:
    value = site.program.lookup(name, site.scope, site.node)
    named = isinstance(value, Class) or (isinstance(value, Handle) and value.kind == "table")
    return table_name(value, name) if named else name


# -- engines, sessions ------------------------------------------------------------------------


def _engine(site: CallSite) -> Outcome | None:
    return open_url(site, site.argument(0, "url", "name_or_url"), "engine")


def _bound(kind: str) -> Handler:
    """Return a handle on the database of an engine given as ``bind``."""

    def handle(site: CallSite) -> Outcome | None:
        engine = site.argument(0, "bind", "engine", "session_factory")
        database, dialect = database_of(engine)
        if database is None and (other := site.argument(None, "bind")) is not None:
            database, dialect = database_of(other)
        return Outcome([], Handle(kind, database, dialect))

    return handle


def _flask_sqlalchemy(site: CallSite) -> Outcome | None:
    database, dialect = configured_database(site)
    return Outcome([], Handle("sqlalchemy", database, dialect))


def configured_database(site: CallSite) -> tuple[str | None, str]:
    """Return the database of ``SQLALCHEMY_DATABASE_URI`` where this file sets it."""
    binding = site.program.module.find(SETTING, site.program.point)
    value = site.program.force(binding) if binding is not None else None
    text = as_text(options(value)[0]) if value is not None else None
    if text is None:
        return None, ""
    return database_of_url(text.text), dialect_of_url(text.text)


def _live(site: CallSite, value: Value | None) -> str | None:
    database, _ = database_of(value)
    if database is None and isinstance(value, Handle) and value.kind == "sqlalchemy":
        database, _ = configured_database(site)
    return database


# -- drop_all, create_all ---------------------------------------------------------------------


def _all_tables(kind: Kind) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        receiver = site.receiver
        if isinstance(receiver, Function | Text):
            return None
        database = _live(site, site.argument(0, "bind", "engine", "bind_key", "__bind_key__"))
        database = database or _live(site, receiver) or configured_database(site)[0]
        traits = {Trait.UNCHECKED_FIRST} if site.constant(2, "checkfirst") is False else set()
        return Outcome([_whole(site, kind, database, traits)])

    return handle


def _whole(
    site: CallSite, kind: Kind, database: str | None, traits: set[Trait] | None = None
) -> Node:
    target = make_target(TargetKind.DATABASE, database or "", database)
    return site.operation(kind, target, traits=traits or ())


def _run_sync(site: CallSite) -> Outcome | None:
    """``await connection.run_sync(Base.metadata.drop_all)``: the argument is called."""
    value = site.argument(0, "fn", "arg")
    name = ""
    match value:
        case Function():
            return site.program.apply(value, site.node, site.scope, (site.receiver or Items(()),))
        case Partial(callee=callee):
            name = getattr(callee, "name", "")
        case Symbol(name=name) | Unknown(name=name) | Bound(name=name):
            pass
        case _:
            return None
    last = name.rpartition(".")[2]
    kind = {"drop_all": Kind.DROP_ALL, "create_all": Kind.CREATE_ALL}.get(last)
    if kind is None:
        return None
    return Outcome([_whole(site, kind, _live(site, site.receiver))])


def _drop_database(site: CallSite) -> Outcome | None:
    """``sqlalchemy_utils.drop_database(url)``, ``client.drop_database(name)``."""
    value = site.argument(0, "url", "name_or_database", "name", "database", "using")
    if value is None:
        if not isinstance(site.receiver, Unknown | Symbol | Handle):
            return None
        database = _live(site, site.receiver)
        return Outcome([_whole(site, Kind.DROP_DATABASE, database)])

    def make(choice: list[Value]) -> list[Node]:
        text = as_text(choice[0])
        name = choice[0].database if isinstance(choice[0], Handle) else None
        if text is not None:
            name = database_of_url(text.text) or text.text
        target = make_target(TargetKind.DATABASE, name or "", name)
        return [site.operation(Kind.DROP_DATABASE, target)]

    return Outcome(site.spread([value], make))


# -- statements -------------------------------------------------------------------------------


def _text(site: CallSite) -> Outcome | None:
    value = site.argument(0, "text", "statement", "sqltext")
    return Outcome([], value) if value is not None else None


def _statement(kind: str) -> Handler:
    """Return a statement object: ``delete(User)``, ``update(User)``, ``DropTable(users)``."""

    def handle(site: CallSite) -> Outcome | None:
        value = site.argument(0, "table", "element", "entity")
        if value is None:
            return None
        if not isinstance(options(value)[0], Class | Symbol | Unknown | Handle):
            return None
        return Outcome([], Handle(kind, name=table_name(value)))

    return handle


def _query(site: CallSite) -> Outcome | None:
    """``session.query(User)``, ``select(User)``."""
    value = site.argument(0, "entity")
    if value is None:
        return None
    name = table_name(value)
    written = site.argument_node(0)
    if written is not None and written.type == "attribute":
        parts = site.program.short_text(written).split(".")
        models = [part for part in parts if part[:1].isupper()]
        named = models[-1] if models else parts[0]
        name = _model_table(site, named) if named == parts[0] else named
    database, dialect = database_of(site.receiver)
    return Outcome([], Handle("query", database, dialect, name))


def _refined(site: CallSite) -> Outcome | None:
    """A query with a condition, or without one still."""
    receiver = receiver_of(site)
    if not isinstance(receiver, Handle):
        name = _model(site)
        if name is not None and site.method == "all" and _uses(site, b"tortoise"):
            return Outcome([], Handle("queryset", name=name))
        return None
    if receiver.kind not in ("manager", "query", "delete", "update", "queryset"):
        return None
    kind = "queryset" if receiver.kind == "manager" else receiver.kind
    narrower = site.method in _FILTERS and bool(site.count or site.keyword_names)
    if site.method in ("none", "first", "get", "limit"):
        narrower = True
    return Outcome(
        [],
        Handle(
            kind, receiver.database, receiver.dialect, receiver.name, receiver.filtered or narrower
        ),
    )


def _rows(site: CallSite, kind: Kind, receiver: Handle) -> Outcome:
    database = receiver.database
    target = make_target(TargetKind.ROWS, receiver.name, database)
    return Outcome([site.operation(kind, target)])


def _delete(site: CallSite) -> Outcome | None:
    """``Query.delete()``, ``Model.objects.all().delete()``; ``Model.delete()`` builds a statement."""
    receiver = receiver_of(site)
    if isinstance(receiver, Handle):
        match receiver.kind:
            case "query" | "queryset" if not receiver.filtered:
                return _rows(site, Kind.DELETE_ROWS, receiver)
            case "manager" if _uses(site, b"mongoengine"):
                return _rows(site, Kind.DELETE_ROWS, receiver)
            case "table":
                return Outcome([], Handle("delete", receiver.database, name=receiver.name))
            case "query" | "queryset" | "manager":
                return Outcome()
        return None
    if site.count or site.keyword_names:
        return None
    if isinstance(receiver, Class | Unknown | Symbol | Bound) or _model(site) is not None:
        # A statement: it does something where it is executed.
        name = _model(site) or hole(site.receiver_text)
        return Outcome([], Handle("delete", database_of_model(site, receiver), name=name))
    return None


def _uses(site: CallSite, library: bytes) -> bool:
    return library in site.program.tree.data


def _model(site: CallSite) -> str | None:
    """Return the table of a receiver that looks like a model class."""
    receiver = site.receiver
    if isinstance(receiver, Class):
        return table_name(receiver)
    text = site.receiver_text
    last = text.rpartition(".")[2]
    if isinstance(receiver, Bound):
        receiver = receiver.receiver
    if isinstance(receiver, Class):
        return table_name(receiver)
    return last if last[:1].isupper() and last.isidentifier() else None


def _update(site: CallSite) -> Outcome | None:
    receiver = receiver_of(site)
    if not isinstance(receiver, Handle):
        name = _model(site)
        if name is not None and (site.keyword_names or (_uses(site, b"peewee") and site.count)):
            # A statement: it does something where it is executed.
            return Outcome([], Handle("update", database_of_model(site, receiver), name=name))
        return None
    if receiver.kind in ("query", "queryset", "manager"):
        if receiver.filtered or not (site.count or site.keyword_names):
            return Outcome()
        return _rows(site, Kind.UPDATE_ROWS, receiver)
    if receiver.kind == "table":
        return Outcome([], Handle("update", receiver.database, name=receiver.name))
    return None


def _count(site: CallSite) -> Outcome | None:
    """``session.query(A).count()``, ``Model.objects.count()``: what was read."""
    receiver = receiver_of(site)
    if not isinstance(receiver, Handle) or receiver.kind not in (
        "query",
        "queryset",
        "manager",
        "select",
    ):
        return None
    if receiver.filtered and site.method == "exists":
        return None
    target = make_target(TargetKind.TABLE, receiver.name, receiver.database)
    return Outcome([], Fetched((), (target,)))


def _as_statement(site: CallSite) -> Outcome | None:
    receiver = site.receiver
    if isinstance(receiver, Handle) and receiver.kind in ("delete", "update", "query", "statement"):
        return Outcome([], receiver)
    return None


# -- tables -----------------------------------------------------------------------------------


def _table(site: CallSite) -> Outcome | None:
    """``Table("users", metadata)``."""
    name = site.string(0, "name")
    if name is None:
        return None
    database, dialect = database_of(site.argument(1, "metadata"))
    return Outcome([], Handle("table", database, dialect, name))


def _drop(site: CallSite) -> Outcome | None:
    """``Table.drop(engine)``, ``User.__table__.drop(engine)``, ``collection.drop()``."""
    receiver = receiver_of(site)
    database = _live(site, site.argument(0, "bind"))
    if isinstance(receiver, Handle) and receiver.kind in ("table", "collection"):
        target = make_target(TargetKind.TABLE, receiver.name, receiver.database or database)
        return Outcome([site.operation(Kind.DROP_TABLE, target)])
    if isinstance(receiver, Handle) and receiver.kind == "drop table":
        return Outcome()
    bind = site.argument_node(0, "bind")
    text = site.program.short_text(bind) if bind is not None else ""
    entry = _ENTRY.search(site.receiver_text)
    if entry is not None or (_BINDS.search(text) and site.count <= 1):
        name = entry[1] if entry is not None else name_of(receiver, site.receiver_text)
        target = make_target(TargetKind.TABLE, name, database)
        return Outcome([site.operation(Kind.DROP_TABLE, target)])
    return None


def drop_tables(site: CallSite) -> Outcome | None:
    """peewee: ``db.drop_tables([User, Post])``."""
    if site.argument(0, "models") is None:
        return None
    database, _ = database_of(site.receiver)
    return Outcome([_whole(site, Kind.DROP_ALL, database)])


def _create_tables(site: CallSite) -> Outcome | None:
    database, _ = database_of(site.receiver)
    return Outcome([_whole(site, Kind.CREATE_ALL, database)])


def _drop_table(site: CallSite) -> Outcome | None:
    """``op.drop_table("users")``, peewee's ``User.drop_table()``, Pony's ``db.drop_table("users")``."""
    name = site.argument(0, "table_name", "name", "table")
    text = as_text(options(name)[0]) if name is not None else None
    database = database_of(site.receiver)[0] or database_of_model(site, site.receiver)
    if isinstance(name, Class) or (text is None and isinstance(name, Handle)):
        table: str | None = table_name(name)
    elif text is not None:
        table = text.text
    elif isinstance(name, Items):
        return None
    else:
        table = _model(site)
    if table is None:
        return None
    target = make_target(TargetKind.TABLE, table, database)
    return Outcome([site.operation(Kind.DROP_TABLE, target, traits=migration_traits(site))])


def migration_traits(site: CallSite) -> set[Trait]:
    """Say whether a migration framework runs the call."""
    receiver = site.receiver
    name = receiver.name if isinstance(receiver, Symbol | Unknown) else ""
    root = site.receiver_text
    if name.startswith("alembic") or root in ("op", "batch_op", "migrator") or name.endswith(".op"):
        return {Trait.MIGRATION}
    if isinstance(receiver, Handle) and receiver.kind in ("batch", "schema editor"):
        return {Trait.MIGRATION}
    return set()


def _truncate_table(site: CallSite) -> Outcome | None:
    name = _model(site) or site.string(0, "table_name", "name")
    if name is None:
        return None
    database = database_of(site.receiver)[0] or database_of_model(site, site.receiver)
    target = make_target(TargetKind.TABLE, name, database)
    return Outcome([site.operation(Kind.TRUNCATE_TABLE, target)])


def _database_object(site: CallSite) -> Outcome | None:
    """peewee's ``SqliteDatabase("app.db")``, Pony's ``Database("sqlite", "app.db")``."""
    if "pony" in site.name or site.name.startswith("pony"):
        return _pony(site)
    name = site.string(0, "database")
    database = database_of_url(name) if name and "://" in name else name
    dialect = (
        "sqlite"
        if "Sqlite" in site.method
        else (
            "postgresql" if "Postgres" in site.method else "mysql" if "MySQL" in site.method else ""
        )
    )
    if database and dialect == "sqlite" and database != ":memory:":
        database = site.program.file_target(database).name
    nodes: list[Node] = [site.connect(database)] if database else []
    return Outcome(nodes, Handle("connection", database, dialect))


def _pony(site: CallSite) -> Outcome | None:
    name = site.string(None, "filename", "database", "dbname") or (
        site.string(1) if site.count > 1 else None
    )
    nodes: list[Node] = [site.connect(name)] if name else []
    return Outcome(nodes, Handle("pony", name))


def _bind(site: CallSite) -> Outcome | None:
    provider = site.string(0, "provider")
    name = site.string(1, "filename", "database", "dbname")
    if provider is None or name is None:
        return None
    return Outcome([site.connect(name)])


def _pony_drop_all(site: CallSite) -> Outcome | None:
    database, _ = database_of(site.receiver)
    return Outcome([_whole(site, Kind.DROP_ALL, database)])


def _tortoise_drop(site: CallSite) -> Outcome | None:
    return Outcome([_whole(site, Kind.DROP_DATABASE, None)])


def _tortoise_schemas(site: CallSite) -> Outcome | None:
    return Outcome([_whole(site, Kind.CREATE_ALL, None)])


# -- dataset, sqlite-utils --------------------------------------------------------------------


def _sqlite_utils(site: CallSite) -> Outcome | None:
    name = site.string(0, "filename_or_conn")
    nodes: list[Node] = [site.connect(site.program.file_target(name).name)] if name else []
    return Outcome(nodes, Handle("dataset", name, "sqlite"))


def _dataset(site: CallSite) -> Outcome | None:
    return open_url(site, site.argument(0, "url"), "dataset")


EFFECTS: dict[str, Handler] = {
    "sqlalchemy.create_engine": _engine,
    "sqlalchemy.create_async_engine": _engine,
    "sqlalchemy.ext.asyncio.create_async_engine": _engine,
    "sqlmodel.create_engine": _engine,
    "sqlalchemy_utils.drop_database": _drop_database,
    "sqlalchemy_utils.functions.drop_database": _drop_database,
    "peewee.SqliteDatabase": _database_object,
    "peewee.PostgresqlDatabase": _database_object,
    "peewee.MySQLDatabase": _database_object,
    "playhouse.sqlite_ext.SqliteExtDatabase": _database_object,
    "pony.orm.Database": _pony,
    "tortoise.Tortoise._drop_databases": _tortoise_drop,
    "tortoise.Tortoise.generate_schemas": _tortoise_schemas,
    "sqlite_utils.Database": _sqlite_utils,
    "dataset.connect": _dataset,
}

METHODS: dict[str, Handler] = {
    "drop_all": _all_tables(Kind.DROP_ALL),
    "create_all": _all_tables(Kind.CREATE_ALL),
    "run_sync": _run_sync,
    "drop_database": _drop_database,
    "delete": _delete,
    "update": _update,
    "drop": _drop,
    "drop_tables": drop_tables,
    "drop_db_tables": drop_tables,
    "drop_db_tables_sync": drop_tables,
    "create_tables": _create_tables,
    "drop_table": _drop_table,
    "truncate_table": _truncate_table,
    "drop_all_tables": _pony_drop_all,
    "_drop_databases": _tortoise_drop,
    "generate_schemas": _tortoise_schemas,
}

VALUES: dict[str, Handler] = {
    **{
        f"{root}.{name}": handler
        for root in ("sqlalchemy", "sqlmodel")
        for name, handler in {
            "text": _text,
            "DDL": _text,
            "delete": _statement("delete"),
            "update": _statement("update"),
            "select": _query,
            "Table": _table,
            "MetaData": _bound("metadata"),
            "Session": _bound("session"),
            "AsyncSession": _bound("session"),
            "sessionmaker": _bound("sessionmaker"),
            "async_sessionmaker": _bound("sessionmaker"),
            "scoped_session": _bound("sessionmaker"),
            "declarative_base": _bound("base"),
            "schema.DropTable": _statement("drop table"),
            "schema.CreateTable": _statement("create table"),
        }.items()
    },
    "flask_sqlalchemy.SQLAlchemy": _flask_sqlalchemy,
    "sqlalchemy.URL.create": lambda site: _url_object(site),
    "sqlalchemy.engine.URL.create": lambda site: _url_object(site),
}


def _url_object(site: CallSite) -> Outcome | None:
    driver, name = site.string(0, "drivername"), site.string(6, "database")
    if driver is None or name is None:
        return None
    dialect = dialect_of_url(f"{driver}:")
    return Outcome([], Handle("url", name, dialect))


VALUE_METHODS: dict[str, Handler] = {
    "query": _query,
    "count": _count,
    "scalar": _as_statement,
    **dict.fromkeys(sorted(_FILTERS | UNFILTERED), _refined),
}
