"""SQLite, through the standard library's own."""
