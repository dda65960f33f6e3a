"""The two benchmarks run, at a small size, and report what they promise."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_aggregation_at_a_small_size(capsys: pytest.CaptureFixture[str]) -> None:
    result = load("aggregation").measure(20_000)
    assert result["ratings"] == 20_000
    assert result["items"] == 2_000
    assert 0 < result["build_seconds"] < 60
    assert result["peak_gb"] > 0
    # Random labels agree no more than chance.
    assert abs(result["alpha"]) < 0.02


def test_alpha_is_equal_and_not_slower(released: Callable[[str], Path]) -> None:
    module = load("krippendorff_alpha")
    released(module.VOTES)
    result = module.main()
    assert result["items"] == 22_326
    for level in ("nominal", "ordinal", "interval"):
        assert result[level]["equal"]
        assert result[level]["times_faster"] >= 1


def test_alpha_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_DATA", str(tmp_path))
    assert "skipped" in load("krippendorff_alpha").main()
