"""One browser for all tests of the built pages, cut off from the network, and its bookkeeping."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import chapters
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from chromium import LAUNCH_OPTIONS, find_or_install
from pages_html import PackedExplorer, explorers_of, file_of
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sites import CODE_WORDS, DESKTOP, Watch, address_of, watched


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(find_or_install()), args=list(LAUNCH_OPTIONS)
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> Axe:
    """axe-core, all rules; words of code are left out of one, which `contrasts_of_code` checks.

    The rule for contrast looks up the background of each of a page's several thousand words of
    code by itself, which takes longer than everything else in the browser together.
    """
    selector = f"*:not({CODE_WORDS})"
    rule = json.dumps({"rules": [{"id": "color-contrast", "selector": selector}]})
    return Axe(f"{AXE_SCRIPT};axe.configure({rule})")


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window's worth of browser: no network, desktop size, light."""
    opened = browser.new_context(offline=True, viewport=DESKTOP, color_scheme="light")
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A fresh page, which fails its test if it asked another host or reported an error."""
    opened = context.new_page()
    watch = watched(opened)
    yield opened
    opened.close()
    watch.check()


@pytest.fixture
def watch_over() -> Iterator[Callable[[Page], Watch]]:
    """Watch pages that a test opens by itself; they are judged when the test ends."""
    kept: list[Watch] = []

    def start(opened: Page) -> Watch:
        kept.append(watched(opened))
        return kept[-1]

    yield start
    for each in kept:
        each.check()


@pytest.fixture(scope="session")
def payload(built_site: Path) -> Callable[[str], list[PackedExplorer]]:
    """The explorers of a built page as they stand in its HTML, by the page's name."""
    return lambda name: explorers_of(file_of(built_site, name))


@pytest.fixture(scope="session")
def address(built_site: Path) -> Callable[[str], str]:
    """The address of a page of the book, by its name in the table of contents."""
    return lambda name: address_of(file_of(built_site, name))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``page_name`` runs over all pages, ``chapter_name`` over those with explorers."""
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", chapters.pages())
    if "chapter_name" in metafunc.fixturenames:
        with_explorers = [n for n in chapters.chapters() if "@explore(" in chapters.source(n)]
        metafunc.parametrize("chapter_name", with_explorers)
