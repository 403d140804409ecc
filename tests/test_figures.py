"""Figures: provenance, written alt text, colours that follow the page, and clean SVG."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from inobook import figures
from inobook.cohorts import DAYS_PER_MONTH
from lifelines import KaplanMeierFitter
from matplotlib.figure import Figure

ALT = "A line that rises from the lower left to the upper right corner."
STYLE_SHEET = Path(__file__).resolve().parents[1] / "book" / "_static" / "explorer.css"


def drawn(provenance: str = "simulation", note: str = "") -> Figure:
    figure, axes = figures.canvas(provenance, height=2.0)
    for colour in figures.COLOUR_VARIABLES:
        axes.plot([0, 1], [0, 1], color=colour)
    axes.plot([0.5], [0.5], "o", color=figures.ACCENT)
    axes.text(0.2, 0.8, note)
    axes.grid(True)
    return figure


def drawn_text(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


# --- provenance and alt text -------------------------------------------------------------


@pytest.mark.parametrize("provenance", ["", "Simulation", "trial data", None])
def test_unknown_provenance_is_refused_with_the_known_ones(provenance):
    with pytest.raises(figures.FigureError, match=r"is unknown; use one of .*synthetic patients"):
        figures.canvas(provenance)


@pytest.mark.parametrize("provenance", figures.PROVENANCES)
def test_provenance_stands_in_the_figure_itself(provenance):
    svg = figures.svg_text(drawn(provenance), salt="mark")
    assert provenance.upper() in drawn_text(svg)


def test_figure_without_provenance_cannot_be_shown():
    with pytest.raises(figures.FigureError, match=r"no provenance mark.*figures\.canvas"):
        figures.show(Figure(), ALT)


@pytest.mark.parametrize(
    "alt",
    [
        "",
        "   ",
        "A short one.",
        "x" * 80,
        " " * 60 + "short",
        "figures/survival_ph_positive_both_arms.png",
    ],
)
def test_alt_text_must_be_words_of_some_length(alt):
    with pytest.raises(figures.FigureError, match="too short: say in 40 characters or more"):
        figures.show(drawn(), alt)


def test_alt_text_of_forty_characters_is_enough():
    forty = "The line rises from left to right, twice"
    assert len(forty) == 40
    figures.show(drawn(), forty)
    with pytest.raises(figures.FigureError):
        figures.show(drawn(), forty[:-1])


def test_shown_figure_is_an_image_with_its_alt_text(book_build):
    words = ALT + ' It says "P < 0.05" & more.'
    markup = figures.show(drawn(), words)._repr_mimebundle_()["text/html"]
    svg = ElementTree.fromstring(re.search("<svg.*</svg>", markup, re.DOTALL)[0])
    assert (svg.get("role"), svg.get("aria-label")) == ("img", words)


def test_live_figure_stands_on_white_and_built_figure_does_not(monkeypatch):
    shown = figures.show(drawn(), ALT)
    monkeypatch.delenv("INOBOOK_BUILD", raising=False)
    assert "background:#fff" in shown._repr_mimebundle_()["text/html"]
    monkeypatch.setenv("INOBOOK_BUILD", "1")
    assert "background:#fff" not in shown._repr_mimebundle_()["text/html"]


# --- the SVG text ------------------------------------------------------------------------


def test_every_colour_becomes_a_variable_with_its_own_fallback():
    svg = figures.svg_text(drawn(), salt="colours")
    for colour, variable in figures.COLOUR_VARIABLES.items():
        assert f"var({variable}, {colour})" in svg
    assert not re.findall(r"(?<!, )#[0-9a-f]{6}\b", svg), "a colour that does not follow the page"


def test_every_colour_variable_has_a_light_and_a_dark_value():
    light, dark = re.findall(
        r"html(?:\[data-theme=\"dark\"\])? \{(.*?)\}", STYLE_SHEET.read_text(), re.S
    )
    for colour, variable in figures.COLOUR_VARIABLES.items():
        assert f"{variable}: {colour};" in light
        assert re.search(rf"{variable}: #[0-9a-f]{{6}};", dark)


def test_svg_has_no_date_no_metadata_no_machine_and_no_fixed_size():
    svg = figures.svg_text(drawn(), salt="clean")
    root = ElementTree.fromstring(svg)
    assert svg.startswith("<svg") and svg.endswith("</svg>")
    assert root.get("viewBox") and root.get("width") is None and root.get("height") is None
    for unwanted in (
        "<metadata",
        "<!DOCTYPE",
        "<?xml",
        "dc:date",
        "matplotlib.org",
        str(Path.home()),
    ):
        assert unwanted not in svg
    assert not re.search(r"20\d\d-\d\d-\d\d", svg)
    assert not re.search(r"(?:file:|[A-Z]:\\|/(?:home|root|Users|tmp|usr)/)", svg)


def test_every_identifier_is_one_that_the_picture_refers_to():
    svg = figures.svg_text(drawn(), salt="identifiers")
    own = re.findall(r' id="([^"]+)"', svg)
    referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    assert referred <= set(own)
    assert len(own) == len(set(own))


def test_two_figures_on_a_page_share_no_identifier():
    first, second = (figures.svg_text(drawn(), salt=salt) for salt in ("first", "second"))
    own = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert own[0] and own[1] and not own[0] & own[1]


def test_equal_figures_give_equal_text():
    assert figures.svg_text(drawn(), salt="same") == figures.svg_text(drawn(), salt="same")


@pytest.mark.parametrize("note", ["0.4537", "−0.1250", "P = 0.0004", "1.0000 < 2.50000", "#0b5fa5"])
def test_words_in_a_figure_are_left_as_written(note):
    assert note in drawn_text(figures.svg_text(drawn(note=note), salt="words"))


def test_picture_styles_nothing_but_itself():
    """A style element in an inline picture holds for the page, and restyles it at each state."""
    svg = figures.svg_text(drawn(), salt="own style")
    root = ElementTree.fromstring(svg)
    assert not [each.tag for each in root.iter() if each.tag.endswith("}style")]
    assert root.get("stroke-linejoin") == "round"


def test_coordinates_are_rounded_to_two_decimals():
    svg = figures.svg_text(drawn(), salt="rounded")
    assert not re.search(r'(?:d|x|y|points|transform)="[^"]*\d\.\d{3,}', svg)


def test_text_stays_text():
    assert "Coverage of 22" in drawn_text(figures.svg_text(drawn(note="Coverage of 22"), salt="t"))


# --- axes, counts and survival curves ----------------------------------------------------


def test_percent_axis_runs_to_its_upper_end():
    _, axes = figures.canvas("simulation")
    figures.percent_axis(axes, "Alive", upper=0.4)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "0%",
        "10%",
        "20%",
        "30%",
        "40%",
    ]
    assert (axes.get_ylabel(), axes.get_ylim()[0]) == ("Alive", 0)


def test_patient_whose_follow_up_ends_at_a_tick_still_counts_there():
    assert figures.at_risk_counts([0, 5, 6, 6, 7, 12], [0, 6, 12, 18]) == [6, 4, 1, 0]


def test_numbers_at_risk_are_printed_before_the_events_at_the_tick():
    days = np.array([2, 6, 6, 9, 12]) * DAYS_PER_MONTH
    curve = KaplanMeierFitter().fit(days, [1, 1, 0, 1, 0])
    figure, _ = figures.survival_figure({"InO": curve}, "synthetic patients", 12, 6)
    table = figure.axes[1]
    printed = [text.get_text() for text in table.texts if text.get_text().isdigit()]
    assert printed == ["5", "4", "1"]


def test_survival_curve_is_drawn_as_fitted_and_censored_patients_are_marked():
    months = np.array([2.0, 6, 6, 9, 12])
    curve = KaplanMeierFitter().fit(months * DAYS_PER_MONTH, [1, 1, 0, 1, 0])
    _, axes = figures.survival_figure({"SC": curve}, "synthetic patients", 24, 6)
    step, censored = axes.lines
    assert np.allclose(step.get_xdata(), [0, 2, 6, 9, 12, 12])
    assert np.allclose(step.get_ydata(), [1, 0.8, 0.6, 0.3, 0.3, 0.3])
    assert np.allclose(censored.get_xdata(), [6, 12])
    assert np.allclose(censored.get_ydata(), [0.6, 0.3])
    assert step.get_color() == figures.CHEMOTHERAPY


def test_bands_show_the_curves_own_interval():
    curve = KaplanMeierFitter().fit(np.arange(1, 20) * 30.0, np.ones(19))
    _, axes = figures.survival_figure({"InO": curve}, "synthetic patients", 12, 6, bands=True)
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    lower, upper = curve.confidence_interval_.loc[90.0]
    at_90_days = corners[np.isclose(corners[:, 0], 90 / DAYS_PER_MONTH), 1]
    assert np.isclose(at_90_days, lower).any() and np.isclose(at_90_days, upper).any()


def test_bands_reach_as_far_as_the_curve():
    days = np.array([3.0, 6, 10, 40]) * DAYS_PER_MONTH
    curve = KaplanMeierFitter().fit(days, [1, 1, 0, 0])
    _, axes = figures.survival_figure({"SC": curve}, "synthetic patients", 30, 6, bands=True)
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    at_the_end = corners[np.isclose(corners[:, 0], 30), 1]
    assert axes.lines[0].get_xdata()[-1] == corners[:, 0].max() == 30
    for limit in curve.confidence_interval_.iloc[-1]:
        assert np.isclose(at_the_end, limit).any()


def test_reused_canvas_comes_back_wiped():
    with figures.reused_canvases():
        first, axes = figures.canvas("simulation")
        axes.plot([0, 1], [0, 1])
        axes.fill_between([0, 1], [0, 1])
        axes.text(0.5, 0.5, "before")
        axes.set_title("before")
        figures_own = len(first.texts)
        first.text(0.5, 0.5, "before")
        again, axes = figures.canvas("simulation")
        assert again is first
        assert not [*axes.lines, *axes.collections, *axes.texts]
        assert (axes.get_title(), len(again.texts)) == ("", figures_own)
        assert figures.canvas("reported")[0] is not first
    assert figures.canvas("simulation")[0] is not first
