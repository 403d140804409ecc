"""The agreement table: rounding at its edges, and a disagreement that stops the build by name."""

import math

import pytest
from inobook import published
from inobook.agreement import AgreementError, agreement, recomputed, unreproduced
from pages_html import elements

RATE = "1022.ph.ino.cr_cri"  # printed 73 (%)
FEW = "1022.ph.sc.cr_cri"
MEDIAN = "1022.ph.ino.median_os"  # printed 8.7 (months)
RATIO = "1022.ph.os_hazard_ratio"


def test_the_rows_that_these_tests_lean_on_are_printed_so():
    printed = {each: published.result(each).printed for each in (RATE, FEW, MEDIAN)}
    assert printed == {RATE: "73", FEW: "56", MEDIAN: "8.7"}


@pytest.mark.parametrize(
    ("result_id", "value", "agrees"),
    [
        (RATE, 72.5, True),
        (RATE, 73.5, True),
        (RATE, 72.499999, False),
        (RATE, 73.500001, False),
        (RATE, 100 * 16 / 22, True),
        (RATE, 100 * 17 / 22, False),
        (MEDIAN, 8.65, True),
        (MEDIAN, 8.75, True),
        (MEDIAN, 8.6499, False),
        (MEDIAN, 8.7501, False),
        (RATE, math.nan, False),
        (RATE, math.inf, False),
        (RATE, -73, False),
    ],
)
def test_agreement_reaches_half_a_unit_of_the_last_digit(result_id, value, agrees):
    assert recomputed(result_id, value, cell="rates").agrees is agrees


def test_row_carries_what_is_printed_and_how_precisely():
    row = recomputed(RATIO, 0.6401, cell="cox", field="ci_low")
    assert (row.reported, row.tolerance, row.cell, row.agrees) == ("0.64", 0.005, "cox", True)
    assert row.label.endswith(", lower limit")


def test_unknown_number_is_named_with_its_neighbours():
    with pytest.raises(
        published.UnknownResultError, match=r"1022\.ph\.ino\.cr_crj.*Nearest.*cr_cri"
    ):
        recomputed("1022.ph.ino.cr_crj", 73, cell="rates")


def test_field_that_was_not_printed_is_refused():
    with pytest.raises(ValueError, match=f"{RATE} has no ci_low"):
        recomputed(RATE, 49.8, cell="rates", field="ci_low")
    with pytest.raises(KeyError, match="median"):
        recomputed(RATE, 49.8, cell="rates", field="median")


def test_one_disagreement_stops_and_every_disagreement_is_named():
    rows = [
        recomputed(RATE, 77.27, cell="rates"),
        recomputed(FEW, 100 * 15 / 27, cell="rates"),
        recomputed(MEDIAN, 9.1, cell="medians"),
    ]
    with pytest.raises(AgreementError) as caught:
        agreement(*rows)
    message = str(caught.value)
    assert f"{RATE} (estimate): reported 73, recomputed 77.27, tolerance 0.5" in message
    assert f"{MEDIAN} (estimate): reported 8.7, recomputed 9.1, tolerance 0.05" in message
    assert FEW not in message


def test_table_without_rows_is_refused():
    with pytest.raises(AgreementError, match="at least one row"):
        agreement()


def test_number_compared_twice_is_refused():
    row = recomputed(RATE, 72.7, cell="rates")
    with pytest.raises(AgreementError, match=rf"compared twice: \[\('{RATE}', 'estimate'\)\]"):
        agreement(row, recomputed(FEW, 55.6, cell="rates"), row)


def test_two_fields_of_one_row_are_two_numbers():
    low = recomputed(RATIO, 0.641, cell="cox", field="ci_low")
    high = recomputed(RATIO, 2.144, cell="cox", field="ci_high")
    assert agreement(low, high).summary.startswith("2 of 2 published numbers")


def test_table_gives_each_row_to_the_page_of_all_agreements():
    table = agreement(recomputed(RATE, 100 * 16 / 22, cell="response-counts"))
    row = next(e for e in elements(table._repr_html_()) if "data-id" in e.attributes)
    assert row.attributes == {
        "data-id": RATE,
        "data-field": "estimate",
        "data-reported": "73",
        "data-recomputed": "72.7273",
        "data-tolerance": "0.5",
        "data-agrees": "true",
        "data-cell": "response-counts",
        "data-label": "CR/CRi, InO, Ph+ (study 1022)",
        "data-source": "synthetic patients",
    }


def test_table_links_to_the_cell_and_has_headers_for_both_directions():
    markup = agreement(recomputed(RATE, 72.73, cell="response-counts"))._repr_html_()
    found = elements(markup)
    assert [e.attributes["href"] for e in found if e.tag == "a"] == ["#response-counts"]
    scopes = [e.attributes["scope"] for e in found if e.tag == "th"]
    assert scopes == ["col"] * 6 + ["row"]
    assert "<summary>1 of 1 published numbers" in markup


def test_summary_tells_checks_from_agreement_by_construction():
    drawn = recomputed(RATE, 72.73, cell="rates")
    checked = recomputed(FEW, 100 * 15 / 27, cell="rates", source="published figures")
    assert "agree to their printed precision, 1 of them from other published figures" in (
        agreement(drawn, checked).summary
    )
    assert agreement(drawn).summary.endswith(
        "all from synthetic patients, who were drawn so that they do."
    )
    assert agreement(checked).summary.endswith("all from other published figures.")
    with pytest.raises(AgreementError, match="source 'a guess' is unknown"):
        recomputed(RATE, 72.73, cell="rates", source="a guess")


def test_text_form_names_reported_and_recomputed():
    table = agreement(recomputed(MEDIAN, 8.71, cell="medians"))
    assert "reported 8.7, recomputed 8.7100" in repr(table)


def test_number_that_is_not_reproduced_stands_in_headline_and_table_with_its_reason():
    known = unreproduced(FEW, 57.0, cell="rates", reason="one patient < more")
    table = agreement(recomputed(RATE, 72.73, cell="rates"), known)
    assert table.summary == (
        "1 of 2 published numbers recomputed in this chapter agree to their printed precision, "
        "all from synthetic patients, who were drawn so that they do. "
        "1 does not; the table says why."
    )
    rows = [e.attributes for e in elements(table._repr_html_()) if "data-id" in e.attributes]
    assert [row["data-agrees"] for row in rows] == ["true", "false"]
    assert "data-reason" not in rows[0]
    assert rows[1]["data-reason"] == "one patient < more"
    assert "no: one patient &lt; more" in table._repr_html_()


def test_number_that_is_not_reproduced_needs_a_reason_and_a_difference():
    with pytest.raises(AgreementError, match=rf"{FEW} \(estimate\): say why"):
        unreproduced(FEW, 57.0, cell="rates", reason=" ")
    with pytest.raises(AgreementError, match=rf"{FEW} .*55.6 agrees with the published 56"):
        unreproduced(FEW, 55.6, cell="rates", reason="none")
    with pytest.raises(AgreementError, match="at least one row"):
        agreement(unreproduced(FEW, 57.0, cell="rates", reason="one patient more"))
