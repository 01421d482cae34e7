"""Valid shell that the parser alone cannot read: it is read whole, and so is what follows."""

from __future__ import annotations

import pytest

from dbguard.analysis import analyse
from dbguard.source import SourceFile

_VALID = (
    "apt-get install \\\n  `# a comment` \\\n  curl",
    "ls `# it's rm app.db`",
    "echo ${X:-u`date`}",
    "value=$(((0x${first}) / 256))",
    "value=$(( 16#$hex + 1 ))",
    'printf "\\r${_spin:_i++%${#_spin}:1} %02d" 3',
    "exec {fd}<>/dev/tty",
    'part="${parts[*]:$index}"',
    "letter=${word:$i:1}",
    "rest=${word:$i:$length}",
    'lines="${lines:+$lines\\n}next=\\"$1\\""',
    'lines="${lines:+${lines}\\n}next"',
    "[[ ($place =~ shop$) ]]",
    '[[ (-n "$app" && "$place" =~ ^/var/$app/?\\*?$) || (-n "$data" && "$place" =~ ^$data) ]]',
    "unset ${(M)${(k)parameters[@]}:#__shop_*} 2>/dev/null",
    "{ ls; } {log}>/dev/null",
    "echo ${x//'/'/_}",
    'echo ${x//"/"/_}',
    'x="$(a \\\n | awk \'system("[ -e /lib/" $1 " ]") == 0 { next } { print "so:" $1 }\' \\\n)"',
)


@pytest.mark.parametrize("text", _VALID)
def test_it_is_read_whole(text: str) -> None:
    analysis = analyse(SourceFile("a.sh", f"{text}\nrm app.db\n"), "shell")
    assert not analysis.problems
    [finding] = analysis.findings
    assert finding.primary.source == "rm app.db"


def test_commands_in_what_is_disguised_are_still_seen() -> None:
    analysis = analyse(SourceFile("a.sh", "echo ${X:-u`rm app.db`}\n"), "shell")
    assert [finding.primary.source for finding in analysis.findings] == ["rm app.db"]
