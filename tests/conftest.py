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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that run a chapter's cells go to one process, which then runs them once.

    All other tests of a file stay together, as do the tests that drive a browser.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    file = item.path.relative_to(ROOT)
    if item.path.parent.name == "sentences":
        return file.stem.removeprefix("test_")
    callspec = getattr(item, "callspec", None)
    runs_cells = file.stem in ("test_chapters", "test_oracle") and "afresh" not in item.fixturenames
    if callspec is None or not runs_cells:
        return str(file)
    chapter = callspec.params.get("chapter") or callspec.params.get("name")
    return chapter.rpartition("/")[2]


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
