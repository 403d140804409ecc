"""Published results, one a row of ``data/published_results.csv``, with what was printed and where.

Numbers are kept as the source printed them: the precision of ``73``, ``8.70`` or ``<0.001`` is read
from the text, and a recomputed number agrees when it lies within half a unit of the last digit.
"""

import csv
import difflib
import html
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from inobook.paths import data_folder

COLUMNS = (
    "id",
    "study",
    "population",
    "arm",
    "endpoint",
    "n",
    "events",
    "estimate",
    "unit",
    "ci_low",
    "ci_high",
    "ci_level",
    "p_value",
    "p_sides",
    "citation",
    "basis",
    "note",
)
NUMBER_FIELDS = ("estimate", "ci_low", "ci_high", "n", "events", "p_value")
BASES = ("printed", "derived count", "derived percentage")
CI_LEVELS = ("", "95", "97.5", "range")
FILE_NAME = "published_results.csv"
REFERENCES = Path(__file__).resolve().parents[1] / "references.bib"
FLOATING_POINT_SLACK = 1e-9

_NUMBER = re.compile(r"(?P<bound>[<>]?)(?P<digits>-?\d+(?:\.(?P<fraction>\d+))?)")
_COUNT = re.compile(r"\d+")
_IDENTIFIER = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")
_CITATION_KEY = re.compile(r"[a-z0-9_]+")
_NOT_ESTIMABLE = "NE"


class PublishedResultsError(ValueError):
    """The file of published results breaks a rule; the message names file, line and rule."""


class UnknownResultError(KeyError):
    """No published result has the id that was asked for; the message names the nearest ids."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class PrintedNumber:
    """A number as its source printed it.

    Attributes:
        printed: the text, such as ``"8.7"``, ``"<0.001"`` or ``"NE"`` (not estimable).
        value: the number in that text; infinity for ``"NE"``.
        decimals: how many digits stand after the decimal point.
        tolerance: half a unit of the last printed digit, in the number's own unit.
        bound: ``"<"`` or ``">"`` where the source printed only a bound, else empty.
    """

    printed: str
    value: float
    decimals: int
    tolerance: float
    bound: str = ""

    @classmethod
    def read(cls, text: str) -> "PrintedNumber":
        """Read a printed number and its precision from its text.

        Raises:
            ValueError: the text is not a number, a bound or ``NE``.
        """
        if text == _NOT_ESTIMABLE:
            return cls(text, math.inf, 0, 0.0)
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a printed number")
        decimals = len(match["fraction"] or "")
        return cls(text, float(match["digits"]), decimals, 0.5 * 10**-decimals, match["bound"])


@dataclass(frozen=True)
class PublishedResult:
    """One published result: a row of the file, typed, with its printed texts kept.

    Percentages are in per cent, times in the unit of ``unit``. ``ci_level`` is ``"95"``,
    ``"97.5"``, ``"range"`` (the bounds are a range, not a confidence interval) or empty. Of a
    printed bound such as ``<0.001``, ``p_value`` keeps the number and ``field("p_value")`` both.
    ``citation`` holds the keys of book/references.bib. ``basis`` is one of ``BASES``: in a row with
    a derived count the source prints the percentage only, in one with a derived percentage it
    prints the counts only.
    """

    id: str
    study: str
    population: str
    arm: str
    endpoint: str
    n: int | None
    events: int | None
    estimate: float
    unit: str
    ci_low: float | None
    ci_high: float | None
    ci_level: str
    p_value: float | None
    p_sides: int | None
    citation: tuple[str, ...]
    basis: str
    note: str
    texts: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def printed(self) -> str:
        """The estimate as printed."""
        return self.texts["estimate"]

    @property
    def decimals(self) -> int:
        """Digits after the decimal point of the printed estimate."""
        return self.field("estimate").decimals

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit of the estimate."""
        return self.field("estimate").tolerance

    @property
    def confidence_level(self) -> float | None:
        """Level of the interval as a fraction (0.95, 0.975); None for a range or no interval."""
        return None if self.ci_level in ("", "range") else float(self.ci_level) / 100

    def field(self, name: str) -> PrintedNumber:
        """Return one number of the row with its printed precision.

        Args:
            name: one of ``NUMBER_FIELDS``.

        Raises:
            KeyError: the name is none of these.
            ValueError: the source printed no such number; the message names the row.
        """
        if name not in NUMBER_FIELDS:
            raise KeyError(
                f"{name!r} is no number of a published result: {', '.join(NUMBER_FIELDS)}"
            )
        if not self.texts[name]:
            raise ValueError(f"Published result {self.id} has no {name}.")
        return PrintedNumber.read(self.texts[name])


def printed(value: float, decimals: int) -> str:
    """Write a number as a journal prints it: halves away from zero, trailing zeros kept.

    ``printed(81.25, 0)`` is ``"81"`` and ``printed(62.5, 0)`` is ``"63"``; Python's own ``round``
    would give 62 for the second, since it rounds halves to the even digit.
    """
    unit = Decimal(1).scaleb(-decimals)
    return str(Decimal(repr(float(value))).quantize(unit, rounding=ROUND_HALF_UP))


def agrees(recomputed: float, reported: PrintedNumber) -> bool:
    """Tell whether a recomputed number agrees with a printed one to the printed precision.

    They agree when they differ by no more than half a unit of the last printed digit (plus 1e-9 for
    floating point): 81.25 agrees with a printed 81, 72.73 with 73, 81.6 does not agree with 81.
    A value that lies exactly on a half, such as 62.5, agrees with both 62 and 63, because sources
    differ in how they round it. Against a printed bound (``<0.001``) the recomputed number must
    satisfy the bound; against ``NE`` it must be infinite.
    """
    if reported.bound == "<":
        return recomputed < reported.value
    if reported.bound == ">":
        return recomputed > reported.value
    if math.isinf(reported.value):
        return recomputed == reported.value
    return abs(recomputed - reported.value) <= reported.tolerance + FLOATING_POINT_SLACK


def result(id: str) -> PublishedResult:
    """Return the published result with this id.

    Raises:
        UnknownResultError: there is none; the message names the nearest ids.
        PublishedResultsError: the file breaks a rule.
    """
    known = _all_results()
    if id in known:
        return known[id]
    nearest = difflib.get_close_matches(str(id), known, n=4, cutoff=0.5)
    advice = f"Nearest: {', '.join(nearest)}." if nearest else "No id resembles it."
    raise UnknownResultError(f"No published result has the id {id!r}. {advice}")


def results() -> pd.DataFrame:
    """Return all published results as printed: one row a result, index ``id``, texts in each cell.

    Empty cells are empty strings. A new frame is returned on each call.

    Raises:
        PublishedResultsError: the file breaks a rule.
    """
    rows = [dict(each.texts) for each in _all_results().values()]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=str).set_index("id")


class CardTable(pd.DataFrame):
    """A table as a page shows it: on a phone each row becomes a card.

    A data frame in every other respect.
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.columns)
        rows = "".join(_card(self.columns, row) for row in self.itertuples(index=False))
        return (
            '<table class="dataframe published-results row-cards">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )


def _card(names: Iterable[str], texts: Iterable[str]) -> str:
    cells = "".join(
        f'<td data-column="{html.escape(name)}">{html.escape(text)}</td>'
        for name, text in zip(names, texts, strict=True)
    )
    return f"<tr>{cells}</tr>"


def table(*ids: str) -> CardTable:
    """Return published results ready for display, in the order asked for.

    Returns:
        A frame with the text columns Endpoint, Population, Arm, Reported (estimate with counts or
        unit; a count that the source does not print is marked as derived), Interval (with its
        level) and Source (authors and year), one row an id.

    Raises:
        ValueError: no id is given.
        UnknownResultError: an id is unknown.
    """
    if not ids:
        raise ValueError("published.table needs at least one id, such as '1022.ph.ino.cr_cri'.")
    chosen = [result(each) for each in ids]
    return CardTable(
        {
            "Endpoint": [each.endpoint for each in chosen],
            "Population": [f"{each.study}, {each.population}" for each in chosen],
            "Arm": [each.arm for each in chosen],
            "Reported": [_with_unit(each) for each in chosen],
            "Interval": [_interval(each) for each in chosen],
            "Source": ["; ".join(map(short_citation, each.citation)) for each in chosen],
        }
    )


def short_citation(key: str) -> str:
    """Return a reference's short form, authors and year, from book/references.bib.

    Examples: ``Stock et al. 2021``, ``Clopper and Pearson 1934``; a label or a registry entry has
    a short title of its own.

    Raises:
        KeyError: the key is not in the file.
        FileNotFoundError: the file does not stand beside the package.
    """
    stamp = REFERENCES.stat()
    known = _short_citations(str(REFERENCES), stamp.st_mtime_ns, stamp.st_size)
    if key not in known:
        raise KeyError(f"{REFERENCES.name} has no reference {key!r}")
    return known[key]


def _with_unit(each: PublishedResult) -> str:
    derived = ", derived" if each.basis == "derived count" else ""
    counts = f" ({each.events}/{each.n}{derived})" if each.events is not None and each.n else ""
    if each.unit == "%":
        return f"{each.printed}%{counts}"
    return each.printed if each.unit == "HR" else f"{each.printed} {each.unit}"


def _interval(each: PublishedResult) -> str:
    if not each.ci_level:
        return ""
    name = "range" if each.ci_level == "range" else f"{each.ci_level}% CI"
    return f"{name} {each.texts['ci_low']} to {each.texts['ci_high']}"


def _all_results() -> dict[str, PublishedResult]:
    path = data_folder() / FILE_NAME
    if not path.is_file():
        raise PublishedResultsError(f"{path}: the file of published results does not exist.")
    stamp = path.stat()
    return _read(str(path), stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=8)
def _read(path: str, modified_ns: int, size: int) -> dict[str, PublishedResult]:
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        found: dict[str, PublishedResult] = {}
        try:
            _check_header(path, reader.fieldnames)
            for cells in reader:
                _add(found, cells, f"{path}, line {reader.line_num}")
        except (csv.Error, UnicodeDecodeError) as error:
            raise PublishedResultsError(f"{path}, line {reader.line_num}: {error}.") from error
    if not found:
        raise PublishedResultsError(f"{path}, line 2: the file has no result.")
    return found


def _check_header(path: str, header: list[str] | None) -> None:
    place = f"{path}, line 1"
    if not header:
        raise PublishedResultsError(f"{place}: the file is empty; it needs a header.")
    if missing := [name for name in COLUMNS if name not in header]:
        raise PublishedResultsError(f"{place}: missing columns: {', '.join(missing)}.")
    if foreign := [name for name in header if name not in COLUMNS]:
        raise PublishedResultsError(f"{place}: unknown columns: {', '.join(foreign)}.")
    if len(header) != len(COLUMNS):
        raise PublishedResultsError(f"{place}: a column is named twice.")


def _add(found: dict[str, PublishedResult], cells: dict, place: str) -> None:
    if None in cells or None in cells.values():
        raise PublishedResultsError(f"{place}: the row has not {len(COLUMNS)} cells.")
    texts = {name: cells[name].strip() for name in COLUMNS}
    place = f"{place} ({texts['id'] or 'no id'})"
    for rule, holds in _RULES.items():
        if not holds(texts):
            raise PublishedResultsError(f"{place}: {rule}.")
    if texts["id"] in found:
        raise PublishedResultsError(f"{place}: the id is used twice.")
    found[texts["id"]] = _typed(texts)


def _typed(texts: dict[str, str]) -> PublishedResult:
    numbers = {
        name: PrintedNumber.read(texts[name]).value if texts[name] else None
        for name in NUMBER_FIELDS
    }
    counts = {
        name: int(texts[name]) if texts[name] else None for name in ("n", "events", "p_sides")
    }
    keys = tuple(key.strip() for key in texts["citation"].split(";"))
    return PublishedResult(
        **{**texts, **numbers, **counts, "citation": keys}, texts=MappingProxyType(texts)
    )


def _reads(text: str, *, bound: bool = False, not_estimable: bool = False) -> bool:
    try:
        number = PrintedNumber.read(text)
    except ValueError:
        return False
    return (bound or not number.bound) and (not_estimable or text != _NOT_ESTIMABLE)


def _value(text: str) -> float:
    return PrintedNumber.read(text).value


# In this order: a rule may rely on the rules above it.
_RULES: dict[str, Callable[[dict[str, str]], bool]] = {
    "the id must be lower case and dotted, such as 1022.ph.ino.cr_cri": lambda row: bool(
        _IDENTIFIER.fullmatch(row["id"])
    ),
    "study, population, arm, endpoint and unit must not be empty": lambda row: all(
        row[name] for name in ("study", "population", "arm", "endpoint", "unit")
    ),
    "the estimate must be a number": lambda row: _reads(row["estimate"]),
    "n and events must be whole numbers or empty": lambda row: all(
        not row[name] or _COUNT.fullmatch(row[name]) for name in ("n", "events")
    ),
    "events need n": lambda row: not row["events"] or bool(row["n"]),
    "events must not exceed n": lambda row: (
        not row["events"] or int(row["events"]) <= int(row["n"])
    ),
    "a percentage must lie between 0 and 100": lambda row: (
        row["unit"] != "%" or 0 <= _value(row["estimate"]) <= 100
    ),
    f"ci_level must be one of {', '.join(filter(None, CI_LEVELS))} or empty": lambda row: (
        row["ci_level"] in CI_LEVELS
    ),
    "ci_low, ci_high and ci_level must be given together or not at all": lambda row: (
        len({bool(row[name]) for name in ("ci_low", "ci_high", "ci_level")}) == 1
    ),
    "ci_low must be a number and ci_high a number or NE": lambda row: (
        not row["ci_level"]
        or (_reads(row["ci_low"]) and _reads(row["ci_high"], not_estimable=True))
    ),
    "ci_low must not exceed ci_high": lambda row: (
        not row["ci_level"] or _value(row["ci_low"]) <= _value(row["ci_high"])
    ),
    "the estimate must lie within its interval": lambda row: (
        not row["ci_level"]
        or _value(row["ci_low"]) <= _value(row["estimate"]) <= _value(row["ci_high"])
    ),
    "p_value must be a probability or a bound such as <0.001, or empty": lambda row: (
        not row["p_value"]
        or (_reads(row["p_value"], bound=True) and 0 <= _value(row["p_value"]) <= 1)
    ),
    "p_sides must be 1, 2 or empty, and empty without p_value": lambda row: (
        row["p_sides"] in (("", "1", "2") if row["p_value"] else ("",))
    ),
    "the citation must name keys of references.bib, separated by semicolons": lambda row: all(
        _CITATION_KEY.fullmatch(key.strip()) for key in row["citation"].split(";")
    ),
    f"basis must be one of: {', '.join(BASES)}": lambda row: row["basis"] in BASES,
    "a derived count or percentage needs n and events": lambda row: (
        row["basis"] == "printed" or bool(row["n"] and row["events"])
    ),
}


@lru_cache(maxsize=2)
def _short_citations(path: str, modified_ns: int, size: int) -> dict[str, str]:
    text = Path(path).read_text(encoding="utf-8")
    entries = re.finditer(r"^@\w+\{(?P<key>[^,\s]+),\n(?P<body>.*?)^\}", text, re.M | re.S)
    return {entry["key"]: _short_form(_bib_fields(entry["body"])) for entry in entries}


def _bib_fields(body: str) -> dict[str, str]:
    fields = re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?\s*$", body, re.M)
    return {name.lower(): re.sub(r"[{}]", "", value) for name, value in fields}


def _short_form(fields: dict[str, str]) -> str:
    if "shorttitle" in fields:
        return f"{fields['shorttitle']} {fields['year']}"
    surnames = [name.split(",")[0].strip() for name in fields["author"].split(" and ")]
    if len(surnames) > 2 or surnames[-1] == "others":
        return f"{surnames[0]} et al. {fields['year']}"
    return f"{' and '.join(surnames)} {fields['year']}"
