"""One look for every figure: colours, provenance mark, numbers at risk, written alt text.

Figures leave as inline SVG whose colours are CSS variables, so that one drawing serves light pages,
dark pages and print. No pyplot state is used: each figure is an object of its own.
"""

import html
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from lifelines import KaplanMeierFitter
from matplotlib import cycler, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from inobook.cohorts import DAYS_PER_MONTH

INK = "#1b2733"
MUTED = "#56616d"
GRID = "#d3d9df"
INOTUZUMAB = "#0b5fa5"
CHEMOTHERAPY = "#b0430a"
ACCENT = "#6a3d9a"
HIGHLIGHT = "#8a6100"
WRONG = "#a01652"

BLACK = "#000000"

COLOUR_VARIABLES = {
    INK: "--figure-ink",
    MUTED: "--figure-muted",
    GRID: "--figure-grid",
    INOTUZUMAB: "--figure-inotuzumab",
    CHEMOTHERAPY: "--figure-chemotherapy",
    ACCENT: "--figure-accent",
    HIGHLIGHT: "--figure-highlight",
    WRONG: "--figure-wrong",
}
ARM_COLOURS = {"InO": INOTUZUMAB, "SC": CHEMOTHERAPY}

_drawn_before: ContextVar[dict[Any, Any] | None] = ContextVar("_drawn_before", default=None)

BUILD_VARIABLE = "INOBOOK_BUILD"
CYCLE = (INOTUZUMAB, CHEMOTHERAPY, ACCENT, HIGHLIGHT)
PROVENANCES = ("reported", "synthetic patients", "simulation", "calculation")
SHORTEST_ALT = 40
WIDTH_INCHES = 4.8

STYLE = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "font.family": "sans-serif",
    "font.size": 11.5,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


class FigureError(ValueError):
    """A figure that may not be shown: no provenance mark, or no alt text worth reading."""


def building() -> bool:
    """Tell whether the book is being built, as against read in a live notebook."""
    return os.environ.get(BUILD_VARIABLE) == "1"


def canvas(
    provenance: str,
    height: float = 3.2,
    rows: int = 1,
    columns: int = 1,
    left: float = 0.74,
    right: float = 0.12,
    bottom: float = 0.5,
    **grid: Any,
) -> tuple[Figure, Any]:
    """Return a figure of the book's width, with its provenance mark, and its axes.

    Args:
        provenance: where the drawn numbers come from; one of ``PROVENANCES``.
        height: height in inches; the width is ``WIDTH_INCHES``.
        rows: rows of axes.
        columns: columns of axes.
        left: room left of the axes for tick labels, in inches.
        right: room right of the axes, in inches.
        bottom: room below the axes for tick labels, in inches.
        **grid: passed on to ``Figure.subplots`` (``height_ratios``, ``sharex``, ...); ``hspace`` is
            the gap between rows, as a share of their mean height.

    Returns:
        The figure, and one ``Axes`` or an array of them of shape (rows, columns), squeezed.

    Raises:
        FigureError: the provenance is not one of those that the book knows.
    """
    if provenance not in PROVENANCES:
        raise FigureError(f"Provenance {provenance!r} is unknown; use one of {PROVENANCES}.")
    drawn = _drawn_before.get()
    if drawn is None:
        return _new_canvas(provenance, height, rows, columns, left, right, bottom, grid)
    shape = (provenance, height, rows, columns, left, right, bottom, repr(grid))
    if shape in drawn:
        _wipe(drawn[shape][0])
    else:
        drawn[shape] = _new_canvas(provenance, height, rows, columns, left, right, bottom, grid)
    return drawn[shape]


@contextmanager
def reused_canvases() -> Iterator[None]:
    """Let ``canvas`` hand out the same figure again, wiped, instead of a new one.

    Axes and their ticks are the costly part of a small figure. Inside this context a figure is
    valid until the next call of ``canvas`` with the same shape; save it before.
    """
    token = _drawn_before.set({})
    try:
        yield
    finally:
        _drawn_before.reset(token)


def _wipe(figure: Figure) -> None:
    for text in figure.texts[1:]:
        text.remove()
    for axes in figure.axes:
        for artist in [*axes.lines, *axes.collections, *axes.patches, *axes.texts, *axes.images]:
            artist.remove()
        axes.set_title("")
        axes.set_prop_cycle(color=CYCLE)


def _new_canvas(
    provenance: str,
    height: float,
    rows: int,
    columns: int,
    left: float,
    right: float,
    bottom: float,
    grid: Mapping[str, Any],
) -> tuple[Figure, Any]:
    grid = dict(grid)
    gap = grid.pop("hspace", 0.34)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, height))
        FigureCanvasSVG(figure)
        figure.subplots_adjust(
            left=left / WIDTH_INCHES,
            right=1 - right / WIDTH_INCHES,
            bottom=bottom / height,
            top=1 - 0.34 / height,
            hspace=gap,
        )
        axes = figure.subplots(rows, columns, **grid)
    figure.provenance = provenance
    figure.text(
        1.0,
        1.0,
        provenance.upper(),
        ha="right",
        va="top",
        fontsize=10,
        color=MUTED,
        fontweight="bold",
        zorder=10,
    )
    return figure, axes


def percent_axis(axes: Axes, label: str, upper: float = 1.0) -> None:
    """Give ``axes`` a vertical scale of proportions from 0 to ``upper``, printed as per cent."""
    axes.set_ylim(0, upper * 1.02)
    ticks = np.linspace(0, upper, 5)
    axes.set_yticks(ticks, [f"{100 * tick:g}%" for tick in ticks])
    axes.set_ylabel(label)


def at_risk_counts(durations: Sequence[float], ticks: Sequence[float]) -> list[int]:
    """Count the patients still at risk just before each tick.

    A patient whose follow-up ends at the tick itself counts as at risk there, as in trial reports.

    Args:
        durations: follow-up of each patient, shape (n,), in the unit of the ticks.
        ticks: times at which to count, shape (k,).

    Returns:
        k whole numbers.
    """
    follow_up = np.asarray(durations, dtype=float)
    return [int(np.sum(follow_up >= tick)) for tick in ticks]


def survival_figure(
    curves: Mapping[str, KaplanMeierFitter],
    provenance: str,
    until_months: float = 24,
    every_months: float = 6,
    label: str = "Alive",
    bands: bool = False,
    height: float = 3.7,
    label_at: Mapping[str, tuple[float, float]] | None = None,
    colours: Mapping[str, str] | None = None,
) -> tuple[Figure, Axes]:
    """Draw fitted Kaplan-Meier curves with censoring marks and numbers at risk.

    Args:
        curves: name of each group and its fitted curve; durations in days.
        provenance: one of ``PROVENANCES``.
        until_months: end of the time axis, in months.
        every_months: distance of the ticks, in months.
        label: what the proportion on the vertical axis is.
        bands: whether to shade each fitter's own confidence interval.
        height: height of the figure in inches.
        label_at: where to write a group's name, as (months, proportion); by default by its curve.
        colours: colour of each group; by default the colour of the arm.

    Returns:
        The figure and the axes of the curves.
    """
    figure, (axes, table) = canvas(
        provenance,
        height=height,
        rows=2,
        bottom=0.08,
        height_ratios=[1, 0.08 + 0.06 * len(curves)],
        hspace=0.42,
    )
    colours = {**ARM_COLOURS, **(colours or {})}
    ticks = np.arange(0, until_months + every_months / 2, every_months)
    for position, (name, fitter) in enumerate(curves.items()):
        colour = colours.get(name, ACCENT)
        _draw_curve(axes, fitter, colour, until_months, bands)
        months, proportion = (label_at or {}).get(name, _free_spot(fitter, position, until_months))
        axes.text(months, proportion, name, color=colour, fontweight="bold", fontsize=11.5)
        counts = at_risk_counts(fitter.durations, ticks * DAYS_PER_MONTH)
        for tick, count in zip(ticks, counts, strict=True):
            table.text(tick, -position, str(count), ha="center", va="center", fontsize=11)
        table.text(
            -0.03, -position, name, ha="right", va="center", color=colour, fontweight="bold",
            fontsize=11, transform=table.get_yaxis_transform(),
        )  # fmt: skip
    percent_axis(axes, label)
    axes.yaxis.labelpad = 0
    for each in (axes, table):
        each.set_xlim(-0.02 * until_months, until_months * 1.03)
    axes.set_xticks(ticks)
    axes.set_xlabel("Months from randomisation")
    axes.grid(True, axis="y")
    table.set_ylim(-len(curves) + 0.4, 0.7)
    table.set_title("At risk", fontsize=10.5, loc="left", color=INK, pad=1)
    table.axis("off")
    return figure, axes


def _draw_curve(
    axes: Axes, fitter: KaplanMeierFitter, colour: str, until_months: float, bands: bool
) -> None:
    curve = fitter.survival_function_.iloc[:, 0]
    curve = curve[curve.index <= until_months * DAYS_PER_MONTH]
    months = np.append(curve.index.to_numpy(dtype=float) / DAYS_PER_MONTH, 0)
    last = min(float(np.max(fitter.durations)) / DAYS_PER_MONTH, until_months)
    months[-1] = max(last, months[-2])
    alive = np.append(curve.to_numpy(), curve.iloc[-1])
    axes.step(months, alive, where="post", color=colour, solid_joinstyle="miter", zorder=3)
    counts = fitter.event_table
    censored = counts.index[(counts["censored"] > 0) & (counts.index > 0)]
    censored = censored[censored <= until_months * DAYS_PER_MONTH]
    axes.plot(
        censored / DAYS_PER_MONTH, fitter.predict(censored) if len(censored) else [], "|",
        color=colour, markersize=7, markeredgewidth=1.1, zorder=4,
    )  # fmt: skip
    if bands:
        interval = fitter.confidence_interval_
        interval = interval[interval.index <= until_months * DAYS_PER_MONTH]
        limits = np.vstack([interval.to_numpy(), interval.to_numpy()[-1:]])
        axes.fill_between(
            np.append(interval.index / DAYS_PER_MONTH, months[-1]), limits[:, 0], limits[:, 1],
            step="post", color=colour, alpha=0.16, linewidth=0, zorder=2,
        )  # fmt: skip


def _free_spot(
    fitter: KaplanMeierFitter, position: int, until_months: float
) -> tuple[float, float]:
    months = until_months * (0.28 + 0.16 * position)
    alive = float(fitter.predict(months * DAYS_PER_MONTH))
    return months, min(alive + 0.07, 0.97)


TAG = re.compile(r"<[^>]*>")
NUMBER = re.compile(r"-?\d+\.\d{3,}")
FONT = re.compile(r"'DejaVu Sans'[^;\"]*sans-serif")
OWN_ID = re.compile(r' id="[A-Za-z][A-Za-z0-9.]*_\d+"')
PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
PAGE_WIDE_STYLE = re.compile(r"<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>")
SIZE = re.compile(r'(<svg [^>]*?)width="[\d.]+pt"([^>]*?)', re.DOTALL)
HEIGHT = re.compile(r'(<svg [^>]*?) height="[\d.]+pt"', re.DOTALL)
COLOUR = re.compile("|".join(COLOUR_VARIABLES))
HEX = re.compile(r"#[0-9a-f]{6}\b")
FALLBACK = re.compile(r"var\(--figure-[a-z]+, #[0-9a-f]{6}\)")
WHITE = "#ffffff"
SPACE = re.compile(r">\s+<")


def svg_text(figure: Figure, salt: str) -> str:
    """Return ``figure`` as SVG text that can stand inside a page.

    The text has no date, no machine's name and no identifier of its own but those it refers to;
    equal figures with an equal salt give equal text.

    Args:
        figure: a figure made by ``canvas``.
        salt: a name, unique on its page, that keeps identifiers of different figures apart.

    Raises:
        FigureError: the figure has no provenance mark.
    """
    if getattr(figure, "provenance", None) not in PROVENANCES:
        raise FigureError("The figure has no provenance mark: make it with figures.canvas().")
    drawn = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": salt}):
        figure.savefig(
            drawn,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    text = METADATA.sub("", PROLOG.sub("", drawn.getvalue()))
    # A style element would hold for the whole page and cost a restyling of it at each new state.
    text = PAGE_WIDE_STYLE.sub("", text).replace("<svg ", '<svg stroke-linejoin="round" ', 1)
    text = HEIGHT.sub(r"\1", SIZE.sub(r"\1\2", text, count=1), count=1)
    text = SPACE.sub("><", TAG.sub(_page_tag, text)).strip()
    tags = "".join(TAG.findall(text))
    strange = set(HEX.findall(FALLBACK.sub("", tags))) - {WHITE}
    if strange:
        raise FigureError(
            f"The figure uses {', '.join(sorted(strange))}, which dark pages cannot show: take a "
            "colour of inobook.figures."
        )
    return text


def _page_tag(found: re.Match[str]) -> str:
    tag = OWN_ID.sub("", found[0]).replace(BLACK, INK)
    tag = NUMBER.sub(_two_decimals, tag)
    tag = FONT.sub("var(--figure-font, sans-serif)", tag)
    return COLOUR.sub(lambda colour: f"var({COLOUR_VARIABLES[colour[0]]}, {colour[0]})", tag)


def _two_decimals(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def described_svg(svg: str, description: str) -> str:
    """Return ``svg`` as an image with ``description`` as its text alternative."""
    words = html.escape(description, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)


class ShownFigure:
    """A figure as a notebook shows it: inline SVG with a written description."""

    def __init__(self, svg: str, alt: str) -> None:
        self.html = f'<div class="book-figure">{described_svg(svg, alt)}</div>'
        self.alt = alt

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": on_paper(self.html), "text/plain": f"Figure: {self.alt}"}


def on_paper(inner: str) -> str:
    """Return ``inner`` on a white ground where the notebook, not the book, is the page."""
    if building():
        return inner
    return f'<div style="background:#fff;color:{INK};max-width:38rem;padding:.5rem">{inner}</div>'


def show(figure: Figure, alt: str) -> ShownFigure:
    """Show a figure in its cell's output.

    Args:
        figure: a figure made by ``canvas`` or ``survival_figure``.
        alt: what a reader who cannot see the figure should know; at least 40 characters.

    Raises:
        FigureError: the description is missing, too short or a file's name, or the figure has no
            provenance mark.
    """
    words = alt.strip()
    if len(words) < SHORTEST_ALT or " " not in words:
        raise FigureError(
            f"The alt text {words!r} is too short: say in {SHORTEST_ALT} characters or more what "
            "the figure shows."
        )
    return ShownFigure(svg_text(figure, salt=words), words)
