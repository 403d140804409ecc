"""Every built page: quiet, self-contained, linked soundly, readable on a phone and in the dark."""

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import chapters
import pytest
from pages_html import Element, elements, file_of
from sites import PHONE, address_of, open_ready

SHORTEST_ALT = 40
SETTLE_MS = 300
TEXT_CONTRAST, LINE_CONTRAST = 4.5, 3.0
GENERATED = ("index.html", "search.html")
A_FILE_PATH = re.compile(r"\S*[/\\]?\S+\.(?:png|svg|jpe?g|gif|webp)", re.IGNORECASE)

CONTRASTS = """() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const rgba = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = value => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba(getComputedStyle(document.body).backgroundColor);
  };
  const contrast = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const pictures = document.querySelectorAll('.book-figure svg, .explorer-picture svg');
  const texts = [], lines = [];
  for (const picture of pictures) {
    const behind = ground(picture);
    for (const text of picture.querySelectorAll('text')) {
      texts.push({ what: text.textContent,
                   contrast: contrast(rgba(getComputedStyle(text).fill), behind) });
    }
    const names = ['ink', 'muted', 'inotuzumab', 'chemotherapy', 'accent', 'highlight', 'wrong'];
    for (const name of names) {
      const colour = getComputedStyle(picture).getPropertyValue(`--figure-${name}`);
      lines.push({ what: name, contrast: contrast(rgba(colour), behind) });
    }
  }
  return { texts, lines };
}"""


def all_files(site: Path) -> list[Path]:
    return [site / name for name in GENERATED] + [
        site / "book" / f"{name}.html" for name in chapters.pages()
    ]


@lru_cache
def read(file: Path) -> tuple[Element, ...]:
    return tuple(elements(file.read_text(encoding="utf-8")))


@lru_cache
def anchors(file: Path) -> frozenset[str]:
    return frozenset(
        each.attributes[name]
        for each in read(file)
        for name in ("id", "name")
        if each.attributes.get(name)
    )


def test_built_pages_are_those_of_the_table_of_contents(built_site):
    built = {str(file.relative_to(built_site)) for file in built_site.rglob("*.html")}
    wanted = {file.relative_to(built_site).as_posix() for file in all_files(built_site)}
    assert wanted <= {name.replace("\\", "/") for name in built}
    left_over = {name for name in built - wanted if not name.startswith(("_static", "genindex"))}
    assert left_over == set()


# --- in the browser ----------------------------------------------------------------------


def test_page_is_quiet_and_asks_nobody(page, address, page_name):
    """The page fixture fails on console errors, missing files and requests to other hosts."""
    open_ready(page, address(page_name))
    page.wait_for_load_state("load")
    page.wait_for_timeout(SETTLE_MS)
    assert page.title().strip()
    assert page.evaluate("document.documentElement.lang").startswith("en")


@pytest.mark.parametrize("name", GENERATED)
def test_generated_page_is_quiet_and_asks_nobody(page, built_site, name):
    page.goto(address_of(built_site / name))
    page.wait_for_load_state("load")
    page.wait_for_timeout(SETTLE_MS)
    assert page.evaluate("document.documentElement.lang").startswith("en")


def test_search_finds_a_chapter(page, built_site):
    page.goto(f"{address_of(built_site / 'search.html')}?q=Greenwood")
    found = page.locator("#search-results li a").first
    found.wait_for(timeout=15_000)
    assert "overall_survival" in page.locator("#search-results").inner_html()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_stand_out_from_their_ground(browser, address, chapter_name, watch_over, scheme):
    context = browser.new_context(offline=True, color_scheme=scheme)
    page = context.new_page()
    watch_over(page)
    open_ready(page, address(chapter_name))
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    measured = page.evaluate(CONTRASTS)
    assert measured["texts"]
    faint = [each for each in measured["texts"] if each["contrast"] < TEXT_CONTRAST]
    assert faint == []
    assert [each for each in measured["lines"] if each["contrast"] < LINE_CONTRAST] == []
    context.close()


def test_page_does_not_scroll_sideways_on_a_phone(browser, address, page_name, watch_over):
    context = browser.new_context(offline=True, viewport=PHONE, is_mobile=True, has_touch=True)
    page = context.new_page()
    watch_over(page)
    open_ready(page, address(page_name))
    width = "document.scrollingElement.scrollWidth"
    assert page.evaluate(width) <= PHONE["width"]
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate(width) <= PHONE["width"], "with everything unfolded"
    context.close()


def test_every_picture_has_a_description_in_words(built_site, page_name):
    found = read(file_of(built_site, page_name))
    pictures = [
        (each.attributes.get("src"), each.attributes.get("alt") or "")
        for each in found
        if each.tag == "img" and each.attributes.get("role") != "presentation"
    ]
    drawings = [
        ("svg", each.attributes.get("aria-label") or "")
        for each in found
        if each.tag == "svg" and each.attributes.get("aria-hidden") != "true"
    ]
    poor = [
        (what, words)
        for what, words in [*pictures, *drawings]
        if len(words) < SHORTEST_ALT or A_FILE_PATH.fullmatch(words)
    ]
    assert poor == []
    drawn = [e for e in found if e.tag == "svg" and e.attributes.get("aria-hidden") != "true"]
    assert all(each.attributes.get("role") == "img" for each in drawn)


# --- links -------------------------------------------------------------------------------


def test_no_identifier_stands_twice_on_a_page(built_site, page_name):
    own = [
        each.attributes["id"]
        for each in read(file_of(built_site, page_name))
        if each.attributes.get("id")
    ]
    assert sorted({each for each in own if own.count(each) > 1}) == []


def test_every_link_within_the_book_leads_somewhere(built_site):
    broken = []
    for file in all_files(built_site):
        for each in read(file):
            for name in ("href", "src"):
                target = each.attributes.get(name)
                if target and each.tag != "base" and (fault := link_fault(file, target)):
                    broken.append(f"{file.relative_to(built_site)}: {target}: {fault}")
    assert broken == []


def link_fault(file: Path, target: str) -> str | None:
    """What is wrong with a link of a page to another place in the book; None for others."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    aimed = (file.parent / unquote(parts.path)).resolve() if parts.path else file.resolve()
    if not aimed.is_file():
        return "no such file"
    if parts.fragment and aimed.suffix == ".html" and unquote(parts.fragment) not in anchors(aimed):
        return "no such place in the page"
    return None


def test_link_faults_are_told_apart(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<p id="here"></p>', encoding="utf-8")
    faults = {
        "#here": None,
        "page.html#here": None,
        "https://example.org/#x": None,
        "mailto:a@b.org": None,
        "#there": "no such place in the page",
        "other.html": "no such file",
        "page.html#there": "no such place in the page",
    }
    assert {target: link_fault(page, target) for target in faults} == faults
