"""Measure the book and write the numbers into BENCHMARKS.md, between its two markers.

Run it on a quiet machine: ``.venv/bin/python tests/benchmarks.py``. It builds into a temporary
folder and leaves ``_build`` alone. With ``--data`` it also times the drawing of the synthetic
patients, which takes minutes.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

import chapters  # noqa: E402
from chromium import LAUNCH_OPTIONS, find_or_install  # noqa: E402
from inobook import figures  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from sites import DESKTOP, address_of, open_ready  # noqa: E402
from timings import GOAL_MS, MOVES, percentile, response_times  # noqa: E402
from tqdm import tqdm  # noqa: E402

REPORT = ROOT / "BENCHMARKS.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
COMMAND = "`python tests/benchmarks.py`"


class BenchmarkError(RuntimeError):
    """A step of the measurement failed; the message says which and what it printed."""


@dataclass(frozen=True)
class Measurement:
    """One row of the table.

    Attributes:
        what: what was measured.
        goal: what it should be at most, in words.
        value: what it is, in words.
        met: whether the goal is met; None where there is no goal.
    """

    what: str
    goal: str
    value: str
    met: bool | None

    @property
    def row(self) -> str:
        """The measurement as a row of a Markdown table."""
        verdict = {True: "yes", False: "**no**", None: "–"}[self.met]
        return f"| {self.what} | {self.goal} | {self.value} | {verdict} |"


def seconds_of(command: list[str]) -> float:
    """Run ``command`` from the root of the book and return how long it took.

    Raises:
        BenchmarkError: it failed; the message holds the end of what it printed.
    """
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if ran.returncode:
        raise BenchmarkError(f"{' '.join(command)} failed:\n{(ran.stdout + ran.stderr)[-3000:]}")
    return taken


def build_seconds(folder: Path) -> float:
    """Build the book into ``folder`` and return how long it took."""
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    command = [jupyter_book, "build", ".", "-W", "-n", "--keep-going"]
    return seconds_of([*command, "--path-output", str(folder)])


def measure_builds(folder: Path) -> list[Measurement]:
    """Build twice, the second time with nothing changed, and weigh the pages."""
    clean, unchanged = build_seconds(folder), build_seconds(folder)
    totals = json.loads((folder / "_build" / "summary.json").read_text(encoding="utf-8"))
    weight = totals["heaviest_page_bytes"] / 1e6
    page = totals["heaviest_page"]
    name = f"clean build of {totals['chapters']} chapters, environment ready"
    return [
        Measurement(name, "300 s", f"{clean:.0f} s", clean <= 300),
        Measurement("unchanged rebuild", "10 s", f"{unchanged:.1f} s", unchanged <= 10),
        Measurement("heaviest page", "1.5 MB", f"{weight:.2f} MB (`{page}`)", weight <= 1.5),
    ]


def measure_sliders(site: Path) -> tuple[list[Measurement], str]:
    """Time the explorers of all chapters in a browser; also return the browser's version."""
    times: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_or_install()), args=list(LAUNCH_OPTIONS)
        )
        page = browser.new_context(offline=True, viewport=DESKTOP).new_page()
        for name in chapters.chapters():
            open_ready(page, address_of(site / "book" / f"{name}.html"))
            for figure in page.locator("figure.explorer").all():
                figure.scroll_into_view_if_needed()
                times += response_times(page, figure.get_attribute("id"))
        version = browser.version
        browser.close()
    middle, slow = percentile(times, 50), percentile(times, 95)
    goal, met = f"{GOAL_MS:g} ms", slow <= GOAL_MS
    what = f"control to painted figure, {len(times)} moves ({MOVES} an explorer)"
    return [
        Measurement(f"{what}, median", "none", f"{middle:.0f} ms", None),
        Measurement(f"{what}, 95th percentile", goal, f"{slow:.0f} ms", met),
    ], version


def measure_states() -> list[Measurement]:
    """Draw every state of every explorer as the build does."""
    rows = []
    os.environ[figures.BUILD_VARIABLE] = "1"
    for chapter in chapters.chapters():
        for explorer in chapters.explorers(chapter).values():
            states = math.prod(len(control.values) for control in explorer.controls.values())
            start = time.perf_counter()
            explorer.page_html()
            each = 1000 * (time.perf_counter() - start) / states
            what = f"drawing a state of `{explorer.name}` ({states} states)"
            rows.append(Measurement(what, "50 ms", f"{each:.0f} ms", each <= 50))
    return rows


def measure_data(folder: Path) -> list[Measurement]:
    """Draw the synthetic patients anew, into ``folder``."""
    taken = seconds_of([sys.executable, "-m", "inobook.synthesis", "--output", str(folder)])
    return [Measurement("drawing all synthetic patients", "none", f"{taken / 60:.1f} min", None)]


def report(measurements: list[Measurement], browser_version: str) -> str:
    """The part of BENCHMARKS.md between the markers."""
    machine = (
        f"Measured on {date.today():%-d %B %Y} with {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, Chromium {browser_version.partition('.')[0]} "
        f"without a graphics card, by {COMMAND}."
    )
    head = "| what | goal | measured | goal met |\n| --- | --- | --- | --- |"
    return "\n".join([machine, "", head, *(each.row for each in measurements)])


def with_report(text: str, measured: str) -> str:
    """Return ``text`` with ``measured`` between its markers.

    Raises:
        BenchmarkError: a marker is missing or out of order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BenchmarkError(f"{REPORT.name} needs the lines {BEGIN} and {END}, in this order.")
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"


@contextmanager
def quiet_cells() -> Iterator[None]:
    """Keep what the chapters' cells print from the terminal."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        shown, sys.stdout = sys.stdout, nowhere
        try:
            yield
        finally:
            sys.stdout = shown


def main(arguments: list[str]) -> None:
    """Measure, then write BENCHMARKS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", action="store_true", help="also time the synthetic patients")
    chosen = parser.parse_args(arguments)
    text = REPORT.read_text(encoding="utf-8")
    with_report(text, "")
    with tempfile.TemporaryDirectory() as name, tqdm(total=3 + chosen.data, unit="step") as steps:
        folder = Path(name)
        steps.set_description("two builds")
        measurements = measure_builds(folder)
        steps.update()
        steps.set_description("sliders")
        sliders, version = measure_sliders(folder / "_build" / "html")
        steps.update()
        steps.set_description("states")
        with quiet_cells():
            measurements += sliders + measure_states()
        steps.update()
        if chosen.data:
            steps.set_description("synthetic patients")
            measurements += measure_data(folder)
            steps.update()
    measured = report(measurements, version)
    REPORT.write_text(with_report(text, measured), encoding="utf-8")
    print(measured)


if __name__ == "__main__":
    main(sys.argv[1:])
