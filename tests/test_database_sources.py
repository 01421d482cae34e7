"""Which files, folders and volumes are databases: what the rest of a project says about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbguard import pipeline
from dbguard.options import ScanOptions

_COMPOSE = """\
services:
  db:
    image: docker.io/library/postgres:16
    volumes:
      - pgd:/var/lib/postgresql/data
      - ./var/pg:/var/lib/postgresql/16
      - ./init:/docker-entrypoint-initdb.d
  cache:
    image: registry.example.com/redis
    volumes:
      - {type: volume, source: kept, target: /data}
  web:
    image: shop
    volumes: [assets:/srv/assets, ./src:/srv]
volumes: {pgd: , kept: , assets: }
"""


def _scan(folder: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = pipeline.scan(ScanOptions((str(folder),), folder))
    assert not report.problems
    return [
        (finding.rule, finding.primary.source, finding.severity.name.lower())
        for finding in report.findings
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prisma/schema.prisma", 'datasource db {\n  provider = "sqlite"\n  url = "file:./store.dat"\n}'),
        ("config/database.yml", "development:\n  adapter: sqlite3\n  database: prisma/store.dat\n"),
        ("alembic.ini", "[alembic]\nsqlalchemy.url = sqlite:///prisma/store.dat\n"),
        (".env", 'DATABASE_URL="sqlite:///prisma/store.dat"\n'),
        (".env", "DB_CONNECTION=sqlite\nDB_DATABASE=/srv/prisma/store.dat\n"),
        (
            "shop/settings.py",
            "from pathlib import Path\nBASE_DIR = Path(__file__).parent\nDATABASES = {'default': "
            "{'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'prisma' / 'store.dat'}}\n",
        ),
        ("db.py", "import sqlite3\nsqlite3.connect('prisma/store.dat')\n"),
    ],
)  # fmt: skip
def test_a_file_is_a_database_by_what_names_it(tmp_path: Path, name: str, text: str) -> None:
    script = {"reset.sh": "rm prisma/store.dat\nrm prisma/other.dat\n"}
    found = _scan(tmp_path, {name: text, **script})
    assert found == [("delete-database-file", "rm prisma/store.dat", "error")]


def test_without_such_a_file_it_is_none(tmp_path: Path) -> None:
    assert _scan(tmp_path, {"reset.sh": "rm prisma/store.dat\n"}) == []


def test_what_a_comment_names_is_not_in_use(tmp_path: Path) -> None:
    settings = "DB_CONNECTION=sqlite\n# DB_DATABASE=/srv/www/store.dat\nDB_DATABASE=var/store.dat\n"
    files = {".env": settings, "reset.sh": "rm -rf /srv/www\nrm var/store.dat\n"}
    assert _scan(tmp_path, files) == [("delete-database-file", "rm var/store.dat", "error")]


def test_a_folder_that_holds_a_database(tmp_path: Path) -> None:
    files = {
        "db.py": "import sqlite3\nsqlite3.connect('data/store.dat')\n",
        "reset.sh": "rm -rf data/\nrm -rf database_docs/\nrm -rf build/data2/\n",
    }
    assert _scan(tmp_path, files) == [("delete-database-storage", "rm -rf data/", "error")]


@pytest.mark.parametrize(
    ("command", "severity"),
    [
        ("docker volume rm pgd", "error"),
        ("docker volume rm shop_pgd", "error"),
        ("docker volume rm shop_kept", "error"),
        ("docker volume rm shop_assets", "warning"),  # no server's; it may hold a file all the same
        ("rm -rf var/pg", "error"),
        ("rm -rf src init", None),
    ],
)
def test_volumes_of_compose_services(tmp_path: Path, command: str, severity: str | None) -> None:
    found = _scan(tmp_path, {"compose.yml": _COMPOSE, "reset.sh": command + "\n"})
    expected = [("delete-database-storage", command, severity)] if severity else []
    assert found == expected


@pytest.mark.parametrize(
    ("command", "rule", "source", "severity"),
    [
        ("docker run --rm -v pgd:/x alpine rm -rf /x/*", "delete-database-storage", "rm -rf /x/*", "error"),
        ("docker run --rm -v pgd:/x alpine sh -c 'rm -rf /x/*'", "delete-database-storage", "rm -rf /x/*",
         "error"),
        ("docker run --mount type=volume,src=pgd,dst=/x alpine rm -rf /x", "delete-database-storage",
         "rm -rf /x", "error"),
        ("docker run -v assets:/x alpine rm -rf /x/*", "delete-database-storage", "rm -rf /x/*", "warning"),
        ('docker run -v "$PWD/var":/x alpine rm -f /x/app.db', "delete-database-file", "rm -f /x/app.db",
         "error"),
    ],
)  # fmt: skip
def test_what_a_container_deletes_at_its_mounts(
    tmp_path: Path, command: str, rule: str, source: str, severity: str
) -> None:
    found = _scan(tmp_path, {"compose.yml": _COMPOSE, "reset.sh": command + "\n"})
    assert found == [(rule, source, severity)]


def test_a_volume_that_was_packed_away_before(tmp_path: Path) -> None:
    script = (
        "set -e\n"
        "docker run --rm -v pgd:/x -v $PWD:/out alpine tar czf /out/pgd-$(date +%F).tgz /x\n"
        "docker volume rm pgd\n"
    )
    found = _scan(tmp_path, {"compose.yml": _COMPOSE, "reset.sh": script})
    assert found == [("delete-database-storage", "docker volume rm pgd", "warning")]


def test_a_test_that_deletes_the_database_of_the_application(tmp_path: Path) -> None:
    files = {
        "db.py": "import sqlite3\nsqlite3.connect('data/store.dat')\n",
        "tests/test_db.py": "import os\ndef test_it(tmp_path):\n    os.remove('data/store.dat')\n"
        "    os.remove(tmp_path / 'store.dat')\n    os.remove('other.dat')\n",
    }
    assert _scan(tmp_path, files) == [
        ("delete-database-file", "os.remove('data/store.dat')", "error")
    ]


@pytest.mark.parametrize(
    "code",
    [
        "import chromadb\nclient = chromadb.PersistentClient(path='facts')\n",
        "import chromadb\nfrom pathlib import Path\nP = Path('facts')\nchromadb.PersistentClient(str(P))\n",
        "from langchain_chroma import Chroma\nstore = Chroma(persist_directory='facts')\n",
        "from langchain_chroma import Chroma\nChroma.from_texts(t, e, persist_directory='./facts')\n",
        "import lancedb\ndb = lancedb.connect('facts')\n",
        "from qdrant_client import QdrantClient\nclient = QdrantClient(path='facts')\n",
    ],
)
def test_the_folder_of_a_vector_store_is_known_by_use(tmp_path: Path, code: str) -> None:
    files = {"store.py": code, "reset.sh": "rm -rf facts\nrm -rf facts_of_life fact\n"}
    assert _scan(tmp_path, files) == [("delete-database-storage", "rm -rf facts", "error")]


def test_a_vector_store_elsewhere_or_in_memory_uses_no_folder(tmp_path: Path) -> None:
    code = (
        "import lancedb\nfrom qdrant_client import QdrantClient\n"
        "lancedb.connect('s3://bucket/facts')\nQdrantClient(url='http://facts')\n"
        "QdrantClient(':memory:')\n"
    )
    assert _scan(tmp_path, {"store.py": code, "reset.sh": "rm -rf facts bucket\n"}) == []
