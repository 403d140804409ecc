"""The cohort files keep their schema, and a broken one is refused by file, row and rule."""

import numpy as np
import pandas as pd
import pytest
from inobook import cohorts
from inobook.cohorts import (
    COLUMNS,
    DATA_CUT_1010,
    DATA_CUT_2016,
    DATA_CUT_FINAL,
    DAYS_PER_MONTH,
    CohortError,
    load_1010,
    load_1022,
    load_alternatives,
)
from inobook.paths import data_folder

FILE = "cohort_1022.csv"


@pytest.fixture(scope="module")
def texts() -> pd.DataFrame:
    return pd.read_csv(data_folder() / FILE, dtype=str, keep_default_na=False)


@pytest.fixture
def broken(texts, tmp_path):
    """Write the cohort with some entries replaced and return its path and the row's name."""

    def write(row: int | None = None, drop: str | None = None, **entries: str):
        changed = texts.copy()
        name = ""
        if row is not None:
            name = f"line {row + 2} (patient {changed.at[row, 'patient_id']})"
            for column, entry in entries.items():
                changed.at[row, column] = entry
        if drop:
            changed = changed.drop(columns=drop)
        path = tmp_path / "broken.csv"
        changed.to_csv(path, index=False)
        return path, name

    return write


def first(texts: pd.DataFrame, **entries: str) -> int:
    """Return the first row that has these entries ("*": anything but empty)."""
    keep = pd.Series(True, index=texts.index)
    for column, entry in entries.items():
        keep &= (texts[column] != "") if entry == "*" else (texts[column] == entry)
    return int(texts.index[keep][0])


def refused(path, *parts: str) -> None:
    with pytest.raises(CohortError) as caught:
        load_1022(path)
    message = str(caught.value)
    for part in ("broken.csv", *parts):
        assert part in message, message


def test_a_month_has_the_length_of_the_book():
    assert pytest.approx(365.25 / 12) == DAYS_PER_MONTH


@pytest.mark.parametrize(
    ("load", "rows", "columns"),
    [
        (load_1022, 326, COLUMNS),
        (load_1010, 16, COLUMNS),
        (load_alternatives, 980, ("cohort", *COLUMNS)),
    ],
)
def test_the_files_load_with_every_column_in_order(load, rows, columns):
    cohort = load()
    assert len(cohort) == rows
    assert tuple(cohort.columns) == columns


def test_the_columns_have_useful_types():
    cohort = load_1022()
    assert cohort["os_days"].dtype == np.int64
    assert cohort["mrd_negative"].dtype == "Int64"
    assert cohort["randomised_on"].dtype == "datetime64[ns]"


@pytest.mark.parametrize("load", [load_1022, load_1010, load_alternatives])
def test_every_invariant_holds(load):
    cohort = load()
    responded = cohort["best_response"] != "none"
    assert (cohort["pfs_days"] <= cohort["os_days"]).all()
    assert (cohort["response_day"].notna() == responded).all()
    assert (cohort["mrd_negative"].notna() == responded).all()
    seen = cohort[responded]
    assert (seen["response_day"] < seen["pfs_days"]).all()
    transplanted = cohort[cohort["hsct_day"].notna()]
    assert (transplanted["hsct_day"] <= transplanted["os_days"]).all()
    direct = cohort[cohort["hsct_direct"] == 1]
    assert (direct["hsct_day"] > direct["response_day"]).all()
    assert (direct["hsct_day"] <= direct["pfs_days"]).all()
    relapsed = cohort[cohort["relapse_day"].notna()]
    assert (relapsed["relapse_day"] == relapsed["pfs_days"]).all()
    assert (relapsed["pfs_event"] == 1).all()
    died_first = cohort[(cohort["pfs_event"] == 1) & cohort["relapse_day"].isna()]
    assert (died_first["os_event"] == 1).all()
    assert (died_first["pfs_days"] == died_first["os_days"]).all()
    assert (cohort.loc[cohort["treated"] == 0, "best_response"] == "none").all()
    assert (cohort.loc[cohort["treated"] == 0, "vod"] == 0).all()


@pytest.mark.parametrize("load", [load_1022, load_alternatives])
def test_nothing_is_observed_after_a_data_cut(load):
    cohort = load()
    last = cohort["randomised_on"] + pd.to_timedelta(cohort["os_days"], unit="D")
    assert last.max() <= pd.Timestamp(DATA_CUT_FINAL)
    days_2016 = cohort["os_days_2016"].astype(int)
    last_2016 = cohort["randomised_on"] + pd.to_timedelta(days_2016, unit="D")
    assert last_2016.max() <= pd.Timestamp(DATA_CUT_2016)


def test_study_1010_ends_with_its_cut_and_has_no_2016_analysis():
    cohort = load_1010()
    last = cohort["randomised_on"] + pd.to_timedelta(cohort["os_days"], unit="D")
    assert last.max() <= pd.Timestamp(DATA_CUT_1010)
    assert cohort["os_days_2016"].isna().all()
    assert cohort["os_event_2016"].isna().all()


@pytest.mark.parametrize("load", [load_1022, load_alternatives])
def test_the_2016_analysis_agrees_with_the_final_one(load):
    cohort = load()
    assert (cohort["os_days_2016"] <= cohort["os_days"]).all()
    known = cohort[cohort["os_event_2016"] == 1]
    assert (known["os_event"] == 1).all()
    assert (known["os_days_2016"] == known["os_days"]).all()


def test_a_loaded_cohort_is_the_callers_own():
    changed = load_1022()
    changed["os_days"] = 0
    assert (load_1022()["os_days"] > 0).all()


def test_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(CohortError, match="make data"):
        load_1022(tmp_path / "absent.csv")


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text("", encoding="utf-8")
    refused(path, "empty")


def test_a_file_with_a_header_only_is_refused(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    refused(path, "no patient")


def test_a_torn_line_is_refused(texts, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text(texts.to_csv(index=False) + "1,2,3" + ",4" * 40 + "\n", encoding="utf-8")
    refused(path, "line 328")


def test_a_file_in_another_encoding_is_refused(texts, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes(texts.to_csv(index=False).replace("InO", "In\xd6").encode("latin-1"))
    refused(path, "UTF-8")


def test_a_missing_column_is_named(broken):
    path, _ = broken(drop="pfs_days")
    refused(path, "line 1", "missing column pfs_days")


def test_an_unknown_column_is_named(texts, tmp_path):
    path = tmp_path / "broken.csv"
    texts.assign(os_months="1").to_csv(path, index=False)
    refused(path, "line 1", "unknown column os_months")


@pytest.mark.parametrize(
    ("column", "entry", "rule"),
    [
        ("os_days", "long", "os_days must be a whole number, not 'long'"),
        ("os_days", "12.5", "os_days must be a whole number, not '12.5'"),
        ("os_days", "", "os_days must not be empty"),
        ("os_days", "0", "os_days is from 1 to 9999"),
        ("pfs_days", "-3", "pfs_days is from 1 to 9999"),
        ("response_day", "soon", "response_day must be a whole number"),
        ("randomised_on", "31/05/2014", "randomised_on must be a date as 2014-05-31"),
        ("randomised_on", "2014-02-30", "randomised_on must be a date"),
        ("age", "12", "age is from 18 to 99"),
        ("female", "2", "female is one of 0, 1"),
        ("arm", "placebo", "arm is one of InO, SC"),
        ("best_response", "PR", "best_response is one of CR, CRi, none"),
        ("study", "1010", "study is one of 1022"),
        ("patient_id", "Jane Doe", "patient_id is SYN-1022-nnn"),
        ("os_days_2016", "", "os_days_2016 must not be empty"),
        ("os_event_2016", "7", "os_event_2016 is one of 0, 1"),
    ],
)
def test_a_wrong_entry_is_named_with_its_row(broken, column, entry, rule):
    path, name = broken(40, **{column: entry})
    if column == "patient_id":
        name = "line 42 (patient Jane Doe)"
    refused(path, name, rule)


def test_pfs_longer_than_os_is_refused(texts, broken):
    row = first(texts, pfs_event="1", os_event="1", relapse_day="")
    longer = str(int(texts.at[row, "os_days"]) + 1)
    path, name = broken(row, pfs_days=longer)
    refused(path, name, "PFS is not longer than OS")


def test_a_duplicated_patient_is_refused(texts, broken):
    path, _ = broken(7, patient_id=texts.at[3, "patient_id"])
    refused(path, f"line 9 (patient {texts.at[3, 'patient_id']})", "a patient stands once only")


def test_a_response_after_the_end_of_pfs_is_refused(texts, broken):
    row = first(texts, best_response="CR", hsct_day="")
    path, name = broken(row, response_day=str(int(texts.at[row, "pfs_days"]) + 1))
    refused(path, name, "the response comes before the end of PFS")


def test_a_responder_without_response_day_is_refused(texts, broken):
    path, name = broken(first(texts, best_response="CR"), response_day="")
    refused(path, name, "a CR or CRi has a response day")


def test_a_response_day_without_response_is_refused(texts, broken):
    path, name = broken(first(texts, best_response="none"), response_day="1")
    refused(path, name, "only a CR or CRi has a response day")


def test_mrd_in_a_non_responder_is_refused(texts, broken):
    path, name = broken(first(texts, best_response="none"), mrd_negative="1")
    refused(path, name, "only a CR or CRi has an MRD result")


def test_a_responder_without_mrd_is_refused(texts, broken):
    path, name = broken(first(texts, best_response="CRi"), mrd_negative="")
    refused(path, name, "a CR or CRi has an MRD result")


def test_a_transplant_after_the_end_of_os_is_refused(texts, broken):
    row = first(texts, hsct_day="*", hsct_direct="0")
    path, name = broken(row, hsct_day=str(int(texts.at[row, "os_days"]) + 1))
    refused(path, name, "the transplant comes before the end of OS")


def test_a_direct_transplant_without_remission_is_refused(texts, broken):
    path, name = broken(first(texts, best_response="none", hsct_day=""), hsct_direct="1")
    refused(path, name, "a direct transplant follows a CR or CRi")


def test_a_relapse_before_a_direct_transplant_is_refused(texts, broken):
    row = first(texts, hsct_direct="1", relapse_day="*")
    early = str(int(texts.at[row, "hsct_day"]) - 1)
    path, name = broken(row, relapse_day=early, pfs_days=early)
    refused(path, name, "no relapse comes before a direct transplant")


def test_a_relapse_that_is_not_the_pfs_event_is_refused(texts, broken):
    path, name = broken(first(texts, relapse_day="*"), pfs_event="0")
    refused(path, name, "a relapse or progression is the PFS event, on its day")


def test_a_pfs_event_without_cause_is_refused(texts, broken):
    path, name = broken(first(texts, os_event="0", pfs_event="0"), pfs_event="1")
    refused(path, name, "a PFS event without relapse is the death, on its day")


def test_an_untreated_responder_is_refused(texts, broken):
    path, name = broken(first(texts, arm="SC", best_response="CR"), treated="0")
    refused(path, name, "only SC patients are untreated, and none of them responds")


def test_follow_up_after_the_data_cut_is_refused(texts, broken):
    path, name = broken(first(texts, os_event="0"), os_days="1700")
    refused(path, name, "nothing is observed after the data cut of 2017-01-04")


def test_follow_up_after_the_2016_cut_is_refused(texts, broken):
    days = pd.to_numeric(texts["os_days"])
    to_cut = (pd.Timestamp(DATA_CUT_2016) - pd.to_datetime(texts["randomised_on"])).dt.days
    row = int(texts.index[(days > to_cut) & (texts["os_event_2016"] == "0")][0])
    path, name = broken(row, os_days_2016=str(to_cut[row] + 1))
    refused(path, name, "nothing in the 2016 columns is observed after the data cut of 2016-03-08")


def test_a_longer_2016_follow_up_is_refused(texts, broken):
    row = first(texts, os_event="1", os_event_2016="1")
    path, name = broken(row, os_days_2016=str(int(texts.at[row, "os_days"]) + 1))
    refused(path, name, "OS at the 2016 cut is not longer than OS at the final cut")


def test_a_death_taken_back_is_refused(texts, broken):
    row = first(texts, os_event="1", os_event_2016="1", pfs_event="1", relapse_day="*")
    path, name = broken(row, os_event="0")
    refused(path, name, "a death known in 2016 is the same death at the final cut")


def test_another_number_of_untreated_patients_is_refused(texts, broken):
    path, _ = broken(first(texts, treated="0"), treated="1")
    refused(path, "19 untreated SC patients expected, 18 found")


def test_another_number_of_patients_is_refused(texts, tmp_path):
    path = tmp_path / "broken.csv"
    texts.drop(index=first(texts, arm="InO", ph_positive="0")).to_csv(path, index=False)
    refused(path, "164 patients in arm InO expected, 163 found")


def test_another_number_of_ph_positive_patients_is_refused(texts, broken):
    path, _ = broken(first(texts, arm="SC", ph_positive="1"), ph_positive="0")
    refused(path, "27 Ph-positive patients in arm SC expected, 26 found")


def test_several_faults_are_told_together_and_the_rest_is_counted(texts, tmp_path):
    path = tmp_path / "broken.csv"
    texts.assign(os_days="x").to_csv(path, index=False)
    refused(path, "line 2 ", "line 6 ", "and 321 more")


def test_a_study_1010_file_with_2016_columns_is_refused(tmp_path):
    texts = pd.read_csv(data_folder() / "cohort_1010.csv", dtype=str, keep_default_na=False)
    path = tmp_path / "broken.csv"
    texts.assign(os_days_2016="1", os_event_2016="0").to_csv(path, index=False)
    with pytest.raises(CohortError, match=r"broken\.csv: line 2 .*no analysis of 2016"):
        load_1010(path)


def test_a_missing_alternative_is_named(tmp_path):
    texts = pd.read_csv(
        data_folder() / "alternatives_1022_ph.csv", dtype=str, keep_default_na=False
    )
    path = tmp_path / "broken.csv"
    texts[texts["cohort"] != "20"].to_csv(path, index=False)
    with pytest.raises(CohortError, match=r"cohort 20: .*22 patients in arm InO expected, 0 found"):
        load_alternatives(path)


def test_the_loaders_have_layouts_of_their_own():
    names = {
        layout.file_name
        for layout in (cohorts.LAYOUT_1022, cohorts.LAYOUT_1010, cohorts.LAYOUT_ALTERNATIVES)
    }
    assert names == {"cohort_1022.csv", "cohort_1010.csv", "alternatives_1022_ph.csv"}
