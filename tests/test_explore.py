"""The explorer: its errors, its three homes, and every state in a page as its function drew it."""

import html
import itertools
import re

import ipywidgets
import numpy as np
import pytest
from inobook import figures
from inobook.explore import MOST_STATES, Control, Explorer, ExplorerError, explore
from matplotlib.figure import Figure
from pages_html import elements, unpacked
from states import states_unlike_a_fresh_call

ENOUGH_WORDS = "the line rises, and this sentence is long enough to stand as alt text"


def line(slope: float) -> tuple[Figure, str]:
    figure, axes = figures.canvas("simulation", height=2.0)
    axes.plot([0, 1], [0, slope], color=figures.ACCENT)
    axes.set(xlim=(0, 1), ylim=(0, 10))
    return figure, f"With a slope of {slope} {ENOUGH_WORDS}."


def three_controls() -> Explorer:
    @explore(
        "How does the line change?",
        slope=Control("Slope", [1, 2, 3], default=2, unit="points"),
        height=Control("Height", [0.25, 0.5], default=0.5, form=".2f"),
        shape=Control("Shape", ["solid", "dashed & thin"], default="dashed & thin"),
    )
    def three_way_line(slope, height, shape):
        figure, axes = figures.canvas("simulation", height=2.0)
        style = "-" if shape == "solid" else "--"
        axes.plot([0, 1], [height, slope], style, color=figures.INOTUZUMAB)
        axes.set(xlim=(0, 1), ylim=(0, 4))
        return figure, f"Slope {slope}, height {height}, {shape}: {ENOUGH_WORDS}."

    return three_way_line


def with_function(draw, **controls: Control) -> Explorer:
    return explore("What happens?", **(controls or {"slope": Control("Slope", [1, 2, 3], 1)}))(draw)


# --- a control ---------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["", "   ", None])
def test_control_needs_a_label(label):
    with pytest.raises(ExplorerError, match=r"values \(1, 2\) has no label"):
        Control(label, [1, 2], default=1)


def test_control_default_must_be_one_of_its_values():
    with pytest.raises(ExplorerError, match=r"'Deaths': the default 43 is outside .*\(20, 30\)"):
        Control("Deaths", [20, 30], default=43)


@pytest.mark.parametrize("values", [[], [7]])
def test_control_needs_two_values(values):
    with pytest.raises(ExplorerError, match="'Deaths' has fewer than two values"):
        Control("Deaths", values, default=7)


@pytest.mark.parametrize(
    "values",
    [[1, "two"], [1, None], [0.5, float("nan")], [1, float("inf")], ["a", ("b",)], [[1], [2]]],
    ids=str,
)
def test_control_values_are_all_numbers_or_all_text(values):
    with pytest.raises(ExplorerError, match="'Deaths': values must be all numbers or all text"):
        Control("Deaths", values, default=values[0])


def test_control_refuses_two_values_that_read_the_same():
    with pytest.raises(ExplorerError, match=r"'Rate': two values read the same: \('0.1', '0.1'"):
        Control("Rate", [0.10, 0.12, 0.2], default=0.2, form=".1f")


@pytest.mark.parametrize(
    ("unit", "form", "expected"),
    [("", "", ("1.5", "2.0")), ("%", ".0f", ("2%", "2%")), ("months", ".1f", None)],
)
def test_control_prints_its_values_with_unit_and_form(unit, form, expected):
    if expected == ("2%", "2%"):
        assert Control("Rate", [1.2, 2.0], 2.0, unit, form).shown == ("1%", "2%")
    elif expected is None:
        assert Control("Rate", [1.5, 2.0], 2.0, unit, form).shown == ("1.5 months", "2.0 months")
    else:
        assert Control("Rate", [1.5, 2.0], 2.0, unit, form).shown == expected


def test_control_takes_numpy_numbers_and_ranges():
    assert Control("Deaths", np.arange(1, 4), default=2).shown == ("1", "2", "3")
    assert Control("Deaths", range(0, 30, 10), default=20).default_position == 2


# --- an explorer -------------------------------------------------------------------------


def test_explorer_needs_a_title():
    with pytest.raises(ExplorerError, match="'line' has no title"):
        explore(" ", slope=Control("Slope", [1, 2], 1))(line)


def test_explorer_needs_a_control():
    with pytest.raises(ExplorerError, match="'line' has no control"):
        explore("What happens?")(line)


def test_explorer_names_an_argument_that_is_no_control():
    with pytest.raises(ExplorerError, match=r"slope must be a Control, not \[1, 2\]"):
        explore("What happens?", slope=[1, 2])(line)


def test_explorer_has_at_most_400_states():
    twenty = Control("One", range(20), 0)
    assert MOST_STATES == 400
    explore("What happens?", one=twenty, two=Control("Two", range(20), 0))(line)
    with pytest.raises(ExplorerError, match="'line' has 420 states; the most is 400"):
        explore("What happens?", one=twenty, two=Control("Two", range(21), 0))(line)


def test_unknown_control_is_named_with_the_known_ones():
    with pytest.raises(ExplorerError, match="no control 'steepness'; it has slope, height, shape"):
        three_controls()(steepness=2)


def test_value_that_a_control_does_not_have_is_named():
    with pytest.raises(ExplorerError, match=r"control 'Slope': 4 is not one of \(1, 2, 3\)"):
        three_controls()(slope=4)


def test_function_that_raises_names_its_state_and_keeps_its_cause():
    def falls(slope, shape):
        if (slope, shape) == (2, "b"):
            raise ZeroDivisionError("no patient at risk")
        return line(slope)

    fragile = with_function(
        falls, slope=Control("Slope", [1, 2], 1), shape=Control("Shape", ["a", "b"], "a")
    )
    with pytest.raises(
        ExplorerError, match="'falls' fails at slope=2, shape='b': no patient at risk"
    ) as caught:
        fragile.page_html()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    "returned",
    [
        lambda figure: figure,
        lambda figure: (figure, "too short"),
        lambda figure: (figure, "x" * 39),
        lambda figure: (figure, None),
        lambda figure: ("words " * 10, figure),
        lambda figure: (figure, ENOUGH_WORDS, "a third"),
        lambda figure: None,
    ],
    ids=["figure alone", "short", "39 characters", "no words", "wrong order", "three", "nothing"],
)
def test_function_must_return_a_figure_and_a_sentence(returned):
    faulty = with_function(lambda slope: returned(line(slope)[0]))
    with pytest.raises(ExplorerError, match="at slope=1 must return a figure and a sentence of at"):
        faulty()


def test_forty_characters_make_a_sentence():
    assert with_function(lambda slope: (line(slope)[0], "x" * 40))()[1] == "x" * 40


def test_figure_that_was_not_made_with_canvas_has_no_provenance():
    with pytest.raises(figures.FigureError, match="no provenance mark"):
        with_function(lambda slope: (Figure(), ENOUGH_WORDS)).page_html()


def test_control_left_out_takes_its_default():
    explorer = three_controls()
    assert explorer()[1].startswith("Slope 2, height 0.5, dashed & thin")
    assert explorer(slope=3)[1].startswith("Slope 3, height 0.5, dashed & thin")


def test_same_arguments_give_the_same_picture_and_sentence():
    explorer = three_controls()
    for state in explorer.states():
        drawings = [explorer(**state) for _ in range(2)]
        texts = [figures.svg_text(figure, salt="same") for figure, _ in drawings]
        assert texts[0] == texts[1]
        assert drawings[0][1] == drawings[1][1]


def test_states_come_with_the_last_control_changing_fastest():
    values = [tuple(state.values()) for state in three_controls().states()]
    assert values[:3] == [(1, 0.25, "solid"), (1, 0.25, "dashed & thin"), (1, 0.5, "solid")]
    assert len(set(values)) == len(values) == 12


# --- a state must not show what was drawn before -----------------------------------------


def test_trace_of_an_earlier_state_on_a_reused_canvas_is_refused():
    def leaking(slope):
        figure, axes = figures.canvas("simulation", height=2.0)
        axes.plot([0, 1], [0, slope])
        if slope == 1:
            axes.set_xlabel("Only the first state sets this")
        return figure, f"With a slope of {slope} {ENOUGH_WORDS}."

    with pytest.raises(ExplorerError, match=r"'leaking' at .* depends on what was drawn before"):
        with_function(leaking).page_html()


def test_memory_of_the_function_itself_is_refused():
    calls = itertools.count()

    def counting(slope):
        return line(slope)[0], f"Call number {next(calls)}: {ENOUGH_WORDS}."

    with pytest.raises(ExplorerError, match=r"'counting' at .* depends on what was drawn before"):
        with_function(counting).page_html()


def test_trace_that_a_single_state_receives_is_found_by_the_full_comparison():
    """The build compares some states with fresh ones; the tests of the chapters compare all."""

    def once(slope):
        figure, axes = figures.canvas("simulation", height=2.0)
        axes.plot([0, 1], [0, slope])
        if slope != 7:
            axes.set_xlabel(f"Slope {slope}")
        return figure, f"With a slope of {slope} {ENOUGH_WORDS}."

    slopes = Control("Slope", range(1, 21), 1)
    assert states_unlike_a_fresh_call(with_function(once, slope=slopes)) == [{"slope": 7}]
    assert states_unlike_a_fresh_call(with_function(line, slope=slopes)) == []


def test_canvases_are_not_reused_outside_the_build():
    first, second = line(1)[0], line(2)[0]
    assert first is not second


# --- the built page ----------------------------------------------------------------------


def test_page_holds_every_state_in_order_and_each_is_a_fresh_call():
    explorer = three_controls()
    packed = unpacked(explorer.page_html())
    states = list(explorer.states())
    assert packed.count == len(packed.svgs) == len(packed.sentences) == len(states) == 12
    for position, state in enumerate(states):
        figure, sentence = explorer(**state)
        assert packed.svgs[position] == figures.svg_text(figure, salt=explorer.name), state
        assert packed.sentences[position] == sentence, state


def test_page_shows_the_default_state_without_javascript():
    explorer = three_controls()
    packed = unpacked(explorer.page_html())
    default = list(explorer.states()).index({"slope": 2, "height": 0.5, "shape": "dashed & thin"})
    sentence = packed.sentences[default]
    assert figures.described_svg(packed.svgs[default], sentence) in packed.markup
    assert f">{html.escape(sentence)}</figcaption>" in packed.markup
    assert "<noscript>" in packed.markup


def test_page_markup_keeps_its_contract():
    found = elements(three_controls().page_html())
    by_tag = {each.tag: each.attributes for each in found}
    figure = found[0].attributes
    assert (figure["class"], figure["id"]) == ("explorer", "explorer-three-way-line")
    ids = [each.attributes["id"] for each in found if each.attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert figure["aria-labelledby"] in ids
    assert by_tag["figcaption"]["aria-live"] == "polite"
    assert (by_tag["svg"]["role"], len(by_tag["svg"]["aria-label"]) >= 40) == ("img", True)
    controls = [each for each in found if "data-control" in each.attributes]
    assert [each.tag for each in controls] == ["input", "input", "select"]
    labels = {each.attributes["for"] for each in found if each.tag == "label"}
    outputs = {each.attributes["for"] for each in found if each.tag == "output"}
    assert labels == outputs == {each.attributes["id"] for each in controls}
    for each in controls:
        assert "disabled" in each.attributes
        assert each.attributes["data-lm-suppress-shortcuts"] == "true"


def test_page_control_starts_at_its_default_with_its_unit():
    markup = three_controls().page_html()
    slope = next(e for e in elements(markup) if e.attributes.get("data-control") == "slope")
    wanted = {"type": "range", "min": "0", "max": "2", "value": "1", "aria-valuetext": "2 points"}
    assert {name: slope.attributes[name] for name in wanted} == wanted
    assert ">2 points</output>" in markup
    assert '<option value="1" selected>dashed &amp; thin</option>' in markup


def test_words_of_the_author_cannot_become_markup():
    def quoting(slope):
        return line(slope)[0], f'P < 0.05 & "more" </figcaption><b>{slope}</b> {ENOUGH_WORDS}'

    shown = explore('<i>"Why"</i> & how?', slope=Control('A < "B"', [1, 2], 1))(quoting)
    tags = {each.tag for each in elements(shown.page_html())}
    assert not tags & {"b", "i"}


def test_page_is_the_same_each_time():
    assert three_controls().page_html() == three_controls().page_html()


def test_build_gives_the_page_and_a_notebook_gives_widgets(monkeypatch):
    explorer = three_controls()
    monkeypatch.setenv("INOBOOK_BUILD", "1")
    assert explorer._repr_mimebundle_()["text/html"] == explorer.page_html()
    monkeypatch.delenv("INOBOOK_BUILD")
    assert "application/vnd.jupyter.widget-view+json" in explorer._repr_mimebundle_()


# --- the live notebook -------------------------------------------------------------------


def picture_and_words(box: ipywidgets.VBox) -> tuple[str, str]:
    picture, words = box.children[-2:]
    return picture.value, words.value


def test_widget_has_labelled_controls_at_their_defaults(live_notebook):
    _, slope, height, shape, _, _ = three_controls().widget().children
    assert [type(each) for each in (slope, height)] == [ipywidgets.SelectionSlider] * 2
    assert isinstance(shape, ipywidgets.Dropdown)
    described = [(each.description, each.value, each.label) for each in (slope, height, shape)]
    assert described == [
        ("Slope", 2, "2 points"),
        ("Height", 0.5, "0.50"),
        ("Shape", "dashed & thin", "dashed & thin"),
    ]


def test_moving_a_widget_changes_figure_and_sentence_to_that_state(live_notebook):
    explorer = three_controls()
    box = explorer.widget()
    _, slope, _, shape, _, _ = box.children
    seen = [picture_and_words(box)]
    slope.value = 3
    seen.append(picture_and_words(box))
    shape.value = "solid"
    seen.append(picture_and_words(box))
    assert len({picture for picture, _ in seen}) == len({words for _, words in seen}) == 3
    figure, sentence = explorer(slope=3, height=0.5, shape="solid")
    svg = figures.described_svg(figures.svg_text(figure, salt=explorer.name), sentence)
    assert svg in seen[-1][0]
    assert seen[-1][1] == f'<p aria-live="polite">{html.escape(sentence)}</p>'


def test_two_widgets_of_one_explorer_are_independent(live_notebook):
    explorer = three_controls()
    first, second = explorer.widget(), explorer.widget()
    before = picture_and_words(second)
    first.children[1].value = 1
    assert picture_and_words(second) == before


def test_title_of_a_widget_is_text_not_markup(live_notebook):
    shown = explore("<i>Why?</i>", slope=Control("Slope", [1, 2], 1))(line).widget()
    assert re.search(r"&lt;i&gt;Why\?", shown.children[0].value)
