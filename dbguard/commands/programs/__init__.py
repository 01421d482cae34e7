"""The tables: what each program does, one module for each family, as ``ENTRIES``.

Add a program by adding an entry to the family it belongs to; a new family is a new
module. The form of an entry is described in :mod:`dbguard.commands.entry`.
"""
