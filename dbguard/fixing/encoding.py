"""How the text of a file is written in bytes, so that what is not edited stays as it is."""

from __future__ import annotations

from dbguard.reading import decode, encoding_of
from dbguard.records import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """A text and how it is written: the byte-order mark before it, and the codec."""

    text: str
    mark: bytes
    encoding: str
    language: str

    def bytes_of(self, text: str) -> bytes | None:
        """Return *text* written the same way, None where the encoding lacks a character."""
        try:
            data = self.mark + text.encode(self.encoding)
        except UnicodeError:
            return None
        return data if decode(data, "", self.language).text == text else None


def written_as(data: bytes, language: str) -> Written | None:
    """Return the text of a file and how it is written.

    None where writing the text back would not give the same bytes: such a file is not
    touched.
    """
    mark, encoding = encoding_of(data, language)
    text = decode(data, "", language).text
    written = Written(text, mark, encoding, language)
    return written if written.bytes_of(text) == data else None
