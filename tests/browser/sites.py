"""What the tests of built pages share: addresses, watching a page, reading and moving explorers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
OWN = ("file:", "data:", "blob:", "about:")
READY_MS = 20_000
CODE_WORDS = ".highlight pre span"


def address_of(file: Path) -> str:
    """The ``file://`` address of a file."""
    return file.resolve().as_uri()


@dataclass
class Watch:
    """What a page asked for and complained of while it was watched.

    Attributes:
        strangers: addresses asked for that are not on this computer.
        missing: own files that could not be loaded.
        complaints: errors in the console and uncaught exceptions.
    """

    strangers: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail if the page asked another host, missed a file or reported an error."""
        assert not self.strangers, f"asked another host: {self.strangers}"
        assert not self.missing, f"could not load: {self.missing}"
        assert not self.complaints, f"errors in the console: {self.complaints}"


def watched(page: Page) -> Watch:
    """Begin to watch ``page``."""
    watch = Watch()

    def note_request(request: Any) -> None:
        if not request.url.startswith(OWN):
            watch.strangers.append(request.url)

    def note_failure(request: Any) -> None:
        if request.url.startswith("file:") and "ERR_ABORTED" not in (request.failure or ""):
            watch.missing.append(f"{request.url} {request.failure}")

    def note_message(message: Any) -> None:
        if message.type == "error":
            watch.complaints.append(message.text)

    page.on("request", note_request)
    page.on("requestfailed", note_failure)
    page.on("console", note_message)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    return watch


def open_ready(page: Page, address: str) -> None:
    """Open a page and wait until each of its explorers has unpacked its states."""
    page.goto(address)
    wait_ready(page)


def wait_ready(page: Page) -> None:
    """Wait until each explorer has unpacked its states; fail if one cannot."""
    page.wait_for_function(
        "[...document.querySelectorAll('figure.explorer')]"
        ".every(figure => figure.dataset.ready || figure.dataset.failed)",
        timeout=READY_MS,
    )
    assert page.locator("figure.explorer[data-failed]").all_inner_texts() == []


def explorer(page: Page, anchor: str) -> Locator:
    """The explorer with this id."""
    return page.locator(f"figure.explorer#{anchor}")


def painted(page: Page) -> None:
    """Wait for two frames and for animations to end, so that what an event asked for is there."""
    page.evaluate(
        """async () => {
          const frame = () => new Promise(done => requestAnimationFrame(done));
          await frame(); await frame();
          await Promise.allSettled(document.getAnimations().map(each => each.finished));
        }"""
    )


def shown(figure: Locator) -> dict[str, Any]:
    """What an explorer shows: sentence, text alternative, state, printed values, picture."""
    return figure.evaluate(
        """figure => ({
          sentence: figure.querySelector('.explorer-sentence').textContent,
          alternative: figure.querySelector('.explorer-picture svg').getAttribute('aria-label'),
          role: figure.querySelector('.explorer-picture svg').getAttribute('role'),
          picture: figure.querySelector('.explorer-picture').innerHTML,
          values: [...figure.querySelectorAll('[data-control]')].map(each => Number(each.value)),
          printed: [...figure.querySelectorAll('output')].map(output => output.textContent),
          spoken: [...figure.querySelectorAll('[data-control]')].map(control =>
            control.type === 'range' ? control.getAttribute('aria-valuetext')
                                     : control.selectedOptions[0].textContent),
        })"""
    )


SAME_PICTURE = """([figure, svg, sentence]) => {
  const template = document.createElement('template');
  template.innerHTML = svg;
  const wanted = template.content.firstElementChild;
  wanted.setAttribute('role', 'img');
  wanted.setAttribute('aria-label', sentence);
  const found = figure.querySelector('.explorer-picture').firstElementChild;
  const strip = element => {
    const copy = element.cloneNode(true);
    copy.removeAttribute('role');
    copy.removeAttribute('aria-label');
    return copy.outerHTML;
  };
  return strip(found) === strip(wanted) && found.getAttribute('aria-label') === sentence
    && found.getAttribute('role') === 'img';
}"""


def shows_state(figure: Locator, svg: str, sentence: str) -> bool:
    """Tell whether an explorer shows exactly this picture with this sentence."""
    same = figure.page.evaluate(SAME_PICTURE, [figure.element_handle(), svg, sentence])
    return same and shown(figure)["sentence"] == sentence


def position_of(shown_values: dict[str, list[str]], chosen: list[int]) -> int:
    """Place of a state among all states: the last control changes fastest."""
    place = 0
    for values, each in zip(shown_values.values(), chosen, strict=True):
        place = place * len(values) + each
    return place
