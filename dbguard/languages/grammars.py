"""tree-sitter and its grammars, without what their packages load besides.

The package ``tree_sitter`` imports ``typing`` for one protocol (3 ms, a fifth of a bare
interpreter's start); one such as ``tree_sitter_python`` imports ``importlib.resources``, and
with it ``inspect`` and ``tempfile``, to find queries nobody asks for: longer than the grammar
takes itself. Their extension modules are loaded on their own here.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from tree_sitter import Language, Node, Parser, Point, Query, QueryCursor, Tree


def _binding(package: str) -> ModuleType:
    """Return the extension module of a package, or where there is none the package itself."""
    name = f"{package}._binding"
    if name in sys.modules:
        return sys.modules[name]
    found = PathFinder.find_spec(package)
    places = found.submodule_search_locations if found is not None else None
    spec = PathFinder.find_spec(name, places) if places else None
    if spec is None or spec.loader is None:
        # Installed in a way of its own (in an archive, say): at the price named above.
        return import_module(package)
    module = module_from_spec(spec)
    # Under its name: were the package imported later on, its types must be these.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if not TYPE_CHECKING:
    _tree_sitter = _binding("tree_sitter")
    Language, Node, Parser = _tree_sitter.Language, _tree_sitter.Node, _tree_sitter.Parser
    Point, Tree = _tree_sitter.Point, _tree_sitter.Tree
    Query, QueryCursor = _tree_sitter.Query, _tree_sitter.QueryCursor

__all__ = ["Language", "Node", "Parser", "Point", "Query", "QueryCursor", "Tree", "grammar"]


def grammar(package: str) -> Language:
    """Return the language of a package that binds a grammar, such as "tree_sitter_bash"."""
    return Language(_binding(package).language())
