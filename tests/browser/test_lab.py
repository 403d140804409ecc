"""The notebook side: what ``make lab`` opens, driven as a reader drives it.

JupyterLab runs on a copy of the chapters with settings of its own. A chapter is opened by a double
click, run, and every control of its explorers is moved.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chapters import ROOT, chapters, source
from playwright.sync_api import Locator, Page

START_SECONDS = 90
KERNEL_SECONDS, ANSWER_SECONDS = 180, 10
LAUNCH = """
import sys
from pathlib import Path
from inobook import workbench
checkout, environment, *arguments = sys.argv[1:]
workbench.CHECKOUT = Path(checkout)
settle = workbench.open_chapters_as_notebooks
workbench.open_chapters_as_notebooks = lambda _: settle(Path(environment))
workbench.main(arguments)
"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes:
        address: where it listens.
        token: the word that it asks for.
        folder: the copies that it shows.
    """

    address: str
    token: str
    folder: Path

    def ask(self, path: str, method: str = "GET") -> list[dict]:
        """Ask the server's own interface; return its answer."""
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read().decode()
        return json.loads(text) if text else []

    def end_kernels(self) -> None:
        """End every kernel."""
        for kernel in self.ask("/api/kernels"):
            self.ask(f"/api/kernels/{kernel['id']}", method="DELETE")
        assert self.ask("/api/kernels") == []


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def private_settings(folder: Path) -> dict[str, str]:
    """Environment in which Jupyter reads and writes below ``folder`` only."""
    own = {
        "HOME": folder / "home",
        "IPYTHONDIR": folder / "ipython",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_CONFIG_PATH": folder / "environment" / "etc" / "jupyter",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
    }
    for each in own.values():
        each.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "INOBOOK_BUILD"}
    return {**kept, **{name: str(path) for name, path in own.items()}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the book; its kernels and itself are ended afterwards."""
    folder = tmp_path_factory.mktemp("lab")
    checkout = folder / "checkout"
    shutil.copytree(
        ROOT / "book", checkout / "book", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    port, token = free_port(), secrets.token_hex(16)
    log = folder / "log.txt"
    with log.open("w") as spoken:
        server = subprocess.Popen(
            [
                sys.executable, "-c", LAUNCH, str(checkout), str(folder / "environment"),
                "--no-browser", f"--port={port}", "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={token}", "--allow-root",
                "--LabApp.news_url=None", "--LabApp.check_for_updates_class="
                "jupyterlab.NeverCheckForUpdate",
            ],
            cwd=checkout,
            env=private_settings(folder),
            stdout=spoken,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        running = Lab(f"http://127.0.0.1:{port}", token, checkout / "_build" / "lab" / "book")
        try:
            wait_for(running, server, log)
            yield running
            running.end_kernels()
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_for(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"JupyterLab ended with {server.returncode}:\n{log.read_text()[-3000:]}")
        try:
            lab.ask("/api/kernels")
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start in {START_SECONDS} s:\n{log.read_text()[-3000:]}")


@pytest.fixture
def window(browser, lab: Lab) -> Iterator[Page]:
    """A window that may reach this computer only."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    strangers: list[str] = []

    def only_here(route) -> None:
        if route.request.url.startswith((lab.address, "data:", "blob:")):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    context.route(re.compile(rf"^(?!{re.escape(lab.address)})https?://"), only_here)
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()
    assert strangers == []


def open_by_double_click(window: Page, lab: Lab, *path: str) -> Locator:
    """Open a chapter from the file browser and return its notebook."""
    window.goto(f"{lab.address}/lab?reset&token={lab.token}")
    files = window.locator(".jp-DirListing-content")
    for name in path:
        files.locator(f".jp-DirListing-item[title^='Name: {name}']").dblclick()
    notebook = window.locator(".jp-NotebookPanel:visible")
    notebook.wait_for()
    return notebook


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s in vain for: {what}")
        time.sleep(0.2)


def idle(lab: Lab) -> bool:
    try:
        kernels = lab.ask("/api/kernels")
    except urllib.error.HTTPError:  # while a kernel starts or ends the list may fail
        return False
    return bool(kernels) and all(each["execution_state"] == "idle" for each in kernels)


@pytest.mark.parametrize("chapter", chapters())
def test_chapter_opens_runs_and_its_explorers_answer(window, lab, chapter):
    notebook = open_by_double_click(window, lab, "book", *f"{chapter}.md".split("/"))
    cells = notebook.locator(".jp-Cell")
    wait_until(lambda: cells.count() > 5, 60, "the chapter's cells")
    assert notebook.locator(".jp-CodeCell").count() >= 1
    wait_until(lambda: idle(lab), 60, "the kernel to be idle")

    window.get_by_role("menuitem", name="Run", exact=True).click()
    window.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    wait_until(lambda: not idle(lab), 20, "the cells to begin")
    queued = notebook.locator(".jp-InputArea-prompt", has_text="[*]")
    wait_until(lambda: idle(lab) and queued.count() == 0, KERNEL_SECONDS, "all cells to have run")
    assert notebook.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0

    boxes = notebook.locator(".widget-vbox:has(svg[role=img])")
    wanted = source(chapter).count("@explore(")
    wait_until(lambda: boxes.count() == wanted, 120, f"{wanted} explorers with their pictures")
    for box in boxes.all():
        move_each_control(box)
    lab.end_kernels()


def move_each_control(box: Locator) -> None:
    """Move every control one step, by keyboard or choice; figure and sentence follow."""
    box.scroll_into_view_if_needed()
    said = {figure_and_sentence(box)}
    for handle in box.locator(".noUi-handle").all():
        before, words = handle.get_attribute("aria-valuetext"), sentence(box)
        handle.focus()
        handle.press("ArrowRight")
        if handle.get_attribute("aria-valuetext") == before:
            handle.press("ArrowLeft")
        wait_until(
            lambda handle=handle, before=before: handle.get_attribute("aria-valuetext") != before,
            20,
            "the slider to move",
        )
        settled(box, words)
        said.add(figure_and_sentence(box))
    for choice in box.locator("select").all():
        options = choice.locator("option").all_inner_texts()
        chosen = choice.locator("option:checked").inner_text()
        words = sentence(box)
        choice.select_option(label=next(each for each in options if each != chosen))
        settled(box, words)
        said.add(figure_and_sentence(box))
    assert len(said) > 1, "no control changed figure and sentence"


def settled(box: Locator, words: str) -> None:
    """Wait for another sentence than ``words``, then until sentence and picture come to rest.

    A step need not change the sentence; what does not change in ANSWER_SECONDS is taken as it is.
    """
    end = time.monotonic() + ANSWER_SECONDS
    while sentence(box) == words and time.monotonic() < end:
        box.page.wait_for_timeout(100)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        before = sentence(box)
        box.page.wait_for_timeout(500)
        alternative = box.locator("svg[role=img]").first.get_attribute("aria-label")
        if sentence(box) == before == alternative:
            return
    pytest.fail("the explorer did not come to rest in 20 s")


def sentence(box: Locator) -> str:
    return box.locator("p[aria-live=polite]").first.text_content()


def figure_and_sentence(box: Locator) -> tuple[str, str]:
    """The explorer's picture as text, and its sentence, which is also the picture's alternative."""
    picture, words = box.locator("svg[role=img]").first, sentence(box)
    assert picture.is_visible()
    assert picture.get_attribute("aria-label") == words
    return picture.inner_html(), words


def test_original_chapters_are_untouched(lab):
    """JupyterLab saves what it opens: it must have been the copies."""
    copy = lab.folder / "endpoints" / "overall_survival.md"
    original = lab.folder.parents[2] / "book" / "endpoints" / "overall_survival.md"
    assert copy.is_file()
    assert original.read_bytes() == (ROOT / "book/endpoints/overall_survival.md").read_bytes()
