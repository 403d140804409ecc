"""Reported against recomputed: the table that closes a chapter, and stops a build that disagrees.

agreement(
    recomputed("1022.ph.ino.cr_cri", 100 * 16 / 22, cell="response-rates"),
    recomputed("1022.first218.ino.cr_cri", 72.13, cell="exact-limits", field="ci_low"),
)

A number that was tried and does not agree is named, with the reason, by ``unreproduced``: it
stands in the table and in its headline, so that agreement is not a matter of what was left out.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from inobook import published


class AgreementError(ValueError):
    """A recomputed number that does not round to the published one."""


@dataclass(frozen=True)
class Row:
    """One published number beside what the chapter computed.

    Attributes:
        result_id: identifier in ``data/published_results.csv``.
        field: which number of that row: ``estimate``, ``ci_low``, ``ci_high``, ``n``, ``events``
            or ``p_value``.
        label: the number in words.
        reported: the number as printed.
        tolerance: half a unit of its last printed digit.
        value: the recomputed number, in the same unit.
        cell: label of the cell that computes it.
        agrees: whether the two agree to the printed precision.
        source: what it was computed from; one of ``SOURCES``.
        reason: why a number that does not agree stands here all the same; otherwise empty.
    """

    result_id: str
    field: str
    label: str
    reported: str
    tolerance: float
    value: float
    cell: str
    agrees: bool
    source: str
    reason: str = ""


SYNTHETIC = "synthetic patients"
PUBLISHED = "published figures"
SOURCES = (SYNTHETIC, PUBLISHED)

FIELD_WORDS = {
    "estimate": "",
    "ci_low": ", lower limit",
    "ci_high": ", upper limit",
    "n": ", patients",
    "events": ", events",
    "p_value": ", P value",
}


def recomputed(
    result_id: str, value: float, cell: str, field: str = "estimate", source: str = SYNTHETIC
) -> Row:
    """Set a recomputed number beside the published one.

    Args:
        result_id: identifier in ``data/published_results.csv``.
        value: the recomputed number, in the published unit.
        cell: label of the cell that computes it (the page's own anchor).
        field: which number of the published row.
        source: what the value was computed from. Synthetic patients were drawn so that the numbers
            agree; other published figures were not, so that agreement with those is a check.

    Raises:
        published.UnknownResultError: no such identifier; the message names the nearest.
        AgreementError: an unknown source.
    """
    if source not in SOURCES:
        raise AgreementError(f"{result_id}: source {source!r} is unknown; use one of {SOURCES}.")
    result = published.result(result_id)
    number = result.field(field)
    return Row(
        result_id=result_id,
        field=field,
        label=_label(result, field),
        reported=number.printed,
        tolerance=number.tolerance,
        value=float(value),
        cell=cell,
        agrees=published.agrees(float(value), number),
        source=source,
    )


def unreproduced(
    result_id: str,
    value: float,
    cell: str,
    reason: str,
    field: str = "estimate",
    source: str = PUBLISHED,
) -> Row:
    """Set a published number beside a recomputed one that is known not to agree.

    Args:
        reason: what is known of the difference, as the end of a sentence without a full stop.

    The other arguments are those of :func:`recomputed`.

    Raises:
        published.UnknownResultError: no such identifier; the message names the nearest.
        AgreementError: an unknown source, no reason, or a number that does agree.
    """
    row = recomputed(result_id, value, cell, field, source)
    if not reason.strip():
        raise AgreementError(f"{result_id} ({field}): say why it is not reproduced.")
    if row.agrees:
        raise AgreementError(
            f"{result_id} ({field}): {value:.6g} agrees with the published {row.reported}; "
            "use recomputed."
        )
    return replace(row, reason=reason)


def _label(result: published.PublishedResult, field: str) -> str:
    words = "" if result.endpoint.startswith("patients") else FIELD_WORDS[field]
    return f"{result.endpoint}, {result.arm}, {result.population} (study {result.study}){words}"


class AgreementTable:
    """The rows of a chapter, shown as a table with a summary line."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    @property
    def summary(self) -> str:
        """How many of the published numbers agree, in words."""
        agreeing = sum(row.agrees for row in self.rows)
        checks = sum(row.agrees and row.source == PUBLISHED for row in self.rows)
        drawn = "synthetic patients, who were drawn so that they do"
        if checks == 0:
            origin = f"all from {drawn}"
        elif checks == agreeing:
            origin = "all from other published figures"
        else:
            origin = f"{checks} of them from other published figures and the rest from {drawn}"
        failing = len(self.rows) - agreeing
        verb = "does" if failing == 1 else "do"
        rest = f" {failing} {verb} not; the table says why." if failing else ""
        return (
            f"{agreeing} of {len(self.rows)} published numbers recomputed in this chapter agree "
            f"to their printed precision, {origin}.{rest}"
        )

    def __repr__(self) -> str:
        lines = [
            f"{row.label}: reported {row.reported}, recomputed {row.value:.4f}" for row in self.rows
        ]
        return "\n".join([*lines, self.summary])

    def _repr_html_(self) -> str:
        body = "".join(_row_html(row) for row in self.rows)
        return (
            f'<details class="agreement-fold" open><summary>{self.summary}</summary>'
            '<div class="agreement-frame"><table class="agreement row-cards">'
            "<caption>Reported against recomputed</caption><thead><tr>"
            '<th scope="col">Published number</th><th scope="col">Reported</th>'
            '<th scope="col">Recomputed</th><th scope="col">Tolerance</th>'
            '<th scope="col">Computed from</th><th scope="col">Agrees</th></tr></thead>'
            f"<tbody>{body}</tbody></table></div></details>"
        )


def agreement(*rows: Row) -> AgreementTable:
    """Return the table of ``rows``, or stop if one of them disagrees without a reason.

    Raises:
        AgreementError: no rows that agree, the same number twice, or a disagreement; the message
            names each number, what is printed and what was computed.
    """
    if all(row.reason for row in rows):
        raise AgreementError("An agreement table needs at least one row that agrees.")
    named = [(row.result_id, row.field) for row in rows]
    twice = {name for name in named if named.count(name) > 1}
    if twice:
        raise AgreementError(f"These numbers are compared twice: {sorted(twice)}.")
    wrong = [row for row in rows if not row.agrees and not row.reason]
    if wrong:
        raise AgreementError(
            "; ".join(
                f"{row.result_id} ({row.field}): reported {row.reported}, recomputed "
                f"{row.value:.6g}, tolerance {row.tolerance:g}"
                for row in wrong
            )
        )
    return AgreementTable(rows)


def _row_html(row: Row) -> str:
    recorded: dict[str, Any] = {
        "id": row.result_id,
        "field": row.field,
        "reported": row.reported,
        "recomputed": f"{row.value:.6g}",
        "tolerance": f"{row.tolerance:g}",
        "agrees": str(row.agrees).lower(),
        "cell": row.cell,
        "label": row.label,
        "source": row.source,
    }
    if row.reason:
        recorded["reason"] = row.reason
    attributes = " ".join(
        f'data-{name}="{html.escape(text, quote=True)}"' for name, text in recorded.items()
    )
    is_count = row.field in ("n", "events")
    decimals = 0 if is_count else len(row.reported.partition(".")[2]) + 2
    shown = {
        "Reported": html.escape(row.reported),
        "Recomputed": f"{row.value:.{decimals}f}",
        "Tolerance": f"±{row.tolerance:g}",
        "Computed from": row.source,
        "Agrees": "yes" if row.agrees else f"no: {html.escape(row.reason)}",
    }
    cells = "".join(f'<td data-column="{name}">{text}</td>' for name, text in shown.items())
    return (
        f'<tr {attributes}><th scope="row"><a href="#{html.escape(row.cell, quote=True)}">'
        f"{html.escape(row.label)}</a></th>{cells}</tr>"
    )
