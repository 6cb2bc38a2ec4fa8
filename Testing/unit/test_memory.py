"""How much memory there is: the system's answer, bounded by that of a container."""

import math
import os

import pytest

from hepadose import memory
from hepadose.memory import Memory, container_memory, memory_now
from hepadose.setup.machine import look_at_machine


def write_container(folder, limit, used, reclaimable):
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {reclaimable}\nactive_file 7\n")
    return folder


def test_a_container_may_use_what_is_left_of_its_limit_and_cached_files_make_way(tmp_path):
    found = container_memory(write_container(tmp_path, 1000, 700, 200))
    assert found == Memory(1000.0, 500.0)
    assert container_memory(write_container(tmp_path, 1000, 1300, 100)).available_bytes == 0.0


@pytest.mark.parametrize("limit", ["max", None], ids=["without limit", "none"])
def test_outside_of_a_limited_container_nothing_is_known_of_one(limit, tmp_path):
    if limit:
        write_container(tmp_path, limit, 1, 1)
    found = container_memory(tmp_path)
    assert math.isnan(found.total_bytes) and math.isnan(found.available_bytes)


def test_the_smaller_of_system_and_container_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    (tmp_path / "meminfo").write_text("MemTotal: 4000 kB\nMemAvailable: 2000 kB\n")
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    assert memory_now().available_bytes == 2000 * 1024
    write_container(tmp_path, 3_000_000, 2_000_000, 0)
    assert memory_now() == Memory(3e6, 1e6)


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="asks the system another way")
def test_the_check_of_the_computer_and_the_engine_are_told_the_same():
    machine, now = look_at_machine(), memory_now()
    assert machine.memory_gb == pytest.approx(now.total_bytes / 1e9)
    assert 0 < machine.available_gb <= machine.memory_gb
    assert machine.available_gb == pytest.approx(now.available_bytes / 1e9, rel=0.3)
