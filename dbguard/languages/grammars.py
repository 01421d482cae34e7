"""The grammars of tree-sitter, without what their packages load besides.

A package such as ``tree_sitter_python`` imports ``importlib.resources``, and with it
``inspect`` and ``tempfile``, to find queries nobody asks for: longer than the grammar takes
itself. Its extension module is loaded on its own here.
"""

from __future__ import annotations

from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec

from tree_sitter import Language


def grammar(package: str) -> Language:
    """Return the language of a package that binds a grammar, such as "tree_sitter_bash"."""
    found = find_spec(package)
    places = found.submodule_search_locations if found is not None else None
    spec = PathFinder.find_spec(f"{package}._binding", places) if places else None
    if spec is None or spec.loader is None:
        # Installed in a way of its own (in an archive, say): at the price named above.
        return Language(import_module(package).language())
    binding = module_from_spec(spec)
    spec.loader.exec_module(binding)
    return Language(binding.language())
