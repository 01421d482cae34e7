"""Every entry of the tables names documentation, and the record of what was confirmed is true."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from dbguard.commands.lowering import entries
from tools.command_sources import PAGE, confirmations, first_line, page

HOSTS = frozenset(
    """
    7-zip.opensource.jp
    airflow.apache.org
    aiven.io
    alembic.sqlalchemy.org
    atlasgo.io
    book.cakephp.org
    borgbackup.readthedocs.io
    btrfs.readthedocs.io
    bundler.io
    busybox.net
    cassandra.apache.org
    classic.yarnpkg.com
    cli.cloudfoundry.org
    clickhouse.com
    cloud.google.com
    cloudnative-pg.io
    codeigniter.com
    coverage.readthedocs.io
    craftcms.com
    curl.se
    cwiki.apache.org
    db-migrate.readthedocs.io
    ddev.readthedocs.io
    ddollar.github.io
    dev.mysql.com
    devcenter.heroku.com
    developer.1password.com
    developer.hashicorp.com
    developer.wordpress.org
    developers.cloudflare.com
    diesel.rs
    django-dbbackup.readthedocs.io
    django-extensions.readthedocs.io
    django-tenants.readthedocs.io
    dlthub.com
    doc.rust-lang.org
    docs.adonisjs.com
    docs.arangodb.com
    docs.astral.sh
    docs.aws.amazon.com
    docs.brew.sh
    docs.ckan.org
    docs.conda.io
    docs.convex.dev
    docs.couchbase.com
    docs.dagster.io
    docs.databricks.com
    docs.ddev.com
    docs.digitalocean.com
    docs.djangoproject.com
    docs.docker.com
    docs.dolthub.com
    docs.frappe.io
    docs.geldata.com
    docs.getdbt.com
    docs.influxdata.com
    docs.lando.dev
    docs.liquibase.com
    docs.litestar.dev
    docs.meteor.com
    docs.npmjs.com
    docs.openstack.org
    docs.oracle.com
    docs.percona.com
    docs.pgbarman.org
    docs.pi-hole.net
    docs.pingcap.com
    docs.podman.io
    docs.prefect.io
    docs.pyinvoke.org
    docs.python.org
    docs.railway.com
    docs.redwoodjs.com
    docs.ruby-lang.org
    docs.snowflake.com
    docs.strapi.io
    docs.turso.tech
    docs.vapor.codes
    docs.yugabyte.com
    documentation.red-gate.com
    documentation.ubuntu.com
    dokku.com
    download.samba.org
    duckdb.org
    erikbra.github.io
    etcd.io
    evolve-db.netlify.app
    experienceleague.adobe.com
    firebase.google.com
    firebirdsql.org
    flask-migrate.readthedocs.io
    flask.palletsprojects.com
    fluentmigrator.github.io
    fly.io
    getcomposer.org
    git-scm.com
    github.com
    gobuffalo.io
    guides.hanamirb.org
    guides.rubyonrails.org
    hasura.io
    hexdocs.pm
    httpd.apache.org
    httpie.io
    infozip.sourceforge.net
    invenio-db.readthedocs.io
    joeyh.name
    just.systems
    keystonejs.com
    kind.sigs.k8s.io
    knexjs.org
    kopia.io
    kubernetes.io
    laravel.com
    learn.microsoft.com
    linux.die.net
    litestream.io
    loco.rs
    luckyframework.org
    man.openbsd.org
    man7.org
    manpages.debian.org
    mikro-orm.io
    mmonit.com
    mydumper.github.io
    neo4j.com
    neon.com
    nginx.org
    nix.dev
    nodejs.org
    nox.thea.codes
    nssm.cc
    ollycope.com
    opam.ocaml.org
    openzfs.github.io
    orm.drizzle.team
    payloadcms.com
    perldoc.perl.org
    pgbackrest.org
    pgcopydb.readthedocs.io
    pgroll.com
    piccolo-orm.readthedocs.io
    pipx.pypa.io
    pkg.go.dev
    planetscale.com
    pm2.keymetrics.io
    pnpm.io
    poethepoet.natn.io
    pressly.github.io
    python-poetry.org
    rclone.org
    redis.io
    restic.readthedocs.io
    rethinkdb.com
    salsita.github.io
    sequel.jeremyevans.net
    sequelize.org
    smarden.org
    sourceforge.net
    sourceware.org
    spatie.be
    sqitch.org
    sqlite-utils.datasette.io
    sqlmesh.readthedocs.io
    ss64.com
    supabase.com
    supervisord.org
    surrealdb.com
    symfony.com
    taskfile.dev
    techdocs.akamai.com
    tenancyforlaravel.com
    trino.io
    tukaani.org
    typeorm.io
    upstart.ubuntu.com
    velero.io
    wal-g.readthedocs.io
    wasp.sh
    wiki.gentoo.org
    www.cockroachlabs.com
    www.doctrine-project.org
    www.drush.org
    www.freedesktop.org
    www.gnu.org
    www.ibm.com
    www.mongodb.com
    www.odoo.com
    www.php.net
    www.postgresql.org
    www.prisma.io
    www.sanity.io
    www.scaleway.com
    www.sea-ql.org
    www.skeema.io
    www.sqlite.org
    www.sudo.ws
    www.yiiframework.com
    yarnpkg.com
    zenstack.dev
    """.split()
)
"""The hosts of official documentation; a new one is added here after a look at it."""

ENTRIES = entries()


def test_documentation_is_an_address_of_an_official_host() -> None:
    for entry in ENTRIES:
        where, address = entry.documentation, urlsplit(entry.documentation)
        assert address.scheme == "https", where
        assert address.hostname in HOSTS, where
        assert re.fullmatch(r"[\w.~%+=,/@?#&:-]+", where), f"alternatives or blanks: {where}"
        assert "//" not in address.path, where
        assert address.path.strip("/") or address.hostname in HOSTS_ALONE, where


HOSTS_ALONE = frozenset(
    {
        "docs.pgbarman.org",
        "poethepoet.natn.io",
        "invenio-db.readthedocs.io",
        "ddollar.github.io",
        "www.sqlite.org",
    }
)
"""Hosts whose first page is the manual."""


def test_a_repository_is_named_with_its_owner() -> None:
    for entry in ENTRIES:
        address = urlsplit(entry.documentation)
        if address.hostname == "github.com":
            assert len(address.path.strip("/").split("/")) >= 2, entry.documentation


def test_hosts_that_nothing_names_are_not_listed() -> None:
    named = {urlsplit(entry.documentation).hostname for entry in ENTRIES}
    assert named >= HOSTS


def test_each_confirmation_is_about_an_entry_and_says_by_what() -> None:
    for one in confirmations():
        assert any(one.covers(entry) for entry in ENTRIES), one.pattern
        assert date.fromisoformat(one.date) >= date(2026, 11, 24)
        assert one.how in {"help", "source", "file", "page"}
        assert one.by.strip()


def test_no_confirmation_covers_a_whole_family_of_programs() -> None:
    for one in confirmations():
        assert one.pattern[:1].isalnum(), "a pattern begins with a program"
        programs = {first_line(entry).split()[0] for entry in ENTRIES if one.covers(entry)}
        assert len(programs) == 1, one.pattern


def test_the_page_is_what_the_tables_say() -> None:
    text = page()
    assert PAGE.read_text(encoding="utf-8") == text
    assert all(f"<{entry.documentation}>" in text for entry in ENTRIES)
