"""Which scripts for psql and the client of MySQL are refused before anything is done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dbguard.live.failures import RefusedError
from dbguard.live.mysql import rehearsable as mysql
from dbguard.live.postgresql import rehearsable as postgresql
from dbguard.live.script import Script
from tests.hanging import comes_to_an_end

LEAVES_PSQL = [
    (1, "\\i other.sql", "runs another file"),
    (1, "\\ir other.sql", "runs another file"),
    (1, "\\include other.sql", "runs another file"),
    (2, "SELECT 1;\n\\! touch reached", "runs a command of the shell"),
    (1, "SELECT 1; \\! touch reached", "runs a command of the shell"),
    (1, "SELECT (1 \\! touch reached\n);", "runs a command of the shell"),
    (1, "SELECT 'a'\\! touch reached\n;", "runs a command of the shell"),
    (1, "\\o reached", "writes into a file"),
    (1, "\\o |touch reached", "writes into a file"),
    (1, "\\w reached", "writes into a file"),
    (1, "SELECT 1 \\g reached", "\\g with words behind it"),
    (1, "SELECT 1 \\g |touch reached", "\\g with words behind it"),
    (1, "SELECT 1 \\gx reached", "\\gx with words behind it"),
    (1, "\\c postgres", "connects to another database"),
    (1, "\\connect - other", "connects to another database"),
    (1, "\\copy users to reached", "write COPY ... FROM STDIN"),
    (1, "\\copy users from program 'touch reached'", "write COPY ... FROM STDIN"),
    (1, "\\setenv PAGER touch", "changes the environment"),
    (1, "\\cd /tmp", "changes the folder"),
    (1, "\\set x `touch reached`", "backtick"),
    (1, "\\echo `touch reached`", "backtick"),
    (1, "\\echo a \\! touch reached", "backslash"),
    (1, "\\d users \\i other.sql", "backslash"),
    (1, "\\set x '\\\\! touch reached'\n:x", "backslash"),
    (1, "\\set x $a$", "plain words for the value"),
    (1, "\\set x '--'", "plain words for the value"),
    (1, "\\set ON_ERROR_STOP off", "may change what psql does"),
    (1, "\\unset ON_ERROR_STOP", "may change what psql does"),
    (1, "\\set ON_ERROR_ROLLBACK on", "may change what psql does"),
    (1, "\\if :x\nDROP TABLE users;\n\\endif", "makes the script another one"),
    (1, "SELECT 'x' AS y \\gset", "puts what the database holds into the script"),
    (1, "\\q", "ends psql"),
    (1, "\\timing", "mixes what psql prints"),
    (1, "\\restrict abc", "keeps dbguard's own commands"),
    (1, "\\no_such_command", "is not known to stay"),
    (1, "SELECT E'\\'' \\! touch reached\n;", "runs a command of the shell"),
    (2, "SELECT E'a'\n  'b\\' \\! c' \\! touch reached\n;", "runs a command of the shell"),
    (1, "SELECT 'it''s \\o' \\! touch reached\n;", "runs a command of the shell"),
    (3, "/* a /* b */ \\! c */\n--\\! d\n\\! touch reached", "runs a command of the shell"),
    (1, "SELECT $a$ $b$ \\! $a$ \\! touch reached\n;", "runs a command of the shell"),
    (4, "COPY users FROM STDIN;\n1\\! x\n\\.\n\\! touch reached", "runs a command of the shell"),
    (1, "COPY users TO '/tmp/reached';", "writes a file of the server"),
    (1, "COPY users TO $$/tmp/reached$$;", "writes a file of the server"),
    (1, "copy (SELECT 1) to program 'touch reached';", "runs a program on the server"),
    (1, "COPY users FROM PROGRAM 'touch reached';", "runs a program on the server"),
    (1, "SELECT dblink_exec('dbname=postgres', 'DROP TABLE t');", "outside of the transaction"),
    (2, "DO $$ BEGIN\nPERFORM lo_export(1, '/tmp/reached'); END $$;", "outside of the transaction"),
    (1, "DO 'BEGIN PERFORM dblink_exec(1); END';", "outside of the transaction"),
    (1, "SELECT \"dblink_exec\"('x');", "outside of the transaction"),
    (1, "SELECT dblink /* */ ('x');", "outside of the transaction"),
    (1, "DO $$ BEGIN COPY t TO '/tmp/x'; END $$;", "COPY leaves the database"),
    (2, "DO $$ BEGIN COPY t\nTO PROGRAM 'sh'; END $$;", "COPY leaves the database"),
    (1, "DO $$ BEGIN COPY t FROM PROGRAM 'sh'; END $$;", "COPY leaves the database"),
    (1, "DO $$ BEGIN COPY t TO/**/PROGRAM 'sh'; END $$;", "COPY leaves the database"),
    (1, "DO 'BEGIN COPY t TO ''/tmp/x''; END';", "COPY leaves the database"),
    (1, "DO LANGUAGE plpgsql E'BEGIN COPY t TO \\'/tmp/x\\'; END';", "COPY leaves"),
    (1, "DO $$ BEGIN EXECUTE format('COPY t TO %L', f); END $$;", "COPY leaves the database"),
    (1, "CREATE FUNCTION f() RETURNS void AS 'COPY t TO ''/tmp/x''' LANGUAGE sql;", "COPY leaves"),
    (1, "BEGIN; PREPARE TRANSACTION 'x';", "outlives its session"),
    (1, "SET standard_conforming_strings = off;", "what is a string"),
    (1, "SELECT 'never ends", "does not end"),
    (1, "DO $$ BEGIN", "does not end"),
    (1, "/* /* */", "does not end"),
    (2, "SELECT 1;\nSELECT (1;", "not closed"),
    (1, "COPY users FROM STDIN;\n1", "has no end"),
    (1, "COPY users FROM STDIN; SELECT 1;\n1\n\\.", "stands behind COPY"),
    (1, "SELECT '\0';", "NUL"),
]

STAYS_IN_PSQL = """\
SET standard_conforming_strings = on;
\\set schema 'app'
\\set batch 1000
\\echo adding a column
\\d users
\\dt+ *.*
ALTER TABLE users ADD COLUMN path text DEFAULT 'C:\\temp\\!'; -- \\! no
SELECT E'it\\'s \\\\! ' "odd \\i name" /* \\! /* \\o */ \\c */;
SELECT 1 \\; SELECT 2 \\g
INSERT INTO to_do (program) VALUES ('x');
COPY program FROM STDIN WITH (FORMAT csv); -- the data:
\\! no command, but data
'
\\.
COPY users (id) TO STDOUT;
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN RETURN '\\! $$ '; END $body$;
SELECT a$b$c FROM (SELECT 1 AS a$b$c) AS x;
SELECT 'SELECT 1' \\gexec
INSERT INTO t VALUES ('COPY t TO ''/tmp/x'''), ($$COPY t TO PROGRAM 'x'$$);
DO $$ BEGIN SET search_path TO 'app'; ALTER TABLE copy RENAME TO copies; END $$;
"""

LEAVES_MYSQL = [
    (1, "source other.sql", "runs another file"),
    (1, "\\. other.sql", "runs another file"),
    (2, "SELECT 1;\n\\! touch reached", "runs a command of the shell"),
    (1, "SELECT 1; system touch reached", "runs a command of the shell"),
    (1, "SELECT (1 \\! touch reached\n);", "runs a command of the shell"),
    (1, "tee reached", "writes into a file"),
    (1, "\\T reached", "writes into a file"),
    (1, "pager touch reached", "runs a program"),
    (1, "use mysql", "leaves its database"),
    (1, "/* as dumped */ USE`mysql`;", "leaves its database"),
    (1, "\\u mysql", "leaves its database"),
    (1, "connect mysql", "connects anew"),
    (1, "\\r mysql", "connects anew"),
    (1, "SELECT 1; exit", "ends the script"),
    (1, "SELECT 1 \\c", "drops the statement"),
    (1, "SELECT 1 \\p", "is not known to stay"),
    (2, "DELIMITER //\nSELECT ';' // USE mysql //", "leaves its database"),
    (1, "/*!50000 SELECT 1 */; \\! touch reached", "runs a command of the shell"),
    (1, "/*!50000 SELECT \\! touch reached\n */;", "runs a command of the shell"),
    (3, "# \\! a\n-- \\! b\n\\! touch reached", "runs a command of the shell"),
    (1, "SELECT 1 --\\! touch reached", "runs a command of the shell"),
    (1, "SELECT 'it''s \\' \\o' \\! touch reached\n;", "runs a command of the shell"),
    (1, "SELECT * FROM users INTO OUTFILE '/tmp/reached';", "writes a file of the server"),
    (1, "SET GLOBAL max_connections = 1;", "the whole server"),
    (1, "SET @@GLOBAL.max_connections = 1;", "the whole server"),
    (1, "SET PASSWORD = 'x';", "the whole server"),
    (1, "GRANT ALL ON *.* TO x;", "the whole server"),
    (1, "CREATE USER IF NOT EXISTS x;", "the whole server"),
    (1, "CREATE OR REPLACE ROLE x;", "the whole server"),
    (1, "CREATE DATABASE other;", "the whole server"),
    (1, "FLUSH TABLES;", "the whole server"),
    (1, "SELECT 'never ends", "does not end"),
    (1, "/* SELECT 1;", "does not end"),
    (1, "/*!40101 SET GLOBAL max_connections=77 */; SELECT 1;", "the whole server"),
    (1, "/*!50000 USE other */; UPDATE t SET v = 9;", "leaves its database"),
    (1, "/*M!100100 USE x*/;", "leaves its database"),
    (1, "/*!50000 GRANT ALL ON *.* TO x */;", "the whole server"),
    (1, "/*!50000 DROP DATABASE app*/;", "the whole server"),
    (1, "SELECT * FROM t INTO /*!50000 outfile*/ '/tmp/reached';", "writes a file of the server"),
    (1, "CREATE PROCEDURE p() DROP DATABASE app; CALL p();", "the whole server"),
    (1, "CREATE PROCEDURE p(IN start INT) COMMENT 'x' DROP DATABASE app;", "the whole server"),
    (2, "DELIMITER //\nCREATE PROCEDURE p() BEGIN DROP DATABASE app; END //", "whole server"),
    (3, "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1;\nDROP USER x; END$$", "whole server"),
    (3, "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\nUSE other$$", "leaves"),
    (2, "DELIMITER x//\nSELECT 1 FROM ax//USE other x//", "leaves its database"),
    (2, "DELIMITER $$\nSELECT " + "a" * 255 + "$$USE other$$", "leaves its database"),
    (2, "DELIMITER //\nBEGIN NOT ATOMIC DROP DATABASE app; END //", "the whole server"),
    (2, "DELIMITER //\nIF CASE WHEN a THEN b ELSE c END THEN DROP DATABASE app; END IF//", "whole"),
    (2, "DELIMITER //\nIF a THEN SELECT 1; ELSE DROP DATABASE app; END IF//", "the whole server"),
    (2, "DELIMITER //\nIF EXISTS (SELECT 1 FOR UPDATE) THEN FLUSH TABLES; END IF//", "whole"),
    (2, "DELIMITER //\nBEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR 1062 DROP USER x; END//", "whole"),
    (1, "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DROP DATABASE app;", "the whole server"),
    (1, "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW SET GLOBAL x = 1;", "the whole server"),
    (1, "SET x = CASE WHEN a THEN 1 ELSE 2 END, GLOBAL y = 1;", "the whole server"),
    (1, "SET STATEMENT x=1 FOR DROP DATABASE app;", "the whole server"),
    (1, "PREPARE s FROM 'DROP DATABASE app'; EXECUTE s;", "known only then"),
    (1, "EXECUTE IMMEDIATE 'DROP DATABASE app';", "known only then"),
    (1, "CREATE DEFINER=`a`@`b` USER x;", "the whole server"),
    (1, "CREATE FUNCTION f RETURNS INTEGER SONAME 'f.so';", "the whole server"),
    (1, "UPDATE other/**/.t SET v=9;", "names the database other"),
    (1, "UPDATE `OTHER` . t SET v=9;", "names the database OTHER"),
    (1, 'RENAME TABLE users TO "shop"/**/.users2;', "names the database shop"),
    (1, "DROP TABLE `odd``name`.t;", "names the database odd`name"),
    (1, "UPDATE 2024data.t SET v=9;", "names the database 2024data"),
    (1, "SELECT `a\\` FROM x;", "clients do not agree"),
    (1, "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\\'; SELECT '';", "backslash means"),
]

STAYS_IN_MYSQL = """\
ALTER TABLE users ADD COLUMN source VARCHAR(20) DEFAULT 'C:\\\\temp\\\\!'; -- \\! no
CREATE TABLE system (
  source INT,
  `use` INT, -- use mysql
  user INT);
SELECT \\N, "\\! \\" use x" /* \\! */ # \\u x
\\G
DELIMITER //
CREATE PROCEDURE p() BEGIN SELECT 1; USE_IT: LOOP LEAVE USE_IT; END LOOP; END //
DELIMITER ;
SELECT * FROM users USE INDEX (users_email); SET @password = 1, SESSION sql_notes = 0;
ALTER TABLE users DROP COLUMN role; CREATE TABLE role (user INT);
/*!40101 SET NAMES utf8 */;
INSERT INTO users (email) VALUES ('me@sys.com'), ('shop.x'), (1.5); -- other.t
SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE();
SELECT CASE WHEN id = 1 THEN backup ELSE clone END FROM users FOR UPDATE;
ALTER TABLE users ADD event INT, CHANGE a b INT;
DELIMITER //
CREATE PROCEDURE migrate(IN backup INT) BEGIN
  IF NOT EXISTS (SELECT 1 FROM users) THEN ALTER TABLE users CHANGE a b INT; END IF;
  UPDATE users SET email = 'DROP DATABASE app'; SET @other.x = 1;
END //
DELIMITER ;
"""
DATABASES = ("information_schema", "sys", "shop", "other", "odd`name", "2024data")


def checked(text: str, engine: str, modes: str = "STRICT_TRANS_TABLES") -> str:
    """Return what is said of a script, '' where it passes."""
    script = Script(Path("change.sql"), text)
    try:
        if engine == "psql":
            postgresql.check(script)
        else:
            mysql.check(script, modes, DATABASES)
    except RefusedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("engine", "line", "text", "why"),
    [("psql", *each) for each in LEAVES_PSQL] + [("mysql", *each) for each in LEAVES_MYSQL],
)
def test_a_script_that_leaves_is_refused(engine: str, line: int, text: str, why: str) -> None:
    said = checked(text, engine)
    assert said.startswith(f"change.sql, line {line}: ")
    assert why in said


@pytest.mark.parametrize(("engine", "text"), [("psql", STAYS_IN_PSQL), ("mysql", STAYS_IN_MYSQL)])
def test_a_script_that_stays_passes(engine: str, text: str) -> None:
    assert checked(text, engine) == ""


def test_a_backslash_means_what_the_mode_of_the_server_says() -> None:
    text = "SELECT 'a\\'; \\! touch reached\n'';"
    assert "backslash means" in checked(text, "mysql", "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES")
    assert checked("SELECT 'a';", "mysql", "NO_BACKSLASH_ESCAPES") == ""


@pytest.mark.parametrize("engine", ["psql", "mysql"])
@pytest.mark.parametrize(
    "text",
    ["(" * 100_000 + ")" * 100_000, "/*" * 50_000, "'a' " * 50_000, "SELECT 1;\n" * 50_000,
     "E'" + "\\'" * 100_000, "COPY t FROM STDIN;\n" + "1\n" * 100_000, "$a" * 100_000,
     "DELIMITER $$\n" + "a$$" * 100_000, "`" + "``" * 100_000, "DO 'COPY' " + "'TO' " * 50_000],
    ids=["parentheses", "comments", "strings", "statements", "escapes", "data", "dollars",
         "delimiters", "backquotes", "bodies"],
)  # fmt: skip
def test_hostile_texts_come_to_an_end(engine: str, text: str) -> None:
    assert sys.getrecursionlimit() < 100_000
    with comes_to_an_end():
        checked(text, engine)
