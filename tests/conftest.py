"""What every test may ask for, and what the head of a test run says about this computer."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
RUN_CELLS = {"tests/test_chapters.py", "tests/test_oracle.py"}


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


class ChapterByChapter(LoadScopeScheduling):
    """Tests that run a chapter's cells go to one process, which then runs them once.

    All other tests of a file stay together.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if file.startswith("tests/sentences/"):
            return Path(file).stem.removeprefix("test_")
        runs_cells = file in RUN_CELLS and not test.startswith("test_r_")
        chapter = re.search(r"\[(?:\w+/)?(\w+)", test)
        return chapter[1] if runs_cells and chapter else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ChapterByChapter:
    return ChapterByChapter(config, log)


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
