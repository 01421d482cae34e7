"""Texts that are decoded where they stand: base64, hexadecimal digits, code points, templates.

A literal says what it decodes to. What is decoded and not known, or comes from the
network, is a text that says so (:mod:`dbguard.decoding`).
"""

from __future__ import annotations

from dbguard import decoding
from dbguard.languages.python.calls.site import CallSite, Handler, Outcome
from dbguard.languages.python.evaluation import lift, text_or_hole
from dbguard.languages.python.values import (
    Constant,
    Handle,
    Items,
    Mapping,
    Partial,
    Symbol,
    Text,
    Value,
    as_text,
    options,
)
from dbguard.patterns import regex
from dbguard.source import Mapped, Transcript

_PLACEHOLDER = regex(r"\$(?:(\$)|([_a-zA-Z]\w*)|\{([_a-zA-Z]\w*)\})")
_ROTATED = frozenset(("rot13", "rot_13", "rot-13"))
_HEXADECIMAL = frozenset(("hex", "hex_codec"))


def _unreadable(site: CallSite, how: str = decoding.DECODED) -> Text:
    return Text(Mapped.at(decoding.undecoded(how, site.method), site.span))


def _decodes(decode: decoding.Decoder) -> Handler:
    def handle(site: CallSite) -> Outcome | None:
        value = site.argument(0, "s", "data", "hexstr", "obj")
        if value is None:
            return None

        def make(choice: list[Value]) -> Value:
            text = choice[0] if isinstance(choice[0], Text) else None
            decoded = decode(text.text) if text is not None and text.known else None
            if text is None or decoded is None:
                return _unreadable(site)
            return Text(Mapped.at(decoded, text.mapped.span)) if decoded else text

        return Outcome([], lift(site.program, [value], make))

    return handle


def _codec(site: CallSite) -> Outcome | None:
    """``codecs.decode(text, "rot13")``."""
    name = (site.string(1, "encoding") or "").lower()
    if name in _ROTATED:
        return _decodes(decoding.rotated)(site)
    if name in _HEXADECIMAL:
        return _decodes(decoding.from_hexadecimal)(site)
    if name in ("base64", "base64_codec"):
        return _decodes(decoding.from_base64)(site)
    return _as_it_is(site)


def _as_it_is(site: CallSite) -> Outcome | None:
    """``str(data, "utf-8")``, ``compile(text, ...)``, ``textwrap.dedent(text)``: the same text."""
    value = site.argument(0, "source", "object", "text", "obj")
    if value is None or not any(isinstance(option, Text) for option in options(value)):
        return None
    return Outcome([], value)


def _bytes(site: CallSite) -> Outcome | None:
    """``bytes([100, 98])``: the characters of these numbers."""
    value = site.argument(0)
    if isinstance(value, Items):
        return _characters(site, value)
    return _as_it_is(site)


def _chr(site: CallSite) -> Outcome | None:
    value = site.argument(0)
    return _characters(site, Items((value,))) if value is not None else None


def _characters(site: CallSite, values: Items) -> Outcome | None:
    numbers = [item.value for item in values.items if isinstance(item, Constant)]
    found = [n for n in numbers if type(n) is int and 0 < n < 0xD800]
    if not found or len(found) != len(values.items):
        return None
    return Outcome([], Text(Mapped.at("".join(map(chr, found)), site.span)))


def _from_digits(site: CallSite) -> Outcome | None:
    """``bytes.fromhex("6462")``."""
    return _decodes(decoding.from_hexadecimal)(site)


def _map(site: CallSite) -> Outcome | None:
    """``map(chr, [100, 98])``, and ``map(os.remove, names)``, which calls it for each of them."""
    function, values = site.argument(0), site.argument(1)
    if isinstance(function, Symbol | Partial) or function is None or values is None:
        return _applied(site, function, values)
    if not isinstance(values, Items):
        return None
    name = site.argument_node(0)
    if name is not None and site.program.tree.text(name) == "chr":
        made = [_characters(site, Items((item,))) for item in values.items[:4096]]
        texts = [outcome.value for outcome in made if outcome is not None]
        return Outcome([], Items(tuple(t for t in texts if isinstance(t, Text))))
    return _applied(site, function, values)


def _applied(site: CallSite, function: Value | None, values: Value | None) -> Outcome | None:
    if function is None or not isinstance(values, Items):
        return None
    nodes = []
    for item in values.items[:64]:
        nodes.extend(site.program.apply(function, site.node, site.scope, (item,)).nodes)
    return Outcome(nodes) if nodes else None


def _template(site: CallSite) -> Outcome | None:
    value = site.argument(0, "template")
    text = as_text(value) if value is not None else None
    if text is None:
        return None
    return Outcome([], Handle("template", text=text.mapped))


def _substitute(site: CallSite) -> Outcome | None:
    """``Template("$verb TABLE t").substitute(verb=...)``."""
    receiver = site.receiver
    if not isinstance(receiver, Handle) or receiver.kind != "template" or receiver.text is None:
        return None
    first = site.argument(0)
    known = {**(first.entries if isinstance(first, Mapping) else {}), **site.keywords}
    template = receiver.text
    transcript, at = Transcript(), 0
    for match in _PLACEHOLDER.finditer(template.text):
        transcript.mapped(template.slice(at, match.start()))
        at = match.end()
        name = match[2] or match[3]
        if name is None:
            transcript.mapped(template.slice(match.end() - 1, match.end()))
            continue
        value = known.get(name)
        text = text_or_hole(site.program, value, site.node) if value is not None else None
        span = template.map.to_outer(match.start(), match.end())
        if text is None or len(transcript) + len(text) > decoding.LIMIT:
            transcript.hole(name, span.start, span.end - span.start)
        else:
            transcript.inexact(text, span.start, span.end - span.start)
    transcript.mapped(template.slice(at, len(template.text)))
    return Outcome([], Text(transcript.build()))


def _translate(site: CallSite) -> Outcome | None:
    """``text.translate({120: None})`` of literal numbers and texts."""
    text, table = site.receiver, site.argument_node(0)
    if not isinstance(text, Text) or not text.known or table is None or table.type != "dictionary":
        return None
    mapping: dict[int, str | None] = {}
    for child in table.named_children[:256]:
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        if key is None or value is None:
            return None
        number = site.program.evaluate(key, site.scope)
        new = site.program.evaluate(value, site.scope)
        if not isinstance(number, Constant) or type(number.value) is not int:
            return None
        mapping[number.value] = new.text if isinstance(new, Text) else None
    longest = max((len(new) for new in mapping.values() if new), default=1)
    if longest * len(text.text) > decoding.LIMIT:
        return None
    return Outcome([], Text(Mapped.at(text.text.translate(mapping), text.mapped.span)))


def _decrypted(site: CallSite) -> Outcome | None:
    return Outcome([], _unreadable(site)) if site.receiver is not None else None


def _downloaded(site: CallSite) -> Outcome:
    return Outcome([], _unreadable(site, decoding.DOWNLOADED))


def _read(site: CallSite) -> Outcome | None:
    """``urlopen(...).read()``, ``requests.get(...).content``: still what was downloaded."""
    receiver = site.receiver
    if not isinstance(receiver, Text) or not receiver.text.startswith("__hole_"):
        return None
    return Outcome([], receiver)


VALUES: dict[str, Handler] = {
    **dict.fromkeys(
        (
            "base64.b64decode",
            "base64.standard_b64decode",
            "base64.urlsafe_b64decode",
            "base64.decodebytes",
            "binascii.a2b_base64",
        ),
        _decodes(decoding.from_base64),
    ),
    "base64.b32decode": _decodes(decoding.from_base32),
    "base64.b85decode": _decodes(decoding.from_base85),
    **dict.fromkeys(
        ("base64.b16decode", "binascii.unhexlify", "binascii.a2b_hex"),
        _decodes(decoding.from_hexadecimal),
    ),
    "codecs.decode": _codec,
    "zlib.decompress": _decodes(decoding.inflated),
    "gzip.decompress": _decodes(lambda text: decoding.inflated(text, gzipped=True)),
    "bytes": _bytes,
    "bytearray": _bytes,
    "chr": _chr,
    "str": _as_it_is,
    "compile": _as_it_is,
    "textwrap.dedent": _as_it_is,
    "map": _map,
    "string.Template": _template,
    "urllib.request.urlopen": _downloaded,
    **dict.fromkeys(
        (f"{module}.{verb}" for module in ("requests", "httpx") for verb in ("get", "post")),
        _downloaded,
    ),
}

VALUE_METHODS: dict[str, Handler] = {
    "fromhex": _from_digits,
    "translate": _translate,
    "substitute": _substitute,
    "safe_substitute": _substitute,
    "decrypt": _decrypted,
    "read": _read,
}
