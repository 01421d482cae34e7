"""What is decoded is what the programs would decode, and bounded."""

from __future__ import annotations

import base64
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbguard import decoding
from dbguard.analysis import analyse
from dbguard.languages.sql.text_functions import applied
from dbguard.source import Mapped, SourceFile, Span
from tests.hanging import comes_to_an_end

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@given(TEXTS)
def test_what_was_encoded_is_decoded(text: str) -> None:
    data = text.encode()
    assert decoding.from_base64(base64.b64encode(data).decode()) == text
    assert decoding.from_base64(base64.urlsafe_b64encode(data).decode()) == text
    assert decoding.from_base32(base64.b32encode(data).decode()) == text
    assert decoding.from_hexadecimal(data.hex()) == text
    assert decoding.inflated(decoding.as_characters(zlib.compress(data))) == text
    assert decoding.rotated(decoding.rotated(text) or "") == text
    assert decoding.reversed_text(decoding.reversed_text(text) or "") == text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("a-z", "A-Z", "drop table users"),
        ("a-z", "n-za-m", "ez ncc.qo"),
        ("[:lower:]", "[:upper:]", "Drop x-y"),
        ("abc", "x", "aabbcc-d"),
        ("xy", "ab", "rm xpp.dy"),
    ],
)
def test_tr_is_the_program(old: str, new: str, text: str) -> None:
    done = subprocess.run(["tr", old, new], input=text, capture_output=True, text=True, check=True)
    assert decoding.translated(text, old, new) == done.stdout


def test_a_hole_is_never_decoded() -> None:
    text = decoding.undecoded(decoding.DECODED, "x")
    assert decoding.from_base64(text) is None
    assert decoding.reversed_text(text) is None
    assert decoding.translated(text, "a-z", "A-Z") is None
    assert decoding.is_opaque(text)
    assert not decoding.is_opaque(f"DROP {text}")
    assert decoding.renamed(text, "stmt") == decoding.undecoded(decoding.DECODED, "stmt")


# limit: characters decoded from a literal (base64, hexadecimal digits, zlib)
def test_what_grows_without_bounds_is_left() -> None:
    at = Span(0, 1)
    long = Mapped.at("a" * 500_000, at)
    assert applied("REPLACE", [long, Mapped.at("a", at), long]) is None
    assert applied("CONCAT_WS", [long, long, long]) is None
    bomb = decoding.as_characters(zlib.compress(b"a" * 50_000_000))
    assert decoding.inflated(bomb) is None


@pytest.mark.parametrize(
    ("extension", "language", "text"),
    [
        (".sql", "sql", "EXECUTE x || '" + ";/*" * 100_000 + "__hole_decoded_x__';"),
        (".sql", "sql", "EXECUTE '" + "__hole_" * 100_000 + "' || x;"),
        (".sh", "shell", "echo '" + "__hole_decoded_" * 50_000 + "' | sh"),
        (".sh", "shell", "echo '" + "a" * 9_000 + "' | sed '" + "s/a/b/;" * 50_000 + "' | sh"),
        (".sh", "shell", "perl -e '" + '"a" . ' * 100_000 + "'"),
        (".sh", "shell", "awk '" + '"a" ' * 100_000 + "'"),
        (".sh", "shell", "{" * 20_000 + "a," * 20_000),
    ],
)
def test_hostile_texts_come_to_an_end(extension: str, language: str, text: str) -> None:
    with comes_to_an_end():
        analyse(SourceFile("x" + extension, text), language)
