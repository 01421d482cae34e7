"""Pure functions and methods of strings, lists and dictionaries."""

from __future__ import annotations

from dbguard.languages.python import strings
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.evaluation import element_of, lift, text_or_hole
from dbguard.languages.python.values import (
    Bound,
    Contents,
    Fetched,
    Function,
    Items,
    Listing,
    Mapping,
    Partial,
    Process,
    Symbol,
    Text,
    Unknown,
    Value,
    as_text,
    options,
)
from dbguard.source import Mapped


def _text(value: Value | None) -> str | None:
    text = as_text(value) if value is not None else None
    return text.text if text is not None else None


def _format(site: CallSite) -> Outcome | None:
    if (
        not isinstance(site.receiver, Text)
        and site.receiver is not None
        and not any(isinstance(option, Text) for option in options(site.receiver))
    ):
        return None
    if site.receiver is None:
        return None
    keywords = site.keywords
    names = list(keywords)
    count = site.count

    nodes = [site.argument_node(index) for index in range(count)]
    nodes.extend(site.argument_node(None, name) for name in names)

    def make(choice: list[Value]) -> Value:
        template = as_text(choice[0])
        if template is None:
            return site.program.unknown(site.node)
        texts = [
            text_or_hole(site.program, value, node)
            for value, node in zip(choice[1:], nodes, strict=True)
        ]
        named = dict(zip(names, texts[count:], strict=False))
        return Text(strings.braces(template.mapped, texts[:count], named))

    values = [site.receiver, *site.arguments, *keywords.values()]
    return Outcome([], lift(site.program, values, make))


def _join(site: CallSite) -> Outcome | None:
    value = site.argument(0)
    separator = site.receiver
    if not isinstance(separator, Text) or value is None:
        return None
    if not isinstance(value, Items):
        return None

    def make(choice: list[Value]) -> Value:
        parts: list[Mapped] = []
        for index, item in enumerate(choice):
            text = as_text(item)
            if text is None:
                return site.program.unknown(site.node)
            if index and isinstance(separator, Text):
                parts.append(
                    Mapped.at(separator.text, site.span)
                    if separator.text
                    else text.mapped.slice(0, 0)
                )
            parts.append(text.mapped)
        return Text(Mapped.join(parts))

    if not value.items:
        return Outcome([], Text(Mapped.at("", site.span)))
    return Outcome([], lift(site.program, list(value.items[:256]), make))


def _on_text(make: str) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        if site.receiver is None or not any(isinstance(o, Text) for o in options(site.receiver)):
            return None
        first, second = site.string(0), site.string(1)

        def apply(choice: list[Value]) -> Value:
            value = choice[0]
            if not isinstance(value, Text):
                return value
            return _changed(site, value, make, first, second)

        return Outcome([], lift(site.program, [site.receiver], apply))

    return handle


def _changed(
    site: CallSite, value: Text, make: str, first: str | None, second: str | None
) -> Value:
    match make:
        case "replace" if first is not None and second is not None:
            return Text(strings.replace(value.mapped, first, second))
        case "strip":
            return Text(strings.strip(value.mapped, first), value.path)
        case "lstrip":
            return Text(strings.strip(value.mapped, first, right=False), value.path)
        case "rstrip":
            return Text(strings.strip(value.mapped, first, left=False), value.path)
        case "same":
            return value
        case "split" if first is None:
            return Items(
                tuple(Text(Mapped.at(word, site.span)) for word in value.text.split()[:64])
            )
        case "split":
            return Items(
                tuple(Text(part) for part in strings.split(value.mapped, first or ",")[:256])
            )
        case "splitlines":
            return Items(tuple(Text(part) for part in strings.split(value.mapped, "\n")[:256]))
        case "removesuffix" if first is not None and value.text.endswith(first):
            return Text(value.mapped.slice(0, len(value.text) - len(first)))
        case "removeprefix" if first is not None and value.text.startswith(first):
            return Text(value.mapped.slice(len(first), len(value.text)))
        case "lower" | "upper":
            return Text(Mapped.at(getattr(value.text, make)(), site.span))
        case "partition":
            head, separator, tail = value.text.partition(first or " ")
            return Items(
                tuple(Text(Mapped.at(part, site.span)) for part in (head, separator, tail))
            )
    return site.program.unknown(site.node)


def _split_contents(site: CallSite) -> Outcome | None:
    if isinstance(site.receiver, Contents):
        return Outcome([], Listing(site.receiver))
    return _on_text(site.method)(site)


def _through(site: CallSite) -> Outcome | None:
    """``list(x)``, ``sorted(x)``, ``int(x)``, ``len(x)``: what was read stays what was read."""
    value = site.argument(0)
    for argument in site.arguments[:3]:
        found = _fetched(argument)
        if found is not None:
            return Outcome([], found)
    if site.method in ("list", "tuple", "set", "sorted", "reversed", "frozenset", "iter", "filter"):
        return Outcome([], value) if isinstance(value, Items | Listing) else None
    if site.method == "next" and value is not None and isinstance(value, Items | Listing):
        return Outcome([], element_of(site.program, value, site.node))
    return None


def _fetched(value: Value) -> Fetched | None:
    for option in options(value):
        if isinstance(option, Fetched):
            return option
        if isinstance(option, Listing) and isinstance(option.element, Fetched):
            return option.element
    return None


def _enumerate(site: CallSite) -> Outcome | None:
    value = site.argument(0)
    if value is None:
        return None
    element = element_of(site.program, value, site.node)
    return Outcome([], Listing(Items((Unknown("index", site.span), element))))


def _zip(site: CallSite) -> Outcome | None:
    elements = tuple(element_of(site.program, value, site.node) for value in site.arguments)
    return Outcome([], Listing(Items(elements)))


def _range(site: CallSite) -> Outcome:
    return Outcome([], Listing(Unknown("number", site.span, weak=True)))


def _dict(site: CallSite) -> Outcome | None:
    return Outcome([], Mapping(site.keywords)) if site.keyword_names else None


def _items(site: CallSite) -> Outcome | None:
    if not isinstance(site.receiver, Mapping):
        return None
    entries = site.receiver.entries
    keys = {name: Text(Mapped.at(name, site.span)) for name in entries}
    match site.method:
        case "items":
            return Outcome([], Items(tuple(Items((keys[n], v)) for n, v in entries.items())))
        case "values":
            return Outcome([], Items(tuple(entries.values())))
        case _:
            return Outcome([], Items(tuple(keys.values())))


def _get(site: CallSite) -> Outcome | None:
    """``mapping.get(key, default)``: of the environment, a configuration or a dictionary."""
    key, default = site.string(0, "key"), site.argument(1, "default")
    receiver = site.receiver
    if isinstance(receiver, Mapping):
        found = receiver.entries.get(key or "")
        return Outcome([], found if found is not None else default)
    if isinstance(receiver, Fetched | Process):
        return Outcome([], receiver)
    if key is None or not isinstance(receiver, Symbol | Unknown):
        return None
    if default is not None and any(isinstance(o, Text | Items) for o in options(default)):
        return Outcome([], default)
    return Outcome([], Unknown(key, site.span))


def _configured(site: CallSite) -> Outcome | None:
    """``decouple.config("NAME", default=...)``, ``env("NAME", default=...)``."""
    default = site.argument(1, "default")
    if default is not None and any(isinstance(o, Text) for o in options(default)):
        return Outcome([], default)
    key = site.string(0)
    return Outcome([], Unknown(key, site.span)) if key else None


def _getattr(site: CallSite) -> Outcome | None:
    owner, name = site.argument(0), site.string(1)
    if owner is None or not name:
        return None
    from dbguard.languages.python.evaluation import attribute_of

    if name.startswith("__hole_"):
        return None
    return Outcome(
        [],
        lift(
            site.program,
            [owner],
            lambda choice: (
                attribute_of(site.program, choice[0], name, site.node)
                if isinstance(choice[0], Symbol)
                else Bound(choice[0], name)
            ),
        ),
    )


def _import(site: CallSite) -> Outcome | None:
    name = site.string(0, "name")
    if name is None:
        return None
    if site.method == "__import__":
        name = name.partition(".")[0]
    return Outcome([], Symbol(name, name, site.span))


def _vars(site: CallSite) -> Outcome | None:
    """``vars(os)``: the names of a module, as ``os.__dict__``."""
    owner = site.argument(0)
    if not isinstance(owner, Symbol):
        return None
    return Outcome([], Symbol(f"{owner.name}.__dict__", owner.written, owner.span))


def _partial(site: CallSite) -> Outcome | None:
    values = site.arguments
    return Outcome([], Partial(values[0], tuple(values[1:]))) if values else None


def _shlex_split(site: CallSite) -> Outcome | None:
    value = site.argument(0, "s")
    text = as_text(options(value)[0]) if value is not None else None
    if text is None:
        return None
    words: list[Value] = []
    from shlex import shlex

    lexer = shlex(text.text, posix=True, punctuation_chars="")
    lexer.whitespace_split = True
    try:
        words = [Text(Mapped.at(word, text.mapped.span)) for word in list(lexer)[:128]]
    except ValueError:
        return None
    return Outcome([], Items(tuple(words)))


def _map(site: CallSite) -> Outcome | None:
    function, values = site.argument(0), site.argument(1)
    if isinstance(function, Function) or values is None:
        return None
    found = _fetched(values)
    return Outcome([], found) if found is not None else None


def _same_read(site: CallSite) -> Outcome | None:
    """Any method of what was read, or of a command's result, is still that."""
    if isinstance(site.receiver, Fetched | Process | Contents):
        return Outcome([], site.receiver)
    return None


VALUES: dict[str, Handler] = {
    **dict.fromkeys(
        (
            "list tuple set sorted reversed frozenset iter filter next int len sum abs max min float"
            " dict str bool any all round collections.Counter"
        ).split(),
        _through,
    ),
    "dict": _dict,
    "enumerate": _enumerate,
    "zip": _zip,
    "range": _range,
    "map": _map,
    "getattr": _getattr,
    "__import__": _import,
    "importlib.import_module": _import,
    "import_module": _import,
    "vars": _vars,
    "functools.partial": _partial,
    "shlex.split": _shlex_split,
    "decouple.config": _configured,
}

VALUE_METHODS: dict[str, Handler] = {
    "format": _format,
    "join": _join,
    "strip": _on_text("strip"),
    "lstrip": _on_text("lstrip"),
    "rstrip": _on_text("rstrip"),
    "encode": _on_text("same"),
    "decode": _on_text("same"),
    "lower": _on_text("lower"),
    "upper": _on_text("upper"),
    "replace": _on_text("replace"),
    "removesuffix": _on_text("removesuffix"),
    "removeprefix": _on_text("removeprefix"),
    "partition": _on_text("partition"),
    "split": _split_contents,
    "splitlines": _split_contents,
    "items": _items,
    "values": _items,
    "keys": _items,
    "get": _get,
    "copy": lambda site: (
        Outcome([], site.receiver) if isinstance(site.receiver, Mapping | Items) else None
    ),
}

ANY_METHOD: Handler = _same_read
