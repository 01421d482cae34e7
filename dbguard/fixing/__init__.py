"""``dbguard fix``: repairs are offered, done in memory, scanned, and only then shown."""
