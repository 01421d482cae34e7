"""PostgreSQL, through psql, pg_dump and pg_restore."""
