"""The explorers of the built pages, driven in a browser from files, without a network."""

import itertools
import re
from urllib.parse import urlencode

import pytest
from inobook import figures
from inobook.explore import Control, explore
from pages_html import PackedExplorer, explorers_in
from playwright.sync_api import Page
from sites import (
    address_of,
    explorer,
    open_ready,
    painted,
    position_of,
    shown,
    shows_state,
    wait_ready,
)

ALL_STATES = """async ([figure, states]) => {
  const controls = [...figure.querySelectorAll('[data-control]')];
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const template = document.createElement('template');
  const wrong = [];
  for (const { choice, svg, sentence, printed } of states) {
    controls.forEach((control, i) => {
      if (control.value === String(choice[i])) return;
      control.value = String(choice[i]);
      control.dispatchEvent(new Event('input', { bubbles: true }));
      control.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await frame();
    template.innerHTML = svg;
    const wanted = template.content.firstElementChild;
    const found = figure.querySelector('.explorer-picture').firstElementChild.cloneNode(true);
    const alternative = found.getAttribute('aria-label');
    for (const name of ['role', 'aria-label']) found.removeAttribute(name);
    const faults = [];
    if (found.outerHTML !== wanted.outerHTML) faults.push('picture');
    if (alternative !== sentence) faults.push('alternative: ' + alternative);
    const said = figure.querySelector('.explorer-sentence').textContent;
    if (said !== sentence) faults.push('sentence: ' + said);
    const values = [...figure.querySelectorAll('output')].map(output => output.textContent);
    if (values.join('|') !== printed.join('|')) faults.push('values: ' + values);
    if (faults.length) wrong.push({ choice, faults });
  }
  return wrong;
}"""


def visit_all_states(page: Page, packed: PackedExplorer) -> list[dict]:
    """Set every combination of values by the controls' own events; return what was shown wrong."""
    choices = list(itertools.product(*(range(len(values)) for values in packed.shown.values())))
    assert len(choices) == packed.count
    wanted = [
        {
            "choice": choice,
            "svg": packed.svgs[place],
            "sentence": packed.sentences[place],
            "printed": [
                values[each] for values, each in zip(packed.shown.values(), choice, strict=True)
            ],
        }
        for place, choice in enumerate(choices)
    ]
    # Last state first, so that the first one asked for is not the one already shown.
    figure = explorer(page, packed.anchor).element_handle()
    return page.evaluate(ALL_STATES, [figure, wanted[::-1]])


def default_choice(packed: PackedExplorer) -> list[int]:
    """Position of each control's default, from the markup."""
    values = re.findall(r'<input[^>]*? value="(\d+)"|<option value="(\d+)" selected', packed.markup)
    return [int(number or choice) for number, choice in values]


# --- the explorers of the book -----------------------------------------------------------


# Hundreds of states need not be painted to be compared: a frame takes no time here.
QUICK_FRAMES = "window.requestAnimationFrame = call => setTimeout(() => call(performance.now()), 0)"


def test_every_state_is_shown_as_stored(page, address, payload, chapter_name):
    page.add_init_script(QUICK_FRAMES)
    open_ready(page, address(chapter_name))
    explorers = payload(chapter_name)
    assert len(explorers) == page.locator("figure.explorer").count() >= 1
    for packed in explorers:
        assert visit_all_states(page, packed) == [], packed.anchor


def test_keyboard_moves_every_control(page, address, payload, chapter_name):
    """Tab reaches each control in order; arrows, Home and End move it; the state follows."""
    open_ready(page, address(chapter_name))
    for packed in payload(chapter_name):
        figure = explorer(page, packed.anchor)
        chosen = default_choice(packed)
        assert shown(figure)["values"] == chosen
        assert shows_state(figure, *state_of(packed, chosen))
        controls = figure.locator("[data-control]")
        controls.first.focus()
        for place, values in enumerate(packed.shown.values()):
            if place:
                page.keyboard.press("Tab")
            assert controls.nth(place).evaluate("control => control === document.activeElement")
            last = len(values) - 1
            is_list = controls.nth(place).evaluate("control => control.tagName === 'SELECT'")
            back, on = ("ArrowUp", "ArrowDown") if is_list else ("ArrowLeft", "ArrowRight")
            for key, target in [("End", last), (back, last - 1), ("Home", 0), (on, 1)]:
                page.keyboard.press(key)
                painted(page)
                chosen[place] = target
                now = shown(figure)
                assert now["values"] == chosen, (packed.anchor, key)
                assert now["spoken"][place] == now["printed"][place] == values[target]
                assert shows_state(figure, *state_of(packed, chosen)), (packed.anchor, key, chosen)


def state_of(packed: PackedExplorer, chosen: list[int]) -> tuple[str, str]:
    place = position_of(packed.shown, chosen)
    return packed.svgs[place], packed.sentences[place]


def test_mouse_drags_and_clicks_every_slider(page, address, payload, chapter_name):
    open_ready(page, address(chapter_name))
    for packed in payload(chapter_name):
        figure = explorer(page, packed.anchor)
        sliders = figure.locator("input[type=range]")
        for place in range(sliders.count()):
            slider = sliders.nth(place)
            slider.scroll_into_view_if_needed()
            box = slider.bounding_box()
            assert box["height"] >= 44, "too small for a finger"
            middle = box["y"] + box["height"] / 2
            last = int(slider.get_attribute("max"))
            page.mouse.click(box["x"] + 3, middle)
            painted(page)
            assert int(slider.input_value()) == 0
            page.mouse.move(box["x"] + 8, middle)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] / 2, middle, steps=3)
            painted(page)
            assert 0 < int(slider.input_value()) < last or last == 1
            seen = shown(figure)
            assert shows_state(figure, *state_of(packed, seen["values"])), "while dragging"
            page.mouse.move(box["x"] + box["width"] - 2, middle, steps=3)
            page.mouse.up()
            painted(page)
            assert int(slider.input_value()) == last
            seen = shown(figure)
            assert shows_state(figure, *state_of(packed, seen["values"]))


def test_list_is_chosen_from(page, address, payload, chapter_name):
    open_ready(page, address(chapter_name))
    for packed in payload(chapter_name):
        figure = explorer(page, packed.anchor)
        lists = figure.locator("select")
        for place in range(lists.count()):
            options = lists.nth(place).locator("option").all_inner_texts()
            for text in [options[-1], options[0]]:
                lists.nth(place).select_option(label=text)
                painted(page)
                seen = shown(figure)
                assert text in seen["spoken"]
                assert shows_state(figure, *state_of(packed, seen["values"]))


def test_two_explorers_on_a_page_are_independent(page, address, payload, chapter_name):
    packed = payload(chapter_name)
    assert len(packed) >= 2, "a chapter with two explorers is needed here"
    open_ready(page, address(chapter_name))
    first, second = (explorer(page, each.anchor) for each in packed[:2])
    before = shown(second)
    first.locator("[data-control]").first.focus()
    page.keyboard.press("End")
    painted(page)
    page.keyboard.press("Home")
    painted(page)
    assert shown(second) == before


def test_address_keeps_and_restores_the_state(
    context, page, address, payload, chapter_name, watch_over
):
    for packed in payload(chapter_name):
        open_ready(page, address(chapter_name))
        figure = explorer(page, packed.anchor)
        default = default_choice(packed)
        controls = figure.locator("[data-control]")
        for place, values in enumerate(packed.shown.values()):
            controls.nth(place).focus()
            page.keyboard.press("End" if default[place] != len(values) - 1 else "Home")
        painted(page)
        moved = shown(figure)
        assert all(new != old for new, old in zip(moved["values"], default, strict=True))
        linked = page.url
        settings = dict(zip(packed.shown, moved["printed"], strict=True))
        assert linked.endswith(f"#{packed.anchor}?{urlencode(settings)}")
        again = context.new_page()
        watch_over(again)
        open_ready(again, linked)
        assert shown(explorer(again, packed.anchor)) == moved
        again.close()


def test_address_is_followed_on_an_open_page(page, address, payload, chapter_name):
    open_ready(page, address(chapter_name))
    packed = payload(chapter_name)[-1]
    chosen = [0 for _ in packed.shown]
    settings = {name: values[0] for name, values in packed.shown.items()}
    page.evaluate("hash => { location.hash = hash }", f"{packed.anchor}?{urlencode(settings)}")
    painted(page)
    figure = explorer(page, packed.anchor)
    assert shown(figure)["values"] == chosen
    assert shows_state(figure, *state_of(packed, chosen))


@pytest.mark.parametrize(
    "fragment",
    ["100%", "%E0%A4%A", "explorer-nobody?patients=5", "{anchor}?{control}=no-such-value"],
)
def test_foreign_address_leaves_the_default(page, address, payload, chapter_name, fragment):
    packed = payload(chapter_name)[0]
    fragment = fragment.format(anchor=packed.anchor, control=next(iter(packed.shown)))
    open_ready(page, f"{address(chapter_name)}#{fragment}")
    figure = explorer(page, packed.anchor)
    assert shown(figure)["values"] == default_choice(packed)
    figure.locator("[data-control]").last.focus()
    page.keyboard.press("Home")
    page.keyboard.press("End")
    painted(page)
    assert shows_state(figure, *state_of(packed, shown(figure)["values"]))


def test_without_javascript_the_default_is_there(browser, address, payload, chapter_name):
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(address(chapter_name))
    for packed in payload(chapter_name):
        figure = explorer(page, packed.anchor)
        svg, sentence = state_of(packed, default_choice(packed))
        assert figure.locator(".explorer-sentence").inner_text().split() == sentence.split()
        image = figure.locator(".explorer-picture svg")
        assert image.is_visible() and image.get_attribute("aria-label") == sentence
        assert figures.described_svg(svg, sentence) in packed.markup
        controls = figure.locator("[data-control]")
        assert all(controls.nth(place).is_disabled() for place in range(controls.count()))
        note = figure.locator("noscript")
        assert note.is_visible() and "need JavaScript" in note.inner_text()
    context.close()


def test_print_shows_values_instead_of_controls(page, address, payload, chapter_name):
    open_ready(page, address(chapter_name))
    page.emulate_media(media="print")
    for packed in payload(chapter_name):
        figure = explorer(page, packed.anchor)
        controls, values = figure.locator("[data-control]"), figure.locator("output")
        assert values.count() == controls.count() == len(packed.shown)
        for place, texts in enumerate(packed.shown.values()):
            assert not controls.nth(place).is_visible()
            assert values.nth(place).is_visible()
            assert values.nth(place).inner_text() in texts
            assert figure.locator("label").nth(place).is_visible()
        assert figure.locator(".explorer-picture svg").is_visible()
        assert figure.locator(".explorer-sentence").is_visible()


def test_touch_moves_a_slider_on_a_phone(browser, address, payload, chapter_name, watch_over):
    context = browser.new_context(
        offline=True, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    watch_over(page)
    open_ready(page, address(chapter_name))
    touched = 0
    for packed in payload(chapter_name):
        figure = explorer(page, packed.anchor)
        slider = figure.locator("input[type=range]").first
        if slider.count() == 0:  # lists only: the phone opens a picker of its own
            continue
        touched += 1
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        for reach, target in [(box["width"] - 3, int(slider.get_attribute("max"))), (3, 0)]:
            page.touchscreen.tap(box["x"] + reach, box["y"] + box["height"] / 2)
            painted(page)
            assert int(slider.input_value()) == target
            assert shows_state(figure, *state_of(packed, shown(figure)["values"]))
    assert touched
    context.close()


# --- explorers of every shape, on a page of their own ------------------------------------


def drawn(**state):
    figure, axes = figures.canvas("simulation", height=2.0)
    lengths = [len(str(value)) for value in state.values()]
    axes.plot(range(len(state)), lengths, color=figures.ACCENT)
    axes.text(0, 0, ", ".join(map(str, state.values())))
    axes.set(xlim=(0, 3), ylim=(0, 20))
    return figure, f"The state of this explorer is {state}, written out in full for its reader."


def shaped(name: str, **controls: Control) -> str:
    def draw(**state):
        return drawn(**state)

    draw.__name__ = name
    return explore(f"What does {name} do?", **controls)(draw).page_html()


@pytest.fixture(scope="module")
def scratch_page(tmp_path_factory, built_site):
    """A bare page with explorers of one, two and three controls, the last of 400 states."""
    slope = Control("Slope", [0.5, 1.0, 2.5], default=1.0, unit="% a year")
    word = Control("Word & sign", ["plain", "50% + 1", "a=b&c", "ü ≤ 5"], default="a=b&c")
    three = {"a": Control("A", range(10), 3), "b": Control("B", range(8), 0)}
    three["c"] = Control("C", range(5), default=4)
    markup = [
        shaped("one_control", slope=slope),
        shaped("two_controls", slope=slope, word=word),
        shaped("three_controls", **three),
    ]
    static = built_site / "_static"
    file = tmp_path_factory.mktemp("scratch") / "page.html"
    file.write_text(
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Explorers</title>'
        f'<link rel="stylesheet" href="{address_of(static / "explorer.css")}">'
        f'<script defer src="{address_of(static / "explorer.js")}"></script></head>'
        f"<body><main>{''.join(markup)}</main></body></html>",
        encoding="utf-8",
    )
    return address_of(file), explorers_in("".join(markup))


def test_one_two_and_three_controls_and_400_states(page, scratch_page):
    where, explorers = scratch_page
    assert [(len(each.shown), each.count) for each in explorers] == [(1, 3), (2, 12), (3, 400)]
    page.add_init_script(QUICK_FRAMES)
    open_ready(page, where)
    for packed in explorers:
        assert visit_all_states(page, packed) == [], packed.anchor


def test_states_lie_in_mixed_radix_order(page, scratch_page):
    """Seen through the sentence, which names the state: no use is made of the page's own sums."""
    where, explorers = scratch_page
    open_ready(page, where)
    packed = explorers[2]
    figure = explorer(page, packed.anchor)
    for choice in [(0, 0, 0), (9, 7, 4), (1, 0, 0), (0, 1, 0), (0, 0, 1), (4, 6, 3)]:
        for place, value in enumerate(choice):
            figure.locator("[data-control]").nth(place).fill(str(value))
        painted(page)
        wanted = dict(zip("abc", choice, strict=True))
        assert f"is {wanted}, written" in shown(figure)["sentence"]


def test_values_with_signs_survive_the_address(context, scratch_page, watch_over):
    where, explorers = scratch_page
    packed = explorers[1]
    for choice in itertools.product(range(3), range(4)):
        settings = {
            name: values[each]
            for (name, values), each in zip(packed.shown.items(), choice, strict=True)
        }
        page = context.new_page()
        watch_over(page)
        open_ready(page, f"{where}#{packed.anchor}?{urlencode(settings)}")
        assert shown(explorer(page, packed.anchor))["values"] == list(choice)
        page.close()


def test_address_written_by_the_page_is_read_by_the_page(page, scratch_page):
    where, explorers = scratch_page
    packed = explorers[1]
    open_ready(page, where)
    figure = explorer(page, packed.anchor)
    for choice in itertools.product(range(3), range(4)):
        figure.locator("input").fill(str(choice[0]))
        figure.locator("select").select_option(str(choice[1]))
        painted(page)
        page.reload()
        wait_ready(page)
        assert shown(figure)["values"] == list(choice)


def test_damaged_states_leave_the_default_figure_and_a_note(browser, scratch_page, tmp_path):
    where, explorers = scratch_page
    text = page_text(browser, where)
    file = tmp_path / "damaged.html"
    file.write_text(re.sub(r'>"H4sI', '>"XXXX', text, count=1), encoding="utf-8")
    page = browser.new_context(offline=True).new_page()
    page.goto(address_of(file))
    broken, sound = (explorer(page, each.anchor) for each in explorers[:2])
    page.wait_for_function("document.querySelectorAll('[data-ready]').length === 2")
    assert broken.get_attribute("data-failed") == "true"
    assert "default assumptions" in broken.locator(".explorer-fault").inner_text()
    assert broken.locator("[data-control]").first.is_disabled()
    assert broken.locator(".explorer-picture svg").is_visible()
    assert sound.locator("[data-control]").first.is_enabled()
    page.context.close()


def page_text(browser, where: str) -> str:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(where)
    text = page.content()
    context.close()
    return text
