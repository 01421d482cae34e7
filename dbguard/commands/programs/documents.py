"""Clients of stores that do not speak SQL: Redis, MongoDB, and those spoken to over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbguard.commands import cypher
from dbguard.commands.entry import Custom, Entry
from dbguard.commands.match import Match, backup_traits, database_name
from dbguard.flow import Node
from dbguard.operations import Certainty, Kind, Target, TargetKind
from dbguard.patterns import regex
from dbguard.records import replace
from dbguard.source import Mapped

_REDIS_VALUES = "-h -p -s -a --user --pass -u -r -i -n -d -x? --rdb --eval --pipe? -D"
_MONGO_VALUES = "--eval --host --port -u --username -p --password --authenticationDatabase --file -f --tls? --db"


def _redis(match: Match) -> Iterator[Node]:
    """redis-cli: its operands are a command, else each line of standard input is one."""
    number = match.arguments.value("-n")
    url = match.arguments.value("-u")
    name = database_name(url.text) if url is not None else number.text if number is not None else ""
    into = match.arguments.value("--rdb")
    if into is not None:
        copy = match.file(into)
        yield match.operation(
            Kind.BACKUP,
            copy,
            source=match.target(TargetKind.DATABASE, name),
            spelling="redis-cli --rdb",
            traits=backup_traits(copy.name),
        )
    lines = [" ".join(operand.text for operand in match.arguments.operands)]
    if not match.arguments.operands and match.invocation.stdin is not None:
        lines = match.invocation.stdin.text.splitlines()
    for line in lines:
        yield from _redis_command(match, line.split()[:2], name)


def _redis_command(match: Match, words: list[str], database: str) -> Iterator[Node]:
    verb = words[0].upper() if words else ""
    target = match.target(TargetKind.DATABASE, database)
    if verb in ("FLUSHALL", "FLUSHDB"):
        yield match.operation(Kind.DROP_DATABASE, target, spelling=verb)
    elif verb in ("BGSAVE", "SAVE"):
        yield match.operation(Kind.BACKUP, match.file(""), source=target, spelling=verb)
    elif verb == "SHUTDOWN":
        yield match.operation(Kind.STOP_SERVICE, match.target(TargetKind.SERVICE, "redis"))


_COLLECTION = (
    r"""\bdb\s*(?:\.\s*(?P<dotted>[A-Za-z_$][\w$]*(?:\.(?!drop|delete|remove|update)[A-Za-z_]\w*)*)"""
    r"""|\.\s*getCollection\s*\(\s*["'](?P<called>[^"']+)["']\s*\)|\[\s*["'](?P<indexed>[^"']+)["']\s*\])"""
)
_MONGO = (
    (
        regex(
            r"\bdb\s*(?:\.\s*getSiblingDB\s*\(\s*[\"'](?P<other>[^\"']+)[\"']\s*\)\s*)?"
            r"\.\s*dropDatabase\s*\("
        ),
        Kind.DROP_DATABASE,
        "dropDatabase()",
    ),
    (regex(_COLLECTION + r"\s*\.\s*drop\s*\("), Kind.DROP_TABLE, "drop()"),
    (
        regex(_COLLECTION + r"\s*\.\s*(?:deleteMany|remove)\s*\(\s*(?:\{\s*\}\s*)?[,)]"),
        Kind.DELETE_ROWS,
        "deleteMany({})",
    ),
    (
        regex(_COLLECTION + r"\s*\.\s*(?:updateMany)\s*\(\s*\{\s*\}\s*,"),
        Kind.UPDATE_ROWS,
        "updateMany({})",
    ),
    (regex(r"\bdropDatabase\s*:\s*1\b"), Kind.DROP_DATABASE, "dropDatabase"),
)


def mongo_script(match: Match, text: Mapped, database: str | None) -> Iterator[Node]:
    """Yield what a script of the MongoDB shell does, in its order."""
    found = [
        (hit.start(), kind, spelling, hit)
        for pattern, kind, spelling in _MONGO
        for hit in pattern.finditer(text.text)
        if not _is_comment(text.text, hit.start())
    ]
    for _, kind, spelling, hit in sorted(found, key=lambda one: one[0]):
        groups = hit.groupdict()
        if kind is Kind.DROP_DATABASE:
            target = match.target(TargetKind.DATABASE, groups.get("other") or database or "")
        else:
            name = groups["dotted"] or groups["called"] or groups["indexed"]
            target = Target(TargetKind.TABLE, name, database)
        operation = match.operation(kind, target, spelling=spelling)
        if text is match.invocation.stdin:
            # a script of several lines: point at the statement
            end = hit.end() + (text.text[hit.end() : hit.end() + 1] == ")")
            operation = replace(operation, span=text.map.to_outer(hit.start(), end))
        yield operation


def _is_comment(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return re.search(r"(?:^|[\s;{}()])//", line) is not None


def _mongo(match: Match) -> Iterator[Node]:
    """mongosh: --eval texts, else a script on standard input."""
    place = next((o.text for o in match.arguments.operands if not o.text.endswith(".js")), None)
    database = database_name(place) if place is not None else None
    texts = match.arguments.values("--eval")
    if not texts and match.invocation.stdin is not None:
        texts = [match.invocation.stdin]
    for text in texts:
        yield from mongo_script(match, text, database)


_URL = regex(
    r"^(?:https?://)?(?:[^/@\s]*@)?(?P<host>[^/:\s]*)(?::(?P<port>\d+))?(?P<path>/[^?\s]*)?(?:\?(?P<query>\S*))?$"
)
_SEARCH = regex(r"elastic|opensearch|\bes\b|__hole_\w*(?:ES|ELASTIC|OPENSEARCH)", re.IGNORECASE)


def _http(match: Match) -> Iterator[Node]:
    """curl: DELETE of an index or a database; SQL sent to ClickHouse or InfluxDB."""
    arguments = match.arguments
    method = arguments.value("-X", "--request")
    urls = [o.word.mapped for o in arguments.operands] + arguments.values("--url")
    verb = method.text.upper() if method is not None else "GET"
    if match.called in ("http", "https", "xh") and len(urls) > 1:
        verb, urls = urls[0].text.upper(), urls[1:2]
    for url in urls:
        found = _URL.match(url.text) if len(url.text) < 2000 else None
        if found is None:
            continue
        if verb == "DELETE":
            yield from _http_delete(match, found)
        elif "/_delete_by_query" in (found["path"] or ""):
            sent = arguments.values("-d", "--data", "--data-raw", "--json")
            if any("match_all" in body.text for body in sent):
                index = (found["path"] or "/").split("/")[1]
                yield _partial(match, Kind.DELETE_ROWS, TargetKind.TABLE, index)
        elif found["port"] in ("8123", "8086", "4200", "9047"):
            for body in arguments.values(
                "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode"
            ):
                start = (
                    2 if body.text.startswith("q=") else 6 if body.text.startswith("query=") else 0
                )
                statement = body.slice(start, len(body.text))
                if not statement.text.startswith("@"):
                    yield match.embed("sql", statement, "data of curl")


def _http_delete(match: Match, url: re.Match[str]) -> Iterator[Node]:
    path = [part for part in (url["path"] or "").split("/") if part]
    is_search = url["port"] == "9200" or (
        url["port"] in (None, "443") and _SEARCH.search(url["host"]) is not None
    )
    if url["port"] == "6333" and path[:1] == ["collections"] and len(path) == 2:
        yield _partial(match, Kind.DROP_TABLE, TargetKind.TABLE, path[1])
    elif url["port"] == "5984" and len(path) == 1:
        yield _partial(match, Kind.DROP_DATABASE, TargetKind.DATABASE, path[0])
    elif is_search and path[:1] == ["_data_stream"] and len(path) == 2:
        yield _partial(match, Kind.DROP_TABLE, TargetKind.TABLE, path[1])
    elif is_search and len(path) == 1:
        whole = path[0] in ("_all", "*")
        kind = Kind.DROP_DATABASE if whole else Kind.DROP_TABLE
        if whole or not path[0].startswith("_") or path[0].startswith("__hole_"):
            yield _partial(match, kind, TargetKind.DATABASE if whole else TargetKind.TABLE, path[0])


def _partial(match: Match, kind: Kind, about: TargetKind, name: str) -> Node:
    return match.operation(
        kind,
        match.target(about, name),
        certainty=Certainty.PARTIAL,
        spelling=f"{match.called} DELETE",
    )


def _writes_and_http(match: Match) -> Iterator[Node]:
    for path in match.arguments.values("-o", "--output"):
        if path.text not in ("-", "/dev/null", "/dev/stdout"):
            yield match.operation(Kind.OVERWRITE_FILE, match.file(path), spelling="curl -o")
    yield from _http(match)


def _cypher(match: Match) -> Iterator[Node]:
    """cypher-shell: ``MATCH (n) DETACH DELETE n`` with no WHERE."""
    texts = [operand.word.mapped for operand in match.arguments.operands]
    if not texts and match.invocation.stdin is not None:
        texts = [match.invocation.stdin]
    database = match.arguments.value("-d", "--database")
    name = database.text if database is not None else ""
    for text in texts:
        for loss in cypher.losses(text.text):
            if loss.kind is Kind.DROP_DATABASE:
                target = match.target(TargetKind.DATABASE, loss.name)
                yield match.operation(loss.kind, target)
                continue
            what = TargetKind.ROWS if loss.name else TargetKind.DATABASE
            target = match.target(what, loss.name or name)
            yield match.operation(loss.kind, target, spelling="DETACH DELETE")


ENTRIES: tuple[Entry, ...] = (
    Custom(
        "redis-cli|valkey-cli|keydb-cli|iredis|dragonfly-cli",
        run=_redis,
        values=_REDIS_VALUES,
        destroys=True,
        documentation="https://redis.io/docs/latest/develop/tools/cli/",
    ),
    Custom(
        "mongosh|mongo",
        run=_mongo,
        values=_MONGO_VALUES,
        documentation="https://www.mongodb.com/docs/mongodb-shell/reference/options/",
    ),
    Custom(
        "curl",
        run=_writes_and_http,
        destroys=True,
        values="-X --request -H --header -d --data --data-raw --data-binary --data-urlencode --json -u --user"
        " -o --output -F --form --url -A --user-agent -b -c -e -m --max-time --connect-timeout -T"
        " --cacert --cert --key -w --write-out --retry --retry-delay -x --proxy -K --resolve",
        documentation="https://curl.se/docs/manpage.html",
    ),
    Custom(
        "http|https|xh",
        run=_http,
        destroys=True,
        values="-a --auth -A --auth-type --timeout -o --output",
        documentation="https://httpie.io/docs/cli",
    ),
    Custom(
        "cypher-shell",
        run=_cypher,
        values="-u --username -p --password -a --address -d --database -f --file --format",
        documentation="https://neo4j.com/docs/operations-manual/current/cypher-shell/",
    ),
)
