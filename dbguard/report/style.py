"""Colour, and when there is any."""

from __future__ import annotations

import os
from collections.abc import Mapping

from dbguard.finding import Severity
from dbguard.records import dataclass

_BY_SEVERITY = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}


@dataclass(frozen=True, slots=True)
class Style:
    """Paints text with the escapes of ECMA-48 (SGR), or leaves it as it is.

    ``links`` is the absolute folder that paths are relative to, '' for no hyperlinks.
    """

    colour: bool = False
    links: str = ""

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def link(self, text: str, path: str) -> str:
        """Return *text* as a link to a file (the escape OSC 8, as terminals agreed on it)."""
        if not self.links:
            return text
        from urllib.parse import quote

        whole = os.path.join(self.links, path).encode("utf-8", "surrogateescape")
        return f"\x1b]8;;file://{quote(whole)}\x1b\\{text}\x1b]8;;\x1b\\"

    def bold(self, text: str) -> str:
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        return self._paint("2", text)

    def mark(self, text: str) -> str:
        """What stands under the primary span."""
        return self._paint("1;31", text)

    def second(self, text: str) -> str:
        """What stands under the other spans."""
        return self._paint("1;34", text)

    def good(self, text: str) -> str:
        return self._paint("1;32", text)

    def severity(self, severity: Severity, text: str) -> str:
        return self._paint(_BY_SEVERITY[severity], text)


def wants_colour(when: str, environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Say whether to colour; *when* is "auto", "always" or "never".

    With "auto", NO_COLOR (no-color.org) wins over FORCE_COLOR (force-color.org), and
    without either a terminal that is not "dumb" gets colour.
    """
    if when != "auto":
        return when == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return terminal and environment.get("TERM") != "dumb"


_LINKING = ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "rio", "mintty")
_LINKING_TERMS = ("xterm-kitty", "foot", "alacritty", "xterm-ghostty", "wezterm")


def wants_links(environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Say whether to write hyperlinks: to a terminal only that is known to take them."""
    if not terminal or environment.get("TERM") == "dumb" or environment.get("CI"):
        return False
    if (forced := environment.get("FORCE_HYPERLINK")) is not None:
        return forced != "0"
    vte = environment.get("VTE_VERSION", "")
    return (
        (vte.isdigit() and int(vte) >= 5000)
        or environment.get("TERM_PROGRAM") in _LINKING
        or environment.get("TERM") in _LINKING_TERMS
        or bool(environment.get("WT_SESSION") or environment.get("KONSOLE_VERSION"))
    )
