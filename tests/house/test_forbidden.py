"""What Sentinel never asks of the broker: to end every order, or to sell whatever is held, at one blow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SENTINEL = Path(__file__).parents[2] / "sentinel"
MODULES = sorted(path for path in SENTINEL.rglob("*.py") if "simulator" not in path.parts)
# alpaca-py's methods for DELETE /v2/orders and DELETE /v2/positions, of all or of one (ALPACA 4.5, 6.8).
SWEEPING = frozenset({"cancel_orders", "close_all_positions", "close_position"})
THE_ONE_DELETE = "self._client.delete(f'/orders/{order_id}')"


def calls_in(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SENTINEL)))
def test_no_module_calls_what_ends_everything(path: Path) -> None:
    assert [ast.unparse(call) for call in calls_in(path) if name_of(call) in SWEEPING] == []


def test_the_only_delete_is_of_one_order_by_its_id() -> None:
    deletes = [ast.unparse(call) for path in MODULES for call in calls_in(path) if name_of(call) == "delete"]
    assert deletes == [THE_ONE_DELETE]


def test_no_request_is_made_beside_the_one_client() -> None:
    """Nothing but the transport may speak HTTP to the broker, so that the rule above is the whole of it."""
    speakers = {
        path.relative_to(SENTINEL).as_posix()
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.partition(".")[0] in ("requests", "alpaca", "httpx", "urllib3", "aiohttp") or name == "http.client"
    }
    assert speakers <= {"broker/transport.py", "commands/embedded_exchange.py"}
