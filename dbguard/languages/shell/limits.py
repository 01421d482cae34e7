"""How far a script is followed before the rest is left out, and reported."""

DEPTH = 45
"""How deep commands may stand in one another before the rest is left out."""

CALLS = 5
"""How deep functions are followed."""

REPEATED = 20_000
"""How many commands are read again in calls and in the turns of a loop."""

IN_A_TEST = 1_000
"""The same of functions of other files that a test calls: a harness, for each of its cases."""

EVALUATED = 1_000_000
"""How many code points of text are read as commands by eval and trap."""

TURNS = 64
"""How many turns of a loop over known words are told apart."""

MADE = 60_000
"""How many steps of a script are made; so many are not judged (analysis.MAX_OPERATIONS)."""

ALTERNATIVES = 40
"""How many arms of `||` and `elif` stand in one another before they are told one by one."""
