"""How long the soak lasts: `SOAK=slice`, a fixed part in some three minutes, or `SOAK=full`."""

import os

import pytest

from tests.cli.conftest import script

__all__ = ["script"]

FULL = os.environ.get("SOAK", "slice") == "full"


def rounds(of_slice: int, of_full: int) -> int:
    return of_full if FULL else of_slice


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "soak" in item.path.parts:
            item.add_marker(pytest.mark.soak)
            if FULL:
                item.add_marker(pytest.mark.timeout(0))
