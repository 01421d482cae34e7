"""Dataclasses that cost next to nothing until they are used.

``dataclasses`` writes the text of five methods for each class and has it compiled when
the class is made: 140 classes took half of the time in which one file with a hit was
checked (0.17 s of 0.39 s), most of them for classes that the run never used. Here the
methods of a class are written when they are called for the ninth time; until then they
are interpreted. Type checkers see the standard library's own.

Supported is what dbguard uses: ``frozen``, ``slots``, ``eq``, ``order``, ``kw_only``,
``__post_init__``, :func:`field` with ``default``, ``default_factory``, ``compare`` and
``kw_only``, :func:`replace`, inheritance, ``match``, pickling. Annotations must be
strings (``from __future__ import annotations``).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:
    INTERPRETED = 8
    """So many calls of a method are interpreted before it is compiled, which costs as much."""

    _FIELDS = "__dataclass_fields__"
    """As ``dataclasses`` calls it, whose ``replace`` takes these classes too."""

    class _Missing:
        def __repr__(self):
            return "MISSING"

    _MISSING = _Missing()

    class FrozenError(AttributeError):
        """An attribute of a frozen instance was to be changed."""

    class Field:
        """One field of a class: how it is filled, and whether it counts in comparisons."""

        __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "name")
        _field_type = None  # asked for by dataclasses.replace

        def __init__(self, default, default_factory, compare, kw_only):
            self.default, self.default_factory = default, default_factory
            self.compare, self.kw_only, self.init = compare, kw_only, True

        @property
        def is_required(self):
            return self.default is _MISSING and self.default_factory is _MISSING

        def value(self):
            """Return what it is filled with where nothing is given."""
            return self.default if self.default is not _MISSING else self.default_factory()

    def field(*, default=_MISSING, default_factory=_MISSING, compare=True, kw_only=None):
        """Say how a field is filled; as ``dataclasses.field``."""
        return Field(default, default_factory, compare, kw_only)

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, order=False, kw_only=False):
        """Make a record of a class; as ``dataclasses.dataclass``."""
        if cls is None:
            return lambda cls: _made(cls, frozen, slots, eq, order, kw_only)
        return _made(cls, frozen, slots, eq, order, kw_only)

    def replace(record, /, **changes):
        """Return a record like this one but for the fields named."""
        for name in getattr(type(record), _FIELDS):
            if name not in changes:
                changes[name] = getattr(record, name)
        return type(record)(**changes)

    def _made(cls, frozen, slots, eq, order, kw_only):
        fields = {}
        for base in cls.__mro__[-1:0:-1]:
            fields.update(base.__dict__.get(_FIELDS, ()))
        inherited = set(fields)
        namespace = dict(cls.__dict__)
        for name, annotation in cls.__annotations__.items():
            if annotation.startswith("ClassVar"):
                continue
            given = namespace.pop(name, _MISSING)
            is_field = isinstance(given, Field)
            item = given if is_field else Field(given, _MISSING, True, None)
            item.name = name
            if item.kw_only is None:
                item.kw_only = kw_only
            fields[name] = item
            if not slots and item.default is not _MISSING:
                namespace[name] = item.default
        positional = [item.name for item in fields.values() if not item.kw_only]
        compared = [item.name for item in fields.values() if item.compare]
        namespace[_FIELDS] = fields
        namespace.setdefault("__match_args__", tuple(positional))
        methods = _Methods(fields, positional, compared, frozen)
        namespace.setdefault("__init__", methods.init())
        namespace.setdefault("__repr__", _repr)
        if eq:
            namespace.setdefault("__eq__", methods.equal())
            if namespace.get("__hash__") is None:
                namespace["__hash__"] = methods.hashed() if frozen else None
        if order:
            namespace |= methods.ordering()
        if frozen:
            namespace["__setattr__"] = namespace["__delattr__"] = _refuse
        if slots:
            namespace["__slots__"] = tuple(name for name in fields if name not in inherited)
            namespace["__getstate__"], namespace["__setstate__"] = _state, _set_state
            namespace.pop("__dict__", None)
            namespace.pop("__weakref__", None)
            made = type(cls)(cls.__name__, cls.__bases__, namespace)
        else:
            made = cls
            for name, value in namespace.items():
                if cls.__dict__.get(name, _MISSING) is not value:
                    setattr(cls, name, value)
            for name, item in fields.items():
                # A default factory is no default of the class.
                if isinstance(cls.__dict__.get(name), Field):
                    delattr(cls, name)
                del item
        methods.cls = made
        return made

    class _Methods:
        """Writes the methods of one class: interpreted ones that make way for compiled ones."""

        def __init__(self, fields, positional, compared, frozen):
            self.fields, self.positional = fields, positional
            self.compared, self.frozen = compared, frozen
            self.cls = None

        def init(self):
            fields, positional = self.fields, self.positional
            put = object.__setattr__
            calls = 0

            def initialise(self_, /, *values, **named):
                nonlocal calls
                calls += 1
                if calls > INTERPRETED and self.cls is not None:
                    self.cls.__init__ = self.compiled_init()
                    self.cls.__init__(self_, *values, **named)
                    return
                if len(values) > len(positional):
                    raise TypeError(f"{self.cls.__name__}() takes {len(positional)} values")
                for name, value in zip(positional, values, strict=False):
                    put(self_, name, value)
                    if named and name in named:
                        raise TypeError(f"{self.cls.__name__}() got {name!r} twice")
                given = positional[: len(values)] if values else ()
                for name, item in fields.items():
                    if name in named:
                        put(self_, name, named.pop(name))
                    elif name not in given:
                        if item.is_required:
                            raise TypeError(f"{self.cls.__name__}() needs {name!r}")
                        put(self_, name, item.value())
                if named:
                    raise TypeError(f"{self.cls.__name__}() has no field {', '.join(named)}")
                if hasattr(self_, "__post_init__"):
                    self_.__post_init__()

            return initialise

        def compiled_init(self):
            names = {"_MISSING": _MISSING, "_put": object.__setattr__}
            head, body, by_name = [], [], []
            slots = {name: getattr(self.cls, name, None) for name in self.fields}
            for name, item in self.fields.items():
                parameter, value = name, name
                if item.default is not _MISSING:
                    names[f"_default_{name}"] = item.default
                    parameter = f"{name}=_default_{name}"
                elif item.default_factory is not _MISSING:
                    names[f"_make_{name}"] = item.default_factory
                    parameter = f"{name}=_MISSING"
                    value = f"_make_{name}() if {name} is _MISSING else {name}"
                (by_name if item.kw_only else head).append(parameter)
                if not self.frozen:
                    body.append(f"self_.{name} = {value}")
                elif hasattr(slots[name], "__set__"):
                    # A slot's own setter passes by __setattr__, in half of its time.
                    names[f"_set_{name}"] = slots[name].__set__
                    body.append(f"_set_{name}(self_, {value})")
                else:
                    body.append(f"_put(self_, {name!r}, {value})")
            if hasattr(self.cls, "__post_init__"):
                body.append("self_.__post_init__()")
            parameters = ["self_", *head, *(("*", *by_name) if by_name else ())]
            return _compiled("__init__", parameters, body or ["pass"], names)

        def equal(self):
            compared = self.compared

            def equal(one, other):
                if other.__class__ is not one.__class__:
                    return NotImplemented
                self.cls.__eq__ = self.compiled_equal()
                return all(getattr(one, name) == getattr(other, name) for name in compared)

            return equal

        def compiled_equal(self):
            return _compiled(
                "__eq__",
                ["self_", "other"],
                [
                    "if self_ is other: return True",
                    "if other.__class__ is not self_.__class__: return NotImplemented",
                    f"return {self.values('self_')} == {self.values('other')}",
                ],
            )

        def hashed(self):
            compared = self.compared
            calls = 0

            def hashed(self_):
                nonlocal calls
                calls += 1
                if calls > INTERPRETED:
                    self.cls.__hash__ = _compiled(
                        "__hash__", ["self_"], [f"return hash({self.values('self_')})"]
                    )
                return hash(tuple([getattr(self_, name) for name in compared]))

            return hashed

        def ordering(self):
            def compare(sign):
                body = [
                    "if other.__class__ is not self_.__class__: return NotImplemented",
                    f"return {self.values('self_')} {sign} {self.values('other')}",
                ]
                return _compiled("compare", ["self_", "other"], body)

            signs = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}
            return {name: compare(sign) for name, sign in signs.items()}

        def values(self, of):
            """Return the text of a tuple of the fields that are compared."""
            return f"({''.join(f'{of}.{name},' for name in self.compared)})"

    def _compiled(name, parameters, body, names=None):
        lines = "\n ".join(body)
        scope = {}
        # The text is made of the names of dbguard's own fields.
        exec(f"def {name}({', '.join(parameters)}):\n {lines}", names or {}, scope)  # noqa: S102
        return scope[name]

    def _repr(self):
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in getattr(self, _FIELDS))
        return f"{type(self).__qualname__}({values})"

    def _refuse(self, name, *_):
        raise FrozenError(f"cannot assign to field {name!r}")

    def _state(self):
        return [getattr(self, name) for name in getattr(self, _FIELDS)]

    def _set_state(self, state):
        for name, value in zip(getattr(self, _FIELDS), state, strict=True):
            object.__setattr__(self, name, value)
