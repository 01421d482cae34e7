"""Clients of databases, SQL and other, and where the statements stand on their command lines."""

from __future__ import annotations

import pytest

from tests.command_lines import lowered

CASES = [
    ("psql -c 'DROP TABLE users'", "EMBED sql (postgresql): DROP TABLE users [-c of psql]"),
    (
        "psql app -c 'DROP TABLE users'",
        "EMBED sql (postgresql) on app: DROP TABLE users [-c of psql]",
    ),
    (
        "psql -d app -c 'SELECT 1' -c 'DROP TABLE users'",
        "EMBED sql (postgresql) on app: SELECT 1 [-c of psql]; EMBED sql (postgresql) on app: DROP TABLE users [-c of psql]",
    ),
    (
        "psql --dbname=app --command='DROP TABLE users'",
        "EMBED sql (postgresql) on app: DROP TABLE users [--command of psql]",
    ),
    ("psql -U admin -h db -p 5432 app -f reset.sql", "INCLUDE sql reset.sql on app [-f of psql]"),
    (
        "psql -v ON_ERROR_STOP=1 -f reset.sql app",
        "INCLUDE sql reset.sql on app [-f of psql, ON_ERROR_STOP]",
    ),
    (
        "psql -vON_ERROR_STOP=1 -c 'DROP TABLE users' app",
        "EMBED sql (postgresql) on app: DROP TABLE users [-c of psql, ON_ERROR_STOP]",
    ),
    (
        "psql postgres://user:secret@host:5432/app -c 'DROP TABLE users'",
        "EMBED sql (postgresql) on postgres://host/app: DROP TABLE users [-c of psql]",
    ),
    (
        "psql \"dbname=app host=db\" -c 'DROP TABLE users'",
        "EMBED sql (postgresql) on app: DROP TABLE users [-c of psql]",
    ),
    (
        "psql -tAc 'SELECT count(*) FROM users' app",
        "EMBED sql (postgresql) on app: SELECT count(*) FROM users [-c of psql]",
    ),
    (
        "psql -Atqc 'SELECT count(*) FROM users' -d app",
        "EMBED sql (postgresql) on app: SELECT count(*) FROM users [-c of psql]",
    ),
    (
        "PGDATABASE=app psql -c 'DROP TABLE users'",
        "EMBED sql (postgresql) on app: DROP TABLE users [-c of psql]",
    ),
    (
        "psql $DATABASE_URL -c 'DROP TABLE users'",
        "EMBED sql (postgresql) on {DATABASE_URL}: DROP TABLE users [-c of psql]",
    ),
    ("psql-15 -c 'DROP TABLE users'", "EMBED sql (postgresql): DROP TABLE users [-c of psql]"),
    ("mysql -e 'DROP TABLE users' app", "EMBED sql (mysql) on app: DROP TABLE users [-e of mysql]"),
    (
        "mysql -u root -psecret app -e 'DROP TABLE users'",
        "EMBED sql (mysql) on app: DROP TABLE users [-e of mysql]",
    ),
    (
        "mysql -uroot -p$PASS -D app --execute='DROP TABLE users'",
        "EMBED sql (mysql) on app: DROP TABLE users [--execute of mysql]",
    ),
    (
        "mysql --database=app -Nse 'DROP TABLE users'",
        "EMBED sql (mysql) on app: DROP TABLE users [-e of mysql]",
    ),
    ("mariadb -e 'DROP DATABASE app'", "EMBED sql (mysql): DROP DATABASE app [-e of mariadb]"),
    (
        "sqlite3 app.db 'DROP TABLE users;'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: DROP TABLE users; [argument of sqlite3]",
    ),
    (
        "sqlite3 -batch -cmd '.bail on' app.db 'DROP TABLE users'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: .bail on [-cmd of sqlite3]; EMBED sql (sqlite) on app.db: DROP TABLE users [argument of sqlite3]",
    ),
    (
        "sqlite3 app.db '.backup copy.db'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: .backup copy.db [argument of sqlite3]",
    ),
    (
        "sqlite3 app.db \"VACUUM INTO 'copy.db'\"",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: VACUUM INTO 'copy.db' [argument of sqlite3]",
    ),
    (
        "sqlite3 :memory: 'DROP TABLE users'",
        "CONNECT :memory: [sqlite3]; EMBED sql (sqlite) on :memory:: DROP TABLE users [argument of sqlite3]",
    ),
    (
        "sqlite3 -readonly app.db 'SELECT 1'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: SELECT 1 [argument of sqlite3]",
    ),
    (
        "sqlite3 app.db '.read reset.sql'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: .read reset.sql [argument of sqlite3]",
    ),
    (
        "sqlite3 app.db 'PRAGMA integrity_check'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: PRAGMA integrity_check [argument of sqlite3]",
    ),
    (
        "sqlite3.exe app.db 'DROP TABLE users'",
        "CONNECT app.db [sqlite3]; EMBED sql (sqlite) on app.db: DROP TABLE users [argument of sqlite3]",
    ),
    (
        "duckdb app.duckdb -c 'DROP TABLE users'",
        "CONNECT app.duckdb [duckdb]; EMBED sql (duckdb) on app.duckdb: DROP TABLE users [-c of duckdb]",
    ),
    (
        "duckdb app.duckdb 'DROP TABLE users'",
        "CONNECT app.duckdb [duckdb]; EMBED sql (duckdb) on app.duckdb: DROP TABLE users [argument of duckdb]",
    ),
    (
        "sqlcmd -S host -d app -Q 'DROP TABLE users'",
        "EMBED sql (tsql) on app: DROP TABLE users [-Q of sqlcmd]",
    ),
    ("sqlcmd -i reset.sql", "INCLUDE sql reset.sql [-i of sqlcmd]"),
    ("osql -E -Q 'DROP DATABASE app'", "EMBED sql (tsql): DROP DATABASE app [-Q of osql]"),
    ("sqlplus user/pw@db @reset.sql", "INCLUDE sql reset.sql [@ of sqlplus]"),
    (
        "cockroach sql --insecure -e 'DROP DATABASE app'",
        "EMBED sql (postgresql): DROP DATABASE app [-e of cockroach sql]",
    ),
    (
        "clickhouse-client --query 'DROP TABLE events'",
        "EMBED sql (clickhouse): DROP TABLE events [--query of clickhouse-client]",
    ),
    (
        "clickhouse-client -q 'TRUNCATE TABLE events' -d stats",
        "EMBED sql (clickhouse) on stats: TRUNCATE TABLE events [-q of clickhouse-client]",
    ),
    (
        "clickhouse client --multiquery --query 'DROP TABLE events'",
        "EMBED sql (clickhouse): DROP TABLE events [--query of clickhouse client]",
    ),
    ("cqlsh -e 'DROP KEYSPACE app' host", "EMBED sql (cassandra): DROP KEYSPACE app [-e of cqlsh]"),
    ("cqlsh host -f reset.cql", "INCLUDE sql reset.cql [-f of cqlsh]"),
    (
        "snowsql -q 'DROP TABLE users' -d app",
        "EMBED sql (snowflake) on app: DROP TABLE users [-q of snowsql]",
    ),
    (
        "bq query --use_legacy_sql=false 'DROP TABLE ds.users'",
        "EMBED sql (bigquery): DROP TABLE ds.users [argument of bq query]",
    ),
    (
        "usql pg://host/app -c 'DROP TABLE users'",
        "EMBED sql on pg://host/app: DROP TABLE users [-c of usql]",
    ),
    ("db2 drop database app", "EMBED sql (db2): drop database app [argument of db2]"),
    (
        "wrangler d1 execute app --command 'DROP TABLE users'",
        "EMBED sql (sqlite) on app: DROP TABLE users [--command of wrangler d1 execute]",
    ),
    (
        "wrangler d1 execute app --remote --file reset.sql",
        "INCLUDE sql reset.sql on app [--file of wrangler d1 execute]",
    ),
    (
        "turso db shell app 'DROP TABLE users'",
        "EMBED sql (sqlite) on app: DROP TABLE users [argument of turso db shell]",
    ),
    (
        "prisma db execute --file reset.sql --schema schema.prisma",
        "INCLUDE sql reset.sql [--file of prisma db execute]",
    ),
    (
        "heroku pg:psql -a app -c 'DROP TABLE users'",
        "EMBED sql (postgresql): DROP TABLE users [-c of heroku pg:psql]",
    ),
    (
        "wp db query 'DROP TABLE wp_users'",
        "EMBED sql (mysql): DROP TABLE wp_users [argument of wp db query]",
    ),
    (
        "drush sql:query 'TRUNCATE users'",
        "EMBED sql (mysql): TRUNCATE users [argument of drush sql:query]",
    ),
    (
        "php bin/console dbal:run-sql 'DROP TABLE users'",
        "EMBED sql: DROP TABLE users [argument of console dbal:run-sql]",
    ),
    (
        "typeorm query 'DROP TABLE users' -d ds.ts",
        "EMBED sql: DROP TABLE users [argument of typeorm query]",
    ),
    (
        "trino --execute 'DROP TABLE users'",
        "EMBED sql (trino): DROP TABLE users [--execute of trino]",
    ),
    ("hive -e 'DROP TABLE users'", "EMBED sql (hive): DROP TABLE users [-e of hive]"),
    (
        "influx -execute 'DROP DATABASE metrics'",
        "EMBED sql (influxql): DROP DATABASE metrics [-execute of influx]",
    ),
    ("redis-cli FLUSHALL", "DROP_DATABASE - [FLUSHALL]"),
    ("redis-cli -h cache -p 6380 -n 2 flushdb", "DROP_DATABASE 2 [FLUSHDB]"),
    (
        "redis-cli -u redis://:pw@cache:6379/1 FLUSHDB ASYNC",
        "DROP_DATABASE redis://cache/1 [FLUSHDB]",
    ),
    ("redis-cli --rdb dump.rdb", "BACKUP dump.rdb < - [redis-cli --rdb]"),
    ("redis-cli BGSAVE", "BACKUP - < - [BGSAVE]"),
    ("valkey-cli FLUSHALL", "DROP_DATABASE - [FLUSHALL]"),
    ("mongosh app --eval 'db.dropDatabase()'", "DROP_DATABASE app [dropDatabase()]"),
    ('mongosh mongodb://user:pw@host/app --eval "db.users.drop()"', "DROP_TABLE users [drop()]"),
    ("mongo app --quiet --eval 'db.getCollection(\"users\").drop()'", "DROP_TABLE users [drop()]"),
    (
        "mongosh --eval 'db.getSiblingDB(\"app\").dropDatabase()'",
        "DROP_DATABASE app [dropDatabase()]",
    ),
    ("mongosh app --eval 'db.users.deleteMany({})'", "DELETE_ROWS users [deleteMany({})]"),
    (
        "mongosh app --eval 'db.users.remove({}); db[\"old\"].drop()'",
        "DELETE_ROWS users [deleteMany({})]; DROP_TABLE old [drop()]",
    ),
    (
        "mongosh app --eval 'db.users.updateMany({}, {$set: {a: 1}})'",
        "UPDATE_ROWS users [updateMany({})]",
    ),
    ("curl -X DELETE http://localhost:9200/products", "DROP_TABLE products [curl DELETE]"),
    ('curl -XDELETE "https://elastic.example.com/products"', "DROP_TABLE products [curl DELETE]"),
    ("curl -s -X DELETE localhost:9200/_all", "DROP_DATABASE _all [curl DELETE]"),
    ("curl -X DELETE $ES_URL/products", "DROP_TABLE products [curl DELETE]"),
    ("curl -X DELETE http://admin:pw@localhost:5984/app", "DROP_DATABASE app [curl DELETE]"),
    ("curl -X DELETE http://localhost:6333/collections/docs", "DROP_TABLE docs [curl DELETE]"),
    (
        'curl -X POST localhost:9200/users/_delete_by_query -d \'{"query": {"match_all": {}}}\'',
        "DELETE_ROWS users [curl DELETE]",
    ),
    (
        "curl -X POST http://localhost:8123/ -d 'DROP TABLE events'",
        "EMBED sql: DROP TABLE events [data of curl]",
    ),
    ("http DELETE localhost:9200/products", "DROP_TABLE products [http DELETE]"),
    ("cypher-shell 'MATCH (n) DETACH DELETE n'", "DELETE_ROWS - [DETACH DELETE]"),
    ("cypher-shell -d system 'DROP DATABASE app'", "DROP_DATABASE app [cypher-shell]"),
]


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_clients(line: str, expected: str) -> None:
    assert lowered(line) == expected
