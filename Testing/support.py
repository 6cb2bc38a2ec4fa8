"""What several test files share: the reference data beside the project and its oracles."""

from __future__ import annotations

import json
import signal
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data beside the project are absent")


@cache
def oracle_table() -> dict[str, list[dict]]:
    """All published and computed reference values by group; empty where the reference data are absent."""
    path = SHARED / "science" / "vectors.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def oracles(group: str) -> list:
    """The reference cases of one group as pytest parameters; one skipped parameter where they are absent."""
    cases = oracle_table().get(group)
    if not cases:
        return [pytest.param(None, marks=pytest.mark.skip(reason="the reference data beside the project are absent"))]
    return [pytest.param(case, id=case["name"]) for case in cases]


def heed_ctrl_c() -> None:
    """To be called in a new process: what a shell starts in the background ignores Ctrl-C, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
