"""What a reader on a phone leans on: code that can be hidden, tables that show that they go on."""

import pytest
from chapters import chapters
from sites import PHONE, open_ready

CODE = ".bd-article .cell_input:not(details .cell_input)"
each_chapter = pytest.mark.parametrize("chapter", chapters())


@pytest.fixture
def phone(browser):
    context = browser.new_context(offline=True, viewport=PHONE)
    yield context.new_page()
    context.close()


@each_chapter
def test_code_can_be_hidden_and_stays_hidden(phone, address, chapter):
    open_ready(phone, address(chapter))
    button = phone.get_by_role("button", name="Hide the code")
    assert phone.locator(CODE).first.is_visible()
    button.focus()
    phone.keyboard.press("Enter")
    assert not any(each.is_visible() for each in phone.locator(CODE).all())
    assert all(each.is_visible() for each in phone.locator("figure.explorer").all())
    phone.reload()
    again = phone.get_by_role("button", name="Show the code")
    again.click()
    assert phone.locator(CODE).first.is_visible()


def test_page_without_code_has_no_switch(phone, address):
    open_ready(phone, address("teaching/glossary"))
    assert phone.locator(".code-switch").count() == 0


@each_chapter
def test_published_numbers_fit_a_phone(phone, address, chapter):
    open_ready(phone, address(chapter))
    folds = phone.locator("details.agreement-fold")
    assert folds.count() == 1 and folds.get_attribute("open") is None
    folds.locator("summary").click()
    for table in phone.locator("table.published-results, table.agreement").all():
        box = table.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


@each_chapter
def test_box_that_goes_on_shows_it(phone, address, chapter):
    open_ready(phone, address(chapter))
    marked = phone.evaluate(
        """[...document.querySelectorAll('.cell_output > .output')].map(box => [
            box.scrollWidth > box.clientWidth,
            getComputedStyle(box).borderInlineEndStyle === 'dotted'])"""
    )
    assert marked
    assert [pair for pair in marked if pair[0] != pair[1]] == []


def test_talk_of_code_alone_goes_with_the_code(phone, address):
    open_ready(phone, address("endpoints/response"))
    talk = phone.get_by_text("The statistics come from these libraries.")
    seen = phone.get_by_role("heading", name="What the paper says")
    assert talk.is_visible()
    phone.get_by_role("button", name="Hide the code").click()
    assert not talk.is_visible()
    assert seen.is_visible()
