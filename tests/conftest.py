"""What every test may ask for, and what the head of a test run says about this computer."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"


def pytest_report_header() -> list[str]:
    rscript = shutil.which("Rscript")
    if rscript:
        oracle = f"R: {rscript}, scripts run afresh and compared with the stored results"
    elif os.environ.get("CI"):
        oracle = "R: not found, which is a failure where CI is set"
    else:
        oracle = "R: not found, stored results compared"
    named = os.environ.get("CHROMIUM") or shutil.which("chromium") or "looked for when needed"
    return [oracle, f"Chromium: {named}"]


@pytest.fixture(scope="session")
def built_site() -> Path:
    """The folder of the built book."""
    if not (HTML / "book" / "index.html").is_file():
        pytest.fail(f"There is no built book in {HTML}: run make book first.", pytrace=False)
    return HTML


@pytest.fixture
def live_notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Explorers and figures behave as in a live notebook, not as in a build."""
    monkeypatch.delenv("INOBOOK_BUILD", raising=False)
    yield


@pytest.fixture
def book_build(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Explorers and figures behave as while the book is being built."""
    monkeypatch.setenv("INOBOOK_BUILD", "1")
    yield
