"""The protocol on real databases: inspect, back up, compare, restore, migrate.

The scan reads code and never opens a database; everything that does is in this package,
and nothing of it is imported by the scan. Each engine is a module of its own
(:mod:`.sqlite`, :mod:`.postgresql`, :mod:`.mysql`) behind :mod:`.engine`.
"""
