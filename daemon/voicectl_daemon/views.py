"""Which tables a question in SQL may read: the views, and nothing that lies behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BEHIND = "book"
"""The schema of the tables: older results, vectors, what is sealed."""
FUNCTIONS = frozenset({"range", "generate_series", "repeat", "unnest", "json_each", "json_tree"})
"""Table functions that read what they are given. Others take names of tables, or whole queries."""


def forbidden(node: Any) -> Iterator[str]:
    """Yield the names of what a query, as DuckDB's `json_serialize_sql` tells it, may not read."""
    if isinstance(node, dict):
        if node.get("error") is True:
            yield "this kind of SELECT"  # that cannot be told what it reads
        places = (node.get("schema_name"), node.get("catalog_name"))
        if any(isinstance(place, str) and place.casefold() == BEHIND for place in places):
            yield f"'{BEHIND}.{node.get('table_name', '')}'"
        function = node.get("function") if node.get("type") == "TABLE_FUNCTION" else None
        if function and function["function_name"].casefold() not in FUNCTIONS:
            yield f"{function['function_name']}()"
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from forbidden(inner)
