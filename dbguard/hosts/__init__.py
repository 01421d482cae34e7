"""Kinds of files that carry another language: one module each, with the interface of a language.

A host's ``lower(region)`` reads its own format, exactly and with positions, and returns
flows whose :class:`~dbguard.flow.Embed` nodes hold what the file carries. It knows
neither rules nor what the carried text does.
"""
