"""No violation of WCAG 2.1 A and AA that axe-core can find, in every dress of every page."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from sites import CODE_WORDS, DESKTOP, PHONE, open_ready, painted

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "resultTypes": ["violations"],
    "preload": False,
}
UNFOLD = "document.querySelectorAll('details').forEach(each => { each.open = true })"


def faults(axe, page, within: str | None = None) -> list[str]:
    """Violations on a page, or in those of its parts that match the selector ``within``."""
    found = axe.run(page, context=within, options=OPTIONS).response["violations"]
    return [
        f"{each['id']} ({each['help']}): {node['target']} {node['html'][:160]}"
        for each in found
        for node in each["nodes"]
    ]


PAIRS_OF_COLOURS = """selector => {
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const found = new Map();
  for (const word of document.querySelectorAll(selector)) {
    const own = [...word.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !word.getClientRects().length) continue;
    const style = getComputedStyle(word), layers = [];
    let plain = style.textShadow === 'none' && style.color.startsWith('rgb');
    for (let box = word; box; box = box.parentElement) {
      const around = getComputedStyle(box), [r, g, b, alpha = 1] = channels(around.backgroundColor);
      plain &&= around.opacity === '1' && around.backgroundColor.startsWith('rgb')
        && around.backgroundImage === 'none'
        && around.filter === 'none' && around.mixBlendMode === 'normal';
      if (alpha > 0) layers.push([r, g, b, alpha]);
      if (alpha === 1) break;
    }
    const pair = {text: channels(style.color), layers, plain};
    found.set(JSON.stringify(pair), {...pair, word: word.textContent.trim().slice(0, 40)});
  }
  return [...found.values()];
}"""
LEAST_CONTRAST = 4.5  # WCAG 2.1, 1.4.3, for text of ordinary size; large text would need only 3


def luminance(colour: list[float]) -> float:
    """Relative luminance of red, green and blue in 0..255 (WCAG 2.1, definition)."""
    parts = [each / 255 for each in colour[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def over(upper: list[float], lower: list[float]) -> list[float]:
    """The colour seen when ``upper`` (with alpha) lies on the opaque ``lower``."""
    alpha = upper[3] if len(upper) > 3 else 1
    return [alpha * u + (1 - alpha) * low for u, low in zip(upper[:3], lower[:3], strict=True)]


def contrasts_of_code(page) -> dict[str, float]:
    """Contrast of every pair of colours in which a word of code is painted, with such a word."""
    contrasts = {}
    for pair in page.evaluate(PAIRS_OF_COLOURS, CODE_WORDS):
        assert pair["plain"], f"the background of {pair['word']!r} is not one plain colour"
        ground = [255.0, 255.0, 255.0]
        for layer in reversed(pair["layers"]):
            ground = over(layer, ground)
        dark, bright = sorted((luminance(over(pair["text"], ground)), luminance(ground)))
        contrasts[f"{pair['word']} {pair['text']} on {ground}"] = (bright + 0.05) / (dark + 0.05)
    return contrasts


def faint_code(page) -> list[str]:
    return [
        f"{word}: contrast {contrast:.2f}"
        for word, contrast in contrasts_of_code(page).items()
        if contrast < LEAST_CONTRAST
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280px", "390px"])
def test_page_has_no_violation(browser, axe, address, page_name, watch_over, size, scheme):
    context = browser.new_context(
        offline=True, viewport=size, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    watch_over(page)
    open_ready(page, address(page_name))
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert faults(axe, page) == []
    assert faint_code(page) == []
    if page.locator("details").count():
        page.evaluate(UNFOLD)
        painted(page)
        assert faults(axe, page, within="details") == [], "unfolded"
        assert faint_code(page) == [], "unfolded"
    context.close()


@pytest.fixture
def blank(browser):
    """A page without content, for tests that bring a faulty one."""
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


def test_a_violation_in_an_unfolded_part_would_be_found(axe, blank):
    blank.set_content(
        "<html lang=en><title>Faulty</title><main><p style='color:#aaa'>faint</p>"
        "<details><summary>More</summary><img src=x.png></details></main>"
    )
    assert not [each for each in faults(axe, blank) if each.startswith("image-alt")]
    blank.evaluate(UNFOLD)
    (fault,) = faults(axe, blank, within="details")
    assert fault.startswith("image-alt")


def test_a_violation_would_be_found(axe, blank):
    blank.set_content(
        "<html lang=en><title>Faulty</title><main><img src=x.png>"
        "<p style='color:#aaa;background:#fff'>faint</p><input></main>"
    )
    found = " ".join(faults(axe, blank))
    for rule in ("image-alt", "color-contrast", "label"):
        assert f"{rule} (" in found


def code_on_a_page(ground: str, colour: str) -> str:
    return (
        f"<html lang=en><title>Code</title><main><div class=highlight style='background:{ground}'>"
        f"<pre style='color:black'><span style='color:{colour}'>word</span></pre></div></main>"
    )


@pytest.mark.parametrize(
    ("ground", "colour"),
    [("#fff", "#767676"), ("#fff", "#777"), ("#222", "#999"), ("#222", "#777"), ("#f00", "#000"),
     ("#fff", "rgba(0, 0, 0, .5)"), ("rgba(0, 0, 0, .6)", "#fff"), ("rgba(0, 0, 0, .5)", "#fff")],
)  # fmt: skip
def test_faint_code_is_found_as_axe_would_find_it(blank, ground, colour):
    blank.set_content(code_on_a_page(ground, colour))
    found = [each for each in faults(Axe(), blank) if each.startswith("color-contrast")]
    assert bool(faint_code(blank)) == bool(found)
    assert len(contrasts_of_code(blank)) == 1


def test_code_on_a_pattern_is_refused(blank):
    blank.set_content(code_on_a_page("linear-gradient(red, blue)", "#fff"))
    with pytest.raises(AssertionError, match="not one plain colour"):
        contrasts_of_code(blank)


def test_axe_still_sees_what_is_not_a_word_of_code(axe, blank):
    blank.set_content(code_on_a_page("#fff", "#aaa").replace("color:black", "color:#bbb"))
    assert not [each for each in faults(axe, blank) if each.startswith("color-contrast")]
    blank.set_content(code_on_a_page("#fff", "#aaa").replace("<pre", "<pre>faint</pre><pre"))
    blank.evaluate("document.querySelector('pre').style.color = '#bbb'")
    assert [each for each in faults(axe, blank) if each.startswith("color-contrast")]


def test_every_control_is_named_and_the_sentence_announced(page, address, payload, chapter_name):
    open_ready(page, address(chapter_name))
    for packed in payload(chapter_name):
        tree = page.locator(f"#{packed.anchor}").aria_snapshot()
        named = re.findall(r"- '?(?:slider|combobox) \"", tree)
        assert len(named) == len(packed.shown)
        figure = page.locator(f"#{packed.anchor}")
        for place in range(len(packed.shown)):
            label = figure.locator("label").nth(place).inner_text()
            assert figure.get_by_label(label, exact=True).count() >= 1
        assert figure.locator(".explorer-sentence").get_attribute("aria-live") == "polite"
