"""YAML mappings with the lines that their keys stand on; refuses what YAML allows and no one means."""

from __future__ import annotations

from typing import Any

import yaml

from clusterbot.errors import CorpusError

MAX_DEPTH = 10  # of lists and mappings in front matter; a ledger needs 3


class _Loader(yaml.CSafeLoader):
    """Safe YAML in which dates stay text, since `2013-05` and `2013-05-06` are both dates to us."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load_mapping(front: str, file: str, first_line: int = 2) -> tuple[yaml.MappingNode, dict[str, Any]]:
    """Read a YAML mapping, as nodes (which know their lines) and as values; its first line is the file's `first_line`.

    Raises:
        CorpusError: it is no such mapping.
    """
    try:
        _refuse_aliases_and_depth(front, file, first_line)
        loader = _Loader(front)
        try:
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                raise CorpusError(file, first_line, "must be `key: value` lines")
            _refuse_duplicate_keys(node, file, first_line)
            return node, loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + first_line if error.problem_mark else first_line
        raise CorpusError(file, line, f"not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = front.encode()[: error.position].count(b"\n") + first_line
        raise CorpusError(file, line, f"not YAML: {error.reason}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise CorpusError(file, first_line, f"not YAML: {error}") from None


def _refuse_aliases_and_depth(front: str, file: str, first_line: int) -> None:
    """An alias (`*name`) can multiply a file a billionfold, and libyaml crashes the process on thousands of brackets."""
    depth = 0
    for event in yaml.parse(front, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + first_line if event.start_mark else first_line
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise CorpusError(file, line, "YAML aliases (&name, *name) are not used here: write the value out")
        if depth > MAX_DEPTH:
            raise CorpusError(file, line, f"lists and mappings nest deeper than {MAX_DEPTH}")


def _refuse_duplicate_keys(root: yaml.Node, file: str, first_line: int) -> None:
    """YAML keeps the last of two equal keys without a word."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if str(key.value) in seen:
                    raise CorpusError(file, key.start_mark.line + first_line, f"{key.value}: stands twice")
                seen.add(str(key.value))
                pending.append(value)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)


def line_of(node: yaml.Node, location: tuple[int | str, ...], first_line: int = 2) -> int:
    """Return the file line of a key, or of the nearest thing around it that exists."""
    line = node.start_mark.line
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line + first_line
