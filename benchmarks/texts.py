"""The files the benchmarks make for themselves: without a hit, with one, with thousands."""

from __future__ import annotations

PYTHON_WITHOUT_HIT = (
    '"""Areas of circles."""\n\nimport math\n\n\n'
    + "".join(
        f"def area_{number}(radius: float) -> float:\n"
        f'    """Return the area of a circle, and {number} more."""\n'
        f"    return math.pi * radius**2 + {number}\n\n\n"
        for number in range(39)
    )
).rstrip("\n") + "\n"
"""200 lines as most files are."""

PYTHON_WITH_HIT = PYTHON_WITHOUT_HIT + '\n\nimport os\n\nos.remove("app.db")\n'


def python(hits: int) -> str:
    """Return a script of ten lines for each hit."""
    block = (
        'total = {n}\ncursor.execute("DROP TABLE users_{n}")\nif total > 4:\n    print(total)\n'
        "for step in range(3):\n    total += step\nif total == {n}:\n    total = 0\nprint(total)\n\n"
    )
    head = 'import sqlite3\nconnection = sqlite3.connect("app.db")\ncursor = connection.cursor()\n'
    return head + "".join(block.format(n=number) for number in range(hits))


def shell(hits: int) -> str:
    """Return a script of ten lines for each hit."""
    block = (
        "echo step {n}\nif [ -f data/app_{n}.db ]; then\n  rm data/app_{n}.db\nfi\n"
        'for name in a b c; do\n  echo "$name"\ndone\nmkdir -p out/{n}\ncd .\ntrue\n'
    )
    return "#!/bin/bash\nset -e\n" + "".join(block.format(n=number) for number in range(hits))


def sql(hits: int) -> str:
    """Return DDL as a schema tool writes it: some 500 bytes and one hit for each table."""
    block = """\
CREATE TABLE orders_{n} (
    id bigint NOT NULL PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    name varchar(200) NOT NULL DEFAULT 'unnamed',
    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
    created_at timestamp NOT NULL DEFAULT now()
);
CREATE INDEX orders_{n}_name ON orders_{n} (name, created_at);
ALTER TABLE orders_{n} ADD COLUMN note text;
COMMENT ON TABLE orders_{n} IS 'what customers bought';
DROP TABLE old_orders_{n};

"""
    return "".join(block.format(n=number) for number in range(hits))
