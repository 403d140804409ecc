"""The explorer: one pure function of a few controls, alive in a kernel, a built page and tests.

    @explore(
        "How wide is the interval?",
        patients=Control("Patients", range(10, 60, 10), default=20),
    )
    def interval_width(patients):
        ...
        return figure, "With 20 patients the interval is 40 points wide."

    interval_width

In a live notebook the last line shows ipywidgets. While the book is being built it becomes a
``<figure>`` with native controls that holds every state: no kernel, no network.
"""

import base64
import gzip
import html
import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import ipywidgets
from matplotlib.figure import Figure

from inobook import figures

MOST_STATES = 400
SHORTEST_SENTENCE = 40

Drawing = tuple[Figure, str]


class ExplorerError(ValueError):
    """An explorer that would not work; the message names the control and the rule."""


@dataclass(frozen=True)
class Control:
    """One assumption that the reader sets.

    Attributes:
        label: the words beside the control.
        values: two or more values, all numbers (a slider) or all text (a list to choose from).
        default: the value shown first; one of the values.
        unit: written after the value (``"months"``, ``"%"``).
        form: format of a number, as in ``format(value, form)``.
    """

    label: str
    values: tuple[Any, ...]
    default: Any
    unit: str = ""
    form: str = ""
    shown: tuple[str, ...] = field(init=False)

    def __init__(
        self, label: str, values: Iterable[Any], default: Any, unit: str = "", form: str = ""
    ) -> None:
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "values", tuple(values))
        object.__setattr__(self, "default", default)
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "form", form)
        self._check()
        object.__setattr__(self, "shown", tuple(self._text(value) for value in self.values))
        if len(set(self.shown)) < len(self.shown):
            raise ExplorerError(f"Control {label!r}: two values read the same: {self.shown}.")

    @property
    def is_choice(self) -> bool:
        """Whether the values are words to choose from rather than numbers to slide over."""
        return isinstance(self.values[0], str)

    @property
    def default_position(self) -> int:
        """Position of the default among the values."""
        return self.values.index(self.default)

    def _check(self) -> None:
        if not isinstance(self.label, str) or not self.label.strip():
            raise ExplorerError(f"A control with the values {self.values} has no label.")
        if len(self.values) < 2:
            raise ExplorerError(f"Control {self.label!r} has fewer than two values: {self.values}.")
        words = [isinstance(value, str) for value in self.values]
        numbers = [isinstance(value, Real) and math.isfinite(value) for value in self.values]
        if not (all(words) or all(numbers)):
            raise ExplorerError(
                f"Control {self.label!r}: values must be all numbers or all text: {self.values}."
            )
        if self.default not in self.values:
            raise ExplorerError(
                f"Control {self.label!r}: the default {self.default!r} is outside its values "
                f"{self.values}."
            )

    def _text(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        number = format(value, self.form)
        if not self.unit:
            return number
        space = "" if self.unit.startswith("%") else " "
        return f"{number}{space}{self.unit}"


class Explorer:
    """A function of controls that returns a figure and a sentence, ready to be shown.

    Calling it calls the function. As the last line of a cell it shows itself: widgets in a live
    notebook, a self-contained figure in the built book.
    """

    def __init__(
        self, draw: Callable[..., Drawing], title: str, controls: Mapping[str, Control]
    ) -> None:
        self.draw = draw
        self.title = title
        self.controls = dict(controls)
        self.name = draw.__name__.replace("_", "-")
        self.__doc__ = draw.__doc__
        self._check()

    def __call__(self, **settings: Any) -> Drawing:
        """Draw the state of ``settings``; a control left out takes its default.

        Raises:
            ExplorerError: an unknown control, a value that the control does not have, a function
                that raises, or one that returns anything but a figure and a sentence.
        """
        state = {name: control.default for name, control in self.controls.items()}
        for name, value in settings.items():
            if name not in self.controls:
                raise ExplorerError(
                    f"Explorer {self.name!r} has no control {name!r}; it has "
                    f"{', '.join(self.controls)}."
                )
            if value not in self.controls[name].values:
                raise ExplorerError(
                    f"Explorer {self.name!r}, control {self.controls[name].label!r}: {value!r} is "
                    f"not one of {self.controls[name].values}."
                )
            state[name] = value
        return self._drawn(state)

    def states(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of values, the last control changing fastest."""
        every = itertools.product(*(control.values for control in self.controls.values()))
        for values in every:
            yield dict(zip(self.controls, values, strict=True))

    def _check(self) -> None:
        if not self.title.strip():
            raise ExplorerError(f"Explorer {self.name!r} has no title.")
        if not self.controls:
            raise ExplorerError(f"Explorer {self.name!r} has no control.")
        for name, control in self.controls.items():
            if not isinstance(control, Control):
                raise ExplorerError(
                    f"Explorer {self.name!r}: {name} must be a Control, not {control!r}."
                )
        count = math.prod(len(control.values) for control in self.controls.values())
        if count > MOST_STATES:
            raise ExplorerError(
                f"Explorer {self.name!r} has {count} states; the most is {MOST_STATES}. "
                "Give a control fewer values."
            )

    def _drawn(self, state: Mapping[str, Any]) -> Drawing:
        where = ", ".join(f"{name}={value!r}" for name, value in state.items())
        try:
            drawing = self.draw(**state)
        except Exception as fault:
            raise ExplorerError(f"Explorer {self.name!r} fails at {where}: {fault}") from fault
        match drawing:
            case (Figure() as figure, str() as sentence) if len(sentence) >= SHORTEST_SENTENCE:
                return figure, sentence
        raise ExplorerError(
            f"Explorer {self.name!r} at {where} must return a figure and a sentence of at least "
            f"{SHORTEST_SENTENCE} characters."
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if figures.building():
            return {"text/html": self.page_html(), "text/plain": self.title}
        return self.widget()._repr_mimebundle_()

    def widget(self) -> ipywidgets.Widget:
        """Return live controls with the figure and its sentence below them."""
        choosers = {name: _live_control(control) for name, control in self.controls.items()}
        picture, words = ipywidgets.HTML(), ipywidgets.HTML()

        def redraw(_: Any = None) -> None:
            state = {name: chooser.value for name, chooser in choosers.items()}
            figure, sentence = self._drawn(state)
            svg = figures.svg_text(figure, salt=self.name)
            picture.value = figures.on_paper(figures.described_svg(svg, sentence))
            words.value = f'<p aria-live="polite">{html.escape(sentence)}</p>'

        redraw()
        for chooser in choosers.values():
            chooser.observe(redraw, names="value")
        heading = ipywidgets.HTML(f"<strong>{html.escape(self.title)}</strong>")
        return ipywidgets.VBox([heading, *choosers.values(), picture, words])

    def _all_drawn(self) -> tuple[list[str], list[str]]:
        """Draw every state on reused canvases, then check that reuse left no trace."""
        svgs, sentences = [], []
        with figures.reused_canvases():
            for state in self.states():
                figure, sentence = self._drawn(state)
                svgs.append(figures.svg_text(figure, salt=self.name))
                sentences.append(sentence)
        for position, state in list(enumerate(self.states()))[:: max(len(svgs) // 4, 1)]:
            figure, sentence = self._drawn(state)
            if (figures.svg_text(figure, salt=self.name), sentence) != (
                svgs[position],
                sentences[position],
            ):
                raise ExplorerError(
                    f"Explorer {self.name!r} at {state} depends on what was drawn before: set "
                    "every limit, tick and label in each call."
                )
        return svgs, sentences

    def _position(self, state: Mapping[str, Any]) -> int:
        position = 0
        for name, control in self.controls.items():
            position = position * len(control.values) + control.values.index(state[name])
        return position

    def page_html(self) -> str:
        """Return the explorer as one HTML figure that holds all its states."""
        svgs, sentences = self._all_drawn()
        shown_first = self._position(
            {name: control.default for name, control in self.controls.items()}
        )
        packed = _packed({"svgs": svgs, "sentences": sentences})
        anchor = f"explorer-{self.name}"
        controls = "".join(
            _page_control(anchor, name, control) for name, control in self.controls.items()
        )
        first = figures.described_svg(svgs[shown_first], sentences[shown_first])
        return (
            f'<figure class="explorer" id="{anchor}" aria-labelledby="{anchor}-title">'
            f'<p class="explorer-title" id="{anchor}-title">{html.escape(self.title)}</p>'
            f'<div class="explorer-controls">{controls}</div>'
            "<noscript><p>The controls need JavaScript. The figure shows the default "
            "assumptions.</p></noscript>"
            f'<div class="explorer-picture">{first}</div>'
            f'<figcaption class="explorer-sentence" aria-live="polite">'
            f"{html.escape(sentences[shown_first])}</figcaption>"
            f'<script type="application/json" class="explorer-states" '
            f'data-count="{len(svgs)}">"{packed}"</script>'
            "</figure>"
        )


def explore(title: str, **controls: Control) -> Callable[[Callable[..., Drawing]], Explorer]:
    """Turn a function of the named controls into an explorer.

    Args:
        title: the question that the explorer answers, shown above its controls.
        **controls: one ``Control`` for each argument of the function, in the order shown.

    Raises:
        ExplorerError: no control, a faulty control, or more than 400 states.
    """
    return lambda draw: Explorer(draw, title, controls)


def _live_control(control: Control) -> ipywidgets.Widget:
    options = list(zip(control.shown, control.values, strict=True))
    kind = ipywidgets.Dropdown if control.is_choice else ipywidgets.SelectionSlider
    return kind(
        options=options,
        value=control.default,
        description=control.label,
        style={"description_width": "initial"},
        layout=ipywidgets.Layout(width="32rem", max_width="100%"),
    )


def _page_control(anchor: str, name: str, control: Control) -> str:
    own_id = f"{anchor}-{re.sub('[^a-z0-9]+', '-', name.lower())}"
    label = f'<label for="{own_id}">{html.escape(control.label)}</label>'
    texts = html.escape(json.dumps(control.shown, ensure_ascii=False), quote=True)
    start = control.default_position
    shared = (
        f'id="{own_id}" data-control="{html.escape(name, quote=True)}" data-shown="{texts}" '
        'autocomplete="off" data-lm-suppress-shortcuts="true" disabled'
    )
    if control.is_choice:
        options = "".join(
            f'<option value="{position}"{" selected" if position == start else ""}>'
            f"{html.escape(text)}</option>"
            for position, text in enumerate(control.shown)
        )
        chooser = f"<select {shared}>{options}</select>"
    else:
        chooser = (
            f'<input type="range" {shared} min="0" max="{len(control.values) - 1}" step="1" '
            f'value="{start}" aria-valuetext="{html.escape(control.shown[start], quote=True)}">'
        )
    value = f'<output for="{own_id}">{html.escape(control.shown[start])}</output>'
    return f'<div class="explorer-control">{label}{value}{chooser}</div>'


def _packed(states: Mapping[str, list[str]]) -> str:
    text = json.dumps(states, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()
