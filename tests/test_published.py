"""The published results: what is read, what is refused, and whether the numbers cohere."""

import csv
import math
from pathlib import Path

import pytest
from inobook import published
from inobook.paths import data_folder
from statsmodels.stats.proportion import proportion_confint

GOOD_ROW = {
    "id": "1022.ph.ino.cr_cri",
    "study": "1022",
    "population": "Ph+",
    "arm": "InO",
    "endpoint": "CR/CRi",
    "n": "22",
    "events": "16",
    "estimate": "73",
    "unit": "%",
    "ci_low": "49.8",
    "ci_high": "89.3",
    "ci_level": "95",
    "p_value": "<0.001",
    "p_sides": "2",
    "citation": "stock2021; kantarjian2016",
    "basis": "derived count",
    "note": "",
}


def write_results(folder: Path, *rows: dict[str, str], header=published.COLUMNS) -> Path:
    path = folder / published.FILE_NAME
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([[row[name] for name in header if name in row] for row in rows])
    return path


@pytest.fixture
def results_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("INOBOOK_DATA", str(tmp_path))
    return tmp_path


def committed_results() -> list[published.PublishedResult]:
    return [published.result(id) for id in published.results().index]


def test_the_abstract_of_the_ph_analysis_is_as_printed():
    expected = {
        "1022.ph.ino.cr_cri": ("73", 16, 22),
        "1022.ph.sc.cr_cri": ("56", 15, 27),
        "1022.ph.ino.mrd_negative": ("81", 13, 16),
        "1022.ph.sc.mrd_negative": ("33", 5, 15),
        "1022.ph.ino.hsct": ("41", 9, 22),
        "1022.ph.sc.hsct": ("19", 5, 27),
        "1022.ph.ino.median_os": ("8.7", None, 22),
        "1022.ph.sc.median_os": ("8.4", None, 27),
        "1022.ph.ino.pfs_12_months": ("20.1", None, 22),
        "1022.ph.sc.pfs_12_months": ("4.8", None, 27),
        "1010.ph.ino.cr_cri": ("56", 9, 16),
        "1010.ph.ino.mrd_negative": ("100", 9, 9),
    }
    for id, row in expected.items():
        found = published.result(id)
        assert (found.printed, found.events, found.n) == row, id
        assert found.citation == ("stock2021",)
    ratio = published.result("1022.ph.os_hazard_ratio")
    assert [ratio.texts[name] for name in ("estimate", "ci_low", "ci_high", "ci_level")] == [
        "1.17",
        "0.64",
        "2.14",
        "95",
    ]
    assert ratio.confidence_level == pytest.approx(0.95)


def test_precision_is_read_from_the_printed_text():
    ratio = published.result("1022.all.2017.pfs_hazard_ratio")
    assert (ratio.printed, ratio.estimate, ratio.decimals) == ("0.450", 0.45, 3)
    assert ratio.tolerance == pytest.approx(0.0005)
    upper = published.result("1022.first218.sc.cr_cri").field("ci_low")
    assert (upper.printed, upper.value, upper.decimals) == ("21.0", 21.0, 1)
    assert published.result("1022.ph.ino.cr_cri").field("n").value == 22


def test_a_bound_is_kept_as_a_bound():
    bound = published.result("1022.first218.ino.cr_cri").field("p_value")
    assert (bound.printed, bound.value, bound.bound) == ("<0.001", 0.001, "<")
    assert published.agrees(1e-14, bound)
    assert not published.agrees(0.001, bound)


def test_a_limit_that_is_not_estimable():
    limit = published.result("paediatric.cr.ino.median_cr_duration").field("ci_high")
    assert limit.printed == "NE"
    assert published.agrees(math.inf, limit)
    assert not published.agrees(30.0, limit)


@pytest.mark.parametrize(
    ("recomputed", "text", "verdict"),
    [
        (81.25, "81", True),
        (81.5, "81", True),
        (81.5, "82", True),
        (81.51, "81", False),
        (80.49, "81", False),
        (0.385, "0.39", True),
        (0.38499, "0.39", False),
        (-1.25, "-1.3", True),
        (8.66, "8.7", True),
        (8.64, "8.7", False),
        (0.2, ">0.1", True),
        (0.1, ">0.1", False),
        (float("nan"), "81", False),
    ],
)
def test_agreement_to_the_printed_precision(recomputed, text, verdict):
    assert published.agrees(recomputed, published.PrintedNumber.read(text)) is verdict


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(81.25, 0, "81"), (62.5, 0, "63"), (0.125, 2, "0.13"), (21, 1, "21.0"), (-2.5, 0, "-3")],
)
def test_numbers_are_written_as_journals_print_them(value, decimals, text):
    assert published.printed(value, decimals) == text


@pytest.mark.parametrize("text", ["", "12,3", "1.", ".5", "73%", "about 8", "<", "1e-3", "nan"])
def test_a_text_that_is_no_printed_number_is_refused(text):
    with pytest.raises(ValueError, match="is not a printed number"):
        published.PrintedNumber.read(text)


def test_an_unknown_id_names_the_nearest_and_reads_well():
    with pytest.raises(published.UnknownResultError) as caught:
        published.result("1022.ph.ino.crcri")
    message = str(caught.value)
    assert "'1022.ph.ino.crcri'" in message
    assert "1022.ph.ino.cr_cri" in message
    assert not message.startswith('"')
    assert isinstance(caught.value, KeyError)


def test_an_id_that_resembles_nothing():
    with pytest.raises(published.UnknownResultError, match="No id resembles it"):
        published.result("?")


def test_a_number_that_was_not_printed_is_an_error():
    found = published.result("1022.ph.ino.median_os")
    with pytest.raises(ValueError, match=r"1022\.ph\.ino\.median_os has no ci_low"):
        found.field("ci_low")
    with pytest.raises(KeyError, match="no number of a published result"):
        found.field("median")


def test_results_keep_the_printed_text_and_are_fresh():
    frame = published.results()
    assert frame.index.name == "id"
    assert frame.loc["1022.first218.sc.cr_cri", "ci_low"] == "21.0"
    assert frame.loc["1022.ph.ino.median_os", "ci_low"] == ""
    frame.loc["1022.ph.ino.cr_cri", "estimate"] = "0"
    assert published.results().loc["1022.ph.ino.cr_cri", "estimate"] == "73"


def test_a_result_cannot_be_changed():
    found = published.result("1022.ph.ino.cr_cri")
    with pytest.raises(AttributeError):
        found.estimate = 0.0
    with pytest.raises(TypeError):
        found.texts["estimate"] = "0"


def test_the_table_for_display():
    table = published.table(
        "1022.ph.os_hazard_ratio", "1022.ph.ino.cr_cri", "1022.all.2016.median_follow_up"
    )
    assert list(table.columns) == [
        "Endpoint",
        "Population",
        "Arm",
        "Reported",
        "Interval",
        "Source",
    ]
    assert list(table["Reported"]) == ["1.17", "73% (16/22, derived)", "6.6 months"]
    assert list(table["Interval"]) == ["95% CI 0.64 to 2.14", "", "range 0.03 to 39.75"]
    assert table.loc[0, "Source"] == "Stock et al. 2021"


def test_the_table_needs_known_ids():
    with pytest.raises(ValueError, match="at least one id"):
        published.table()
    with pytest.raises(published.UnknownResultError):
        published.table("1022.ph.ino.cr_cri", "1022.ph.ino.cr")


def test_short_citations():
    assert published.short_citation("clopper1934") == "Clopper and Pearson 1934"
    assert published.short_citation("greenwood1926") == "Greenwood 1926"
    assert published.short_citation("kantarjian2016") == "Kantarjian et al. 2016"
    assert published.short_citation("besponsa_uspi") == "US prescribing information, Besponsa 2024"
    with pytest.raises(KeyError, match="nobody1900"):
        published.short_citation("nobody1900")


def test_a_good_file_is_read(results_folder):
    write_results(results_folder, GOOD_ROW)
    found = published.result("1022.ph.ino.cr_cri")
    assert found.citation == ("stock2021", "kantarjian2016")
    assert (found.n, found.events, found.p_sides) == (22, 16, 2)
    assert (found.ci_low, found.ci_high, found.p_value) == (49.8, 89.3, 0.001)


def test_a_changed_file_is_read_again(results_folder):
    write_results(results_folder, GOOD_ROW)
    assert published.result("1022.ph.ino.cr_cri").printed == "73"
    write_results(results_folder, {**GOOD_ROW, "estimate": "72.73"})
    assert published.result("1022.ph.ino.cr_cri").printed == "72.73"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"id": "CR in Ph+"}, "the id must be lower case and dotted"),
        ({"id": ""}, "the id must be lower case and dotted"),
        ({"arm": ""}, "study, population, arm, endpoint and unit must not be empty"),
        ({"unit": " "}, "study, population, arm, endpoint and unit must not be empty"),
        ({"estimate": "about 73"}, "the estimate must be a number"),
        ({"estimate": ""}, "the estimate must be a number"),
        ({"estimate": "<73"}, "the estimate must be a number"),
        ({"n": "22.0"}, "n and events must be whole numbers"),
        ({"events": "-1"}, "n and events must be whole numbers"),
        ({"n": ""}, "events need n"),
        ({"events": "23"}, "events must not exceed n"),
        ({"estimate": "173"}, "a percentage must lie between 0 and 100"),
        ({"ci_level": "90"}, "ci_level must be one of 95, 97.5, range or empty"),
        ({"ci_level": ""}, "must be given together or not at all"),
        ({"ci_high": ""}, "must be given together or not at all"),
        ({"ci_low": "NE"}, "ci_low must be a number and ci_high a number or NE"),
        ({"ci_high": "none"}, "ci_low must be a number and ci_high a number or NE"),
        ({"ci_low": "89.3", "ci_high": "49.8"}, "ci_low must not exceed ci_high"),
        ({"estimate": "49"}, "the estimate must lie within its interval"),
        ({"estimate": "90"}, "the estimate must lie within its interval"),
        ({"p_value": "small"}, "p_value must be a probability"),
        ({"p_value": "1.2"}, "p_value must be a probability"),
        ({"p_sides": "3"}, "p_sides must be 1, 2 or empty"),
        ({"p_value": ""}, "p_sides must be 1, 2 or empty, and empty without p_value"),
        ({"citation": ""}, "the citation must name keys of references.bib"),
        ({"citation": "stock2021;"}, "the citation must name keys of references.bib"),
        ({"citation": "Stock et al."}, "the citation must name keys of references.bib"),
        ({"basis": "guessed"}, "basis must be one of: printed, derived count"),
        ({"n": "", "events": ""}, "a derived count or percentage needs n and events"),
    ],
)
def test_a_bad_row_is_refused_with_file_line_and_rule(results_folder, change, rule):
    second = {**GOOD_ROW, "id": "1022.ph.sc.cr_cri", **change}
    path = write_results(results_folder, GOOD_ROW, second)
    with pytest.raises(published.PublishedResultsError) as caught:
        published.results()
    assert str(caught.value).startswith(f"{path}, line 3 ({second['id'] or 'no id'}): ")
    assert rule in str(caught.value)


def test_a_duplicated_id_is_refused(results_folder):
    path = write_results(results_folder, GOOD_ROW, GOOD_ROW)
    with pytest.raises(published.PublishedResultsError) as caught:
        published.result("1022.ph.ino.cr_cri")
    assert f"{path}, line 3" in str(caught.value)
    assert "the id is used twice" in str(caught.value)


def test_a_missing_column_is_refused(results_folder):
    header = [name for name in published.COLUMNS if name not in ("citation", "basis")]
    write_results(results_folder, GOOD_ROW, header=header)
    with pytest.raises(published.PublishedResultsError, match="missing columns: citation, basis"):
        published.results()


def test_a_foreign_or_repeated_column_is_refused(results_folder):
    write_results(results_folder, GOOD_ROW, header=[*published.COLUMNS, "source"])
    with pytest.raises(published.PublishedResultsError, match="unknown columns: source"):
        published.results()
    write_results(results_folder, GOOD_ROW, header=[*published.COLUMNS, "note"])
    with pytest.raises(published.PublishedResultsError, match="a column is named twice"):
        published.results()


@pytest.mark.parametrize("cells", [["1022.x.y", "1022"], [*GOOD_ROW.values(), "one too many"]])
def test_a_row_of_another_length_is_refused(results_folder, cells):
    path = write_results(results_folder, GOOD_ROW)
    with open(path, "a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(cells)
    with pytest.raises(published.PublishedResultsError, match="line 3: the row has not 17 cells"):
        published.results()


def test_an_empty_file_is_refused(results_folder):
    (results_folder / published.FILE_NAME).write_text("", encoding="utf-8")
    with pytest.raises(published.PublishedResultsError, match="the file is empty"):
        published.results()
    write_results(results_folder)
    with pytest.raises(published.PublishedResultsError, match="the file has no result"):
        published.results()


def test_an_absent_file_is_named(results_folder):
    with pytest.raises(published.PublishedResultsError, match="does not exist") as caught:
        published.results()
    assert str(results_folder / published.FILE_NAME) in str(caught.value)


def test_a_broken_quotation_or_encoding_is_refused(results_folder):
    path = write_results(results_folder, GOOD_ROW)
    with open(path, "a", encoding="utf-8") as stream:
        stream.write('"1022.x.y\n')
    with pytest.raises(published.PublishedResultsError, match="line"):
        published.results()
    path.write_bytes(",".join(published.COLUMNS).encode() + b"\n\xff\xfe")
    with pytest.raises(published.PublishedResultsError, match="codec"):
        published.results()


def test_percentages_follow_from_their_counts():
    checked, misprinted = 0, {}
    for each in committed_results():
        if each.unit == "%" and each.n and each.events is not None:
            checked += 1
            percentage = 100 * each.events / each.n
            if not published.agrees(percentage, each.field("estimate")):
                misprinted[each.id] = each.note
                assert f"{percentage:.2f}%" in each.note, each.id
    assert list(misprinted) == ["boutron2010.nonsignificant_trials.titles_spin"]
    assert checked > 60


def test_a_derived_count_is_the_only_integer_that_rounds_to_the_percentage():
    derived = [each for each in committed_results() if each.basis == "derived count"]
    assert {"1022.ph.ino.cr_cri", "1010.ph.ino.cr_cri"} <= {each.id for each in derived}
    for each in derived:
        printed = each.field("estimate")
        fitting = [k for k in range(each.n + 1) if published.agrees(100 * k / each.n, printed)]
        assert fitting == [each.events], each.id


def test_exact_intervals_are_reproduced_where_the_note_says_so():
    exact = [each for each in committed_results() if "Clopper-Pearson" in each.note]
    assert len(exact) >= 7
    for each in exact:
        limits = proportion_confint(
            each.events, each.n, alpha=1 - each.confidence_level, method="beta"
        )
        assert published.agrees(100 * limits[0], each.field("ci_low")), each.id
        assert published.agrees(100 * limits[1], each.field("ci_high")), each.id


def test_every_responder_count_is_the_denominator_of_its_mrd_rate():
    for population in ("1022.ph.ino", "1022.ph.sc", "1010.ph.ino", "1022.first218.ino"):
        responders = published.result(f"{population}.cr_cri").events
        assert published.result(f"{population}.mrd_negative").n == responders


def test_arms_add_up():
    def count(id):
        return int(published.result(id).estimate)

    total = "1022.all.randomised"
    assert count("1022.all.ino.randomised") + count("1022.all.sc.randomised") == count(total)
    regimens = ("flag", "mitoxantrone", "hidac")
    for stage in ("randomised", "treated"):
        by_regimen = sum(count(f"1022.all.sc.{regimen}.{stage}") for regimen in regimens)
        assert by_regimen == count(f"1022.all.sc.{stage}")
    untreated = published.result("1022.all.sc.not_treated")
    assert untreated.events == count("1022.all.sc.randomised") - count("1022.all.sc.treated")
    deaths = [published.result(f"1022.all.2016.{arm}.median_os").events for arm in ("ino", "sc")]
    assert sum(deaths) == published.result("1022.all.2016.os_hazard_ratio").events


def test_hazard_ratios_lie_in_the_middle_of_their_intervals_on_the_log_scale():
    ratios = [each for each in committed_results() if each.unit == "HR" and each.ci_level]
    assert len(ratios) >= 8
    for each in ratios:
        middle = (math.log(each.ci_low) + math.log(each.ci_high)) / 2
        slack = 0.01 + sum(
            each.field(name).tolerance / each.field(name).value
            for name in ("estimate", "ci_low", "ci_high")
        )
        assert abs(middle - math.log(each.estimate)) <= slack, each.id


def test_the_committed_file_has_the_columns_in_order_and_no_stray_space():
    with open(data_folder() / published.FILE_NAME, encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert tuple(rows[0]) == published.COLUMNS
    for number, row in enumerate(rows, start=1):
        assert [cell.strip() for cell in row] == row, f"line {number}"
