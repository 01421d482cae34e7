"""YAML as plain data: no tags, no anchors, no key twice, nothing that runs or multiplies."""

from __future__ import annotations


class YamlError(Exception):
    """The text is no plain YAML; the message says where."""


def parse(data: bytes) -> object:
    """Return the one document in *data*, None for an empty one. Raises YamlError."""
    try:
        # Imported here: hardly any project needs it.
        import yaml
    except ImportError as error:
        raise YamlError("reading YAML needs the package PyYAML") from error

    class Loader(yaml.SafeLoader):
        """The safe loader, without aliases, and with every key of a mapping once."""

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                line = self.get_mark().line + 1
                raise YamlError(f"line {line}: aliases are not taken")
            return super().compose_node(parent, index)

        def construct_mapping(
            self, node: yaml.MappingNode, deep: bool = False
        ) -> dict[object, object]:
            seen = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise YamlError(f"line {key.start_mark.line + 1}: a key must be a word")
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise YamlError(f"line {line}: the key {key.value!r} stands twice")
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    # As in YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): off and no are words, and
    # so is a date.
    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if not tag.endswith(":timestamp") and (not tag.endswith(":bool") or first in "tTfF")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(data.decode("utf-8"), Loader)  # noqa: S506 (a safe loader, narrowed)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise YamlError(f"not valid YAML: {' '.join(str(error).split())}") from error
