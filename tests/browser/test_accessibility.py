"""No violation of WCAG 2.1 A and AA that axe-core can find, in every dress of every page."""

import re

import pytest
from sites import DESKTOP, PHONE, open_ready, painted

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
    if page.locator("details").count():
        page.evaluate(UNFOLD)
        painted(page)
        assert faults(axe, page, within="details") == [], "unfolded"
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
