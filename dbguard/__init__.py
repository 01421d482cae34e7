"""dbguard: a static guard against accidental destruction of databases."""

__version__ = "0.1.0"
