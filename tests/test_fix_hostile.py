"""``dbguard fix`` on what is hard to edit: quotes in quotes, other hosts, encodings, odd names.

Whatever is fixed there: fewer findings and no new one, nothing left for a second run, every
line without a finding byte for byte as it was, and what runs the file still reads it.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from dbguard.cli import main
from dbguard.fixing.proposal import Proposal, propose
from dbguard.options import ScanOptions
from dbguard.repair.fix import Safety

EVERY = frozenset(Safety)

SHELL = r"""#!/bin/bash
rm app.db; x
rm -f "$DB"
rm -f "my app.db" 'other one.sqlite' c.db
rm -rf "${DATA:-/srv}/l.db"
rm -- -odd.db
find . -name "*.db" -delete
find . -name "*.sqlite3" | xargs rm -f
for f in *.db; do rm "$f"; done
cat <<A
$(cat <<B
$(rm inner.db)
B
)
A
bash <<'EOF'
rm a.db
bash <<"IN"
rm b.db
: > c.db
IN
EOF
if [ -f x.db ]; then rm x.db; else :; fi
rm x.db && echo gone || echo no
(rm y.db)
rm z.db &
! rm w.db
rm q.db | cat
case $1 in a) rm case.db;; esac
f() { rm f.db; }
mkdir -p x && : > new.db || exit 1
if ! cp -f seed.db t.db; then exit 1; fi
cat > u.db <<EOF
rm in-a-text.db
EOF
ls | sort > v.db
echo "x" | tee "$HOME/my app.db"
psql -h db shop -c "ALTER TABLE t ADD COLUMN n int" && echo changed
echo 'ALTER TABLE t ADD COLUMN m int' | mysql -u root crm
"""

PYTHON = '''import os, subprocess
subprocess.run("rm app.db", shell=True)
subprocess.run(f"rm {x}.db", shell=True)
subprocess.run(["rm", "-f", "b.db"])
subprocess.run("""
rm c.db
cp seed.db d.db
""", shell=True)
os.remove("e.db"); print(1)
if True: os.remove("f.db")
[os.remove(f) for f in ("g.db",)]
with open("h.db", mode="w") as f: pass


async def z():
\tos.remove("größe.db")
\ttry:
\t\tos.remove("k.db")
\texcept OSError: pass
'''

MAKE = """reset:
\trm -f app.db
\t@rm -f b.db \\
\t  c.db
\t-sqlite3 d.db "ALTER TABLE t ADD COLUMN n"
\tcp seed.db e.db; echo done
\t: > $(DATA)/f.db
"""

WORKFLOW = """on: push
jobs:
  d:
    runs-on: self-hosted
    steps:
      - run: rm app.db
      - run: ": > a.db"
      - run: "rm b.db; echo \\"x\\""
      - run: |
          cd /srv
            rm odd.db
          if true; then
            rm c.db
          fi
      - run: >-
          rm d.db &&
          echo done
      - run: 'sqlite3 g.db "ALTER TABLE t ADD COLUMN n"'
      - shell: python
        run: |
          import os
          os.remove("f.db")
"""

DOCKER = """FROM debian
RUN apt-get update \\
 && rm -f /data/app.db \\
 && : > /data/b.db \\
 && true
CMD ["sh", "-c", "rm -f /data/d.db"]
"""

TEMPLATE = """#!/bin/sh
{% if reset %}
rm -f {{ path }}/app.db
{% endif %}
rm b.db
cp seed.db {{ db }}.db
"""

NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
                "source": ["import os\n", 'os.remove("app.db")\n', "open('b.db', 'w').close()"],
            },
            {
                "cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
                "source": ["!cp seed.db c.db"],
            },
        ],
        "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5,
    }, indent=1,
)  # fmt: skip

FILES = {
    "a.sh": SHELL.encode(),
    "windows.sh": SHELL.replace("\n", "\r\n").encode(),
    "a.py": PYTHON.encode(),
    "windows.py": b"\xef\xbb\xbf" + PYTHON.replace("\n", "\r\n").encode(),
    "latin.py": f"# -*- coding: latin-1 -*-\n{PYTHON}".encode("latin-1"),
    "Makefile": MAKE.encode(),
    ".github/workflows/a.yml": WORKFLOW.encode(),
    "Dockerfile": DOCKER.encode(),
    "a.sh.j2": TEMPLATE.encode(),
    "a.ipynb": NOTEBOOK.encode(),
}


def proposed(path: Path, folder: Path) -> Proposal:
    return propose(ScanOptions((str(path),), folder), None, EVERY)


@pytest.mark.parametrize("name", FILES)
def test_a_fix_keeps_to_its_promises(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(FILES[name])
    proposal = proposed(path, tmp_path)
    assert proposal.fixed
    ((candidate, text, after),) = proposal.changes()
    written = proposal.before.written(candidate)
    assert written is not None
    data = written.bytes_of(after)
    assert data is not None
    path.write_bytes(data)
    # Nothing is left to do, and nothing has come.
    again = proposed(path, tmp_path)
    assert not again.fixed
    before, left = (Counter(f.rule for f in one.before.open_findings) for one in (proposal, again))
    assert not left - before
    assert left.total() <= before.total() - len(proposal.fixed)
    # Every line without a finding is there as it was, line end and all, in the same order.
    found_on = {
        number
        for finding in proposal.before.open_findings
        for number in range(
            text.count("\n", 0, finding.primary.span.start),
            text.count("\n", 0, finding.primary.span.end) + 1,
        )
    }
    rest = iter(data.splitlines(keepends=True))
    for number, line in enumerate(FILES[name].splitlines(keepends=True)):
        if number not in found_on and not line.startswith(b"\xef\xbb\xbf"):
            assert line in rest, f"{line!r} is gone, or stands elsewhere"
    _reads(path, data)


def _reads(path: Path, data: bytes) -> None:
    """Let what runs or reads such a file look at it."""
    if path.suffix == ".py":
        compile(data, path.name, "exec")
    elif path.suffix == ".sh" and shutil.which("bash"):
        script = data.replace(b"\r\n", b"\n")
        assert subprocess.run(["bash", "-n"], input=script, check=False).returncode == 0
    elif path.suffix == ".yml":
        runs = yaml.safe_load(data)["jobs"]["d"]["steps"]
        for step in runs:
            if step.get("shell") == "python":
                compile(step["run"], "step", "exec")
            else:
                assert isinstance(step["run"], str)
                subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)
    elif path.suffix == ".ipynb":
        assert all(isinstance(line, str) for c in json.loads(data)["cells"] for line in c["source"])
    elif path.name == "Makefile" and shutil.which("make"):
        said = subprocess.run(
            ["make", "-n", "-f", str(path), "reset"], capture_output=True, text=True, check=True
        ).stdout
        subprocess.run(["bash", "-n"], input=said, text=True, check=True)


NAMES = ["app.db", "my app.db", "it's.db", "-odd.db", "größe.db", "a$b.db", 'quo"te.db', "a;b.db"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("verb", ["rm -f --", ": >"])
def test_a_file_of_an_odd_name_is_kept_or_left_alone(verb: str, name: str, tmp_path: Path) -> None:
    """The fixed script is run: the file is there afterwards, under its name or aside."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    script, data = tmp_path / "a.sh", tmp_path / "data"
    data.mkdir()
    (data / name).write_text("rows")
    quoted = "'" + name.replace("'", "'\\''") + "'"
    script.write_text(f"{verb} {quoted}\n")
    proposal = proposed(script, tmp_path)
    for _, _, after in proposal.changes():
        script.write_text(after)
        done = subprocess.run(["bash", str(script)], cwd=data, capture_output=True, check=False)
        assert not done.stderr
        (kept,) = data.iterdir()
        assert kept.read_text() == "rows"
        assert kept.name == name if verb == ": >" else kept.name.startswith(f"{name}.bak_")
    if name in ("app.db", "my app.db", "-odd.db", "größe.db", "a;b.db"):
        assert proposal.fixed


def test_what_may_not_be_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link is written through only where it was named; a folder may refuse."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    real = tmp_path / "real/a.sh"
    real.write_text("cp seed.db app.db\n")
    real.chmod(0o440)
    (tmp_path / "link.sh").symlink_to("real/a.sh")
    assert main(["fix", "--review", "--apply", "link.sh"]) == 0
    assert real.read_text() == '[ -e "app.db" ] || cp seed.db app.db\n'
    assert stat.S_IMODE(real.stat().st_mode) == 0o440
    assert (tmp_path / "link.sh").is_symlink()
    if os.geteuid() == 0:
        return
    real.chmod(0o640)
    real.write_text("cp seed.db app.db\n")
    (tmp_path / "real").chmod(0o500)
    assert main(["fix", "--review", "--apply", "real/a.sh"]) == 3
    (tmp_path / "real").chmod(0o700)
    assert real.read_text() == "cp seed.db app.db\n"
    assert "not written" in capsys.readouterr().out
