"""The synthetic cohorts, read and checked. No real patient is in them.

Every loader returns one row a patient with the columns of :data:`COLUMNS` and nothing derived.
A file that breaks a rule stops with a :class:`CohortError` that names file, row and rule.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from inobook.paths import data_folder

DAYS_PER_MONTH = 30.4375
"""Length of a month in days, everywhere in the book."""

DATA_CUT_2016 = date(2016, 3, 8)
"""Data cut of the first survival analysis of study 1022."""

DATA_CUT_FINAL = date(2017, 1, 4)
"""Data cut of the final analysis of study 1022 (last visit of the last patient)."""

DATA_CUT_1010 = date(2016, 1, 31)
"""Data cut of the synthetic study 1010 (the registry gives the month in which it ended)."""

COLUMNS = (
    "patient_id",
    "study",
    "arm",
    "ph_positive",
    "age",
    "female",
    "salvage_2",
    "cr1_12_months",
    "prior_hsct",
    "blasts_50",
    "randomised_on",
    "treated",
    "best_response",
    "response_day",
    "mrd_negative",
    "hsct_day",
    "hsct_direct",
    "vod",
    "relapse_day",
    "pfs_days",
    "pfs_event",
    "os_days",
    "os_event",
    "os_days_2016",
    "os_event_2016",
)
"""Columns of a cohort file, in order."""

FLAGS = (
    "ph_positive",
    "female",
    "salvage_2",
    "cr1_12_months",
    "prior_hsct",
    "blasts_50",
    "treated",
    "hsct_direct",
    "vod",
    "pfs_event",
    "os_event",
)
NUMBERS = ("cohort", "study", "age", "pfs_days", "os_days", *FLAGS)
NUMBERS_OR_EMPTY = (
    "response_day",
    "mrd_negative",
    "hsct_day",
    "relapse_day",
    "os_days_2016",
    "os_event_2016",
)
TEXTS = ("patient_id", "arm", "best_response")

MOST_FAILURES_TOLD = 5


class CohortError(ValueError):
    """A cohort file breaks a rule; the message names the file, the row and the rule."""


@dataclass(frozen=True)
class RowRule:
    """A rule that each row of a cohort keeps by itself.

    Attributes:
        text: the rule in words, as the error prints it.
        broken: from a cohort to a Boolean series that is True where the rule is broken.
    """

    text: str
    broken: Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class CohortLayout:
    """What a cohort file must hold.

    Attributes:
        file_name: name of the file in the data folder.
        study: 1022 or 1010.
        data_cut: last day on which anything can be observed.
        rows_per_arm: patients in each arm (in each cohort of the file).
        ph_positive_per_arm: Ph-positive patients in each arm.
        untreated_sc: SC patients never treated, or None where the number is not fixed.
        cohorts: number of cohorts in the file; a column ``cohort`` stands in front if above 1.
    """

    file_name: str
    study: int
    data_cut: date
    rows_per_arm: dict[str, int]
    ph_positive_per_arm: dict[str, int]
    untreated_sc: int | None = None
    cohorts: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file, in order."""
        return ("cohort", *COLUMNS) if self.cohorts > 1 else COLUMNS

    @property
    def has_2016_cut(self) -> bool:
        """Whether the file has an earlier survival analysis."""
        return self.study == 1022


LAYOUT_1022 = CohortLayout(
    file_name="cohort_1022.csv",
    study=1022,
    data_cut=DATA_CUT_FINAL,
    rows_per_arm={"InO": 164, "SC": 162},
    ph_positive_per_arm={"InO": 22, "SC": 27},
    untreated_sc=19,
)
LAYOUT_1010 = CohortLayout(
    file_name="cohort_1010.csv",
    study=1010,
    data_cut=DATA_CUT_1010,
    rows_per_arm={"InO": 16},
    ph_positive_per_arm={"InO": 16},
)
LAYOUT_ALTERNATIVES = CohortLayout(
    file_name="alternatives_1022_ph.csv",
    study=1022,
    data_cut=DATA_CUT_FINAL,
    rows_per_arm={"InO": 22, "SC": 27},
    ph_positive_per_arm={"InO": 22, "SC": 27},
    cohorts=20,
)


def load_1022(path: Path | str | None = None) -> pd.DataFrame:
    """Load the 326 synthetic patients of study 1022, of whom 49 are Ph-positive.

    Args:
        path: another file of the same layout; by default the one in the data folder.

    Returns:
        One row a patient, columns :data:`COLUMNS`. Days are whole days from randomisation;
        columns that may be empty are of pandas' ``Int64``; ``randomised_on`` is a date.

    Raises:
        CohortError: the file breaks a rule; the message names file, row and rule.
    """
    return _load(LAYOUT_1022, path)


def load_1010(path: Path | str | None = None) -> pd.DataFrame:
    """Load the 16 synthetic Ph-positive patients of study 1010, all on inotuzumab ozogamicin.

    Args:
        path: another file of the same layout; by default the one in the data folder.

    Returns:
        One row a patient, as :func:`load_1022`, days from the first dose. The columns of the
        2016 analysis are empty, since study 1010 had none.

    Raises:
        CohortError: the file breaks a rule; the message names file, row and rule.
    """
    return _load(LAYOUT_1010, path)


def load_alternatives(path: Path | str | None = None) -> pd.DataFrame:
    """Load 20 further synthetic draws of the 49 Ph-positive patients of study 1022.

    Each of them gives the published figures of the abstract as exactly as the first does.

    Args:
        path: another file of the same layout; by default the one in the data folder.

    Returns:
        980 rows, as :func:`load_1022`, with a column ``cohort`` (1 to 20) in front.
        ``patient_id`` is unique within a cohort only.

    Raises:
        CohortError: the file breaks a rule; the message names file, row and rule.
    """
    return _load(LAYOUT_ALTERNATIVES, path)


def check_cohort(cohort: pd.DataFrame, layout: CohortLayout, name: str) -> pd.DataFrame:
    """Check a cohort against its layout and return it with the dtypes of the schema.

    Args:
        cohort: one row a patient.
        layout: what the cohort must hold.
        name: what the messages call it (its file).

    Returns:
        The same rows and columns.

    Raises:
        CohortError: a rule is broken; the message names file, row and rule.
    """
    try:
        checked = _schema(layout).validate(cohort, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise CohortError(_message(name, cohort, error.failure_cases)) from error
    _check_uniqueness(checked, layout, name)
    _check_counts(checked, layout, name)
    return checked


def _load(layout: CohortLayout, path: Path | str | None) -> pd.DataFrame:
    file = Path(path) if path is not None else data_folder() / layout.file_name
    return check_cohort(_typed(_texts(file, layout), file.name), layout, file.name)


def _texts(file: Path, layout: CohortLayout) -> pd.DataFrame:
    """Read a file as text, one row a patient, and check its header."""
    if not file.is_file():
        raise CohortError(f"{file}: the file does not exist. `make data` writes it.")
    try:
        texts = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
    except pd.errors.EmptyDataError:
        raise CohortError(f"{file.name}: the file is empty.") from None
    except pd.errors.ParserError as error:
        raise CohortError(f"{file.name}: not a table of comma-separated values: {error}") from None
    except UnicodeDecodeError as error:
        raise CohortError(f"{file.name}: not a text in UTF-8: {error}") from None
    missing = [column for column in layout.columns if column not in texts]
    unknown = [column for column in texts if column not in layout.columns]
    if missing:
        raise CohortError(f"{file.name}: line 1: missing column {', '.join(missing)}.")
    if unknown:
        raise CohortError(f"{file.name}: line 1: unknown column {', '.join(unknown)}.")
    if texts.empty:
        raise CohortError(f"{file.name}: the file has a header but no patient.")
    return texts[list(layout.columns)]


def _typed(texts: pd.DataFrame, name: str) -> pd.DataFrame:
    """Turn the texts of a file into numbers, dates and labels."""
    cohort = texts.copy()
    for column in texts:
        if column in NUMBERS or column in NUMBERS_OR_EMPTY:
            cohort[column] = _whole_numbers(texts, column, name)
        elif column == "randomised_on":
            cohort[column] = _dates(texts, column, name)
    return cohort


def _whole_numbers(texts: pd.DataFrame, column: str, name: str) -> pd.Series:
    entries = texts[column].str.strip()
    empty = entries == ""
    if column in NUMBERS and empty.any():
        raise _entry_error(name, texts, empty, column, "must not be empty")
    wrong = ~entries.str.fullmatch(r"-?\d{1,9}") & ~empty
    if wrong.any():
        raise _entry_error(name, texts, wrong, column, "must be a whole number")
    return pd.to_numeric(entries.mask(empty)).astype("int64" if column in NUMBERS else "Int64")


def _dates(texts: pd.DataFrame, column: str, name: str) -> pd.Series:
    dates = pd.to_datetime(texts[column], format="%Y-%m-%d", errors="coerce")
    if dates.isna().any():
        raise _entry_error(name, texts, dates.isna(), column, "must be a date as 2014-05-31")
    return dates


def _entry_error(
    name: str, texts: pd.DataFrame, wrong: pd.Series, column: str, rule: str
) -> CohortError:
    tellings = [
        f"{_row(texts, row)}: {column} {rule}, not {texts.at[row, column]!r}."
        for row in texts.index[wrong]
    ]
    return CohortError(_told(name, tellings))


def _schema(layout: CohortLayout) -> pa.DataFrameSchema:
    numbers = {name: _number(name, layout) for name in layout.columns if name in NUMBERS}
    optional = {name: _optional_number(name, layout) for name in NUMBERS_OR_EMPTY}
    texts = {
        "patient_id": pa.Column(
            str,
            pa.Check.str_matches(
                rf"^SYN-{layout.study}-\d{{3}}$", error=f"patient_id is SYN-{layout.study}-nnn"
            ),
        ),
        "arm": pa.Column(str, _one_of("arm", sorted(layout.rows_per_arm))),
        "best_response": pa.Column(str, _one_of("best_response", ["CR", "CRi", "none"])),
    }
    dates = {"randomised_on": pa.Column("datetime64[ns]")}
    columns = numbers | optional | texts | dates
    return pa.DataFrameSchema(
        {name: columns[name] for name in layout.columns},
        checks=[_row_check(rule) for rule in _row_rules(layout)],
        strict=True,
        ordered=True,
    )


def _number(name: str, layout: CohortLayout) -> pa.Column:
    if name in FLAGS:
        return pa.Column("int64", _one_of(name, [0, 1]))
    if name == "study":
        return pa.Column("int64", _one_of(name, [layout.study]))
    if name == "cohort":
        return pa.Column("int64", _between(name, 1, layout.cohorts))
    if name == "age":
        return pa.Column("int64", _between(name, 18, 99))
    return pa.Column("int64", _between(name, 1, 9999))


def _optional_number(name: str, layout: CohortLayout) -> pa.Column:
    in_2016 = name in ("os_days_2016", "os_event_2016")
    nullable = not (in_2016 and layout.has_2016_cut)
    check = (
        _one_of(name, [0, 1])
        if name in ("mrd_negative", "os_event_2016")
        else _between(name, 1, 9999)
    )
    return pa.Column("Int64", check, nullable=nullable)


def _one_of(name: str, values: list) -> pa.Check:
    return pa.Check.isin(values, error=f"{name} is one of {', '.join(map(str, values))}")


def _between(name: str, low: int, high: int) -> pa.Check:
    return pa.Check.in_range(low, high, error=f"{name} is from {low} to {high}")


def _row_check(rule: RowRule) -> pa.Check:
    return pa.Check(lambda cohort: ~rule.broken(cohort), error=rule.text)


def _row_rules(layout: CohortLayout) -> Iterable[RowRule]:
    yield from SHARED_ROW_RULES
    yield RowRule(
        f"nothing is observed after the data cut of {layout.data_cut}",
        lambda cohort: _last_day(cohort, "os_days") > pd.Timestamp(layout.data_cut),
    )
    if layout.has_2016_cut:
        yield from ROW_RULES_2016
    else:
        yield RowRule(
            "study 1010 has no analysis of 2016: its columns are empty",
            lambda cohort: cohort["os_days_2016"].notna() | cohort["os_event_2016"].notna(),
        )


def _last_day(cohort: pd.DataFrame, days: str) -> pd.Series:
    return cohort["randomised_on"] + pd.to_timedelta(cohort[days].astype("float64"), unit="D")


def _responded(cohort: pd.DataFrame) -> pd.Series:
    return cohort["best_response"].isin(["CR", "CRi"])


def _later(cohort: pd.DataFrame, later: str, earlier: str) -> pd.Series:
    """Where both days are known and the one in ``later`` is the later one."""
    return (cohort[later] > cohort[earlier]).fillna(False).astype(bool)


def _pfs_death_unsupported(cohort: pd.DataFrame) -> pd.Series:
    by_death = (cohort["pfs_event"] == 1) & cohort["relapse_day"].isna()
    died_then = (cohort["os_event"] == 1) & (cohort["os_days"] == cohort["pfs_days"])
    return by_death & ~died_then


def _relapse_off_pfs(cohort: pd.DataFrame) -> pd.Series:
    known = cohort["relapse_day"].notna()
    same = (cohort["relapse_day"] == cohort["pfs_days"]).fillna(False).astype(bool)
    return known & ~(same & (cohort["pfs_event"] == 1))


def _direct_without_remission(cohort: pd.DataFrame) -> pd.Series:
    direct = cohort["hsct_direct"] == 1
    return direct & (cohort["hsct_day"].isna() | ~_later(cohort, "hsct_day", "response_day"))


SHARED_ROW_RULES = (
    RowRule("PFS is not longer than OS", lambda cohort: cohort["pfs_days"] > cohort["os_days"]),
    RowRule(
        "a CR or CRi has a response day",
        lambda cohort: _responded(cohort) & cohort["response_day"].isna(),
    ),
    RowRule(
        "only a CR or CRi has a response day",
        lambda cohort: ~_responded(cohort) & cohort["response_day"].notna(),
    ),
    RowRule(
        "only a CR or CRi has an MRD result",
        lambda cohort: ~_responded(cohort) & cohort["mrd_negative"].notna(),
    ),
    RowRule(
        "a CR or CRi has an MRD result",
        lambda cohort: _responded(cohort) & cohort["mrd_negative"].isna(),
    ),
    RowRule(
        "the response comes before the end of PFS",
        lambda cohort: _later(cohort, "response_day", "pfs_days"),
    ),
    RowRule(
        "the transplant comes before the end of OS",
        lambda cohort: _later(cohort, "hsct_day", "os_days"),
    ),
    RowRule("a direct transplant follows a CR or CRi", _direct_without_remission),
    RowRule(
        "no relapse comes before a direct transplant",
        lambda cohort: (cohort["hsct_direct"] == 1) & _later(cohort, "hsct_day", "relapse_day"),
    ),
    RowRule("a relapse or progression is the PFS event, on its day", _relapse_off_pfs),
    RowRule("a PFS event without relapse is the death, on its day", _pfs_death_unsupported),
    RowRule(
        "only SC patients are untreated, and none of them responds",
        lambda cohort: (cohort["treated"] == 0) & ((cohort["arm"] != "SC") | _responded(cohort)),
    ),
)

ROW_RULES_2016 = (
    RowRule(
        "OS at the 2016 cut is not longer than OS at the final cut",
        lambda cohort: _later(cohort, "os_days_2016", "os_days"),
    ),
    RowRule(
        "a death known in 2016 is the same death at the final cut",
        lambda cohort: (
            (cohort["os_event_2016"] == 1).fillna(False).astype(bool)
            & ((cohort["os_event"] != 1) | _later(cohort, "os_days", "os_days_2016"))
        ),
    ),
    RowRule(
        f"nothing in the 2016 columns is observed after the data cut of {DATA_CUT_2016}",
        lambda cohort: _last_day(cohort, "os_days_2016") > pd.Timestamp(DATA_CUT_2016),
    ),
)


def _check_uniqueness(cohort: pd.DataFrame, layout: CohortLayout, name: str) -> None:
    key = ["cohort", "patient_id"] if layout.cohorts > 1 else ["patient_id"]
    repeated = cohort.duplicated(key, keep="first")
    if repeated.any():
        tellings = [
            f"{_row(cohort, row)}: a patient stands once only." for row in cohort.index[repeated]
        ]
        raise CohortError(_told(name, tellings))


def _check_counts(cohort: pd.DataFrame, layout: CohortLayout, name: str) -> None:
    if layout.cohorts == 1:
        _check_cohort_counts(cohort, layout, name, "")
        return
    for number in range(1, layout.cohorts + 1):
        one = cohort[cohort["cohort"] == number]
        _check_cohort_counts(one, layout, name, f"cohort {number}: ")


def _check_cohort_counts(cohort: pd.DataFrame, layout: CohortLayout, name: str, which: str) -> None:
    for arm, expected in layout.rows_per_arm.items():
        in_arm = cohort[cohort["arm"] == arm]
        _check_count(len(in_arm), expected, f"patients in arm {arm}", name, which)
        ph_positive = int(in_arm["ph_positive"].sum())
        expected_ph = layout.ph_positive_per_arm[arm]
        _check_count(ph_positive, expected_ph, f"Ph-positive patients in arm {arm}", name, which)
    if layout.untreated_sc is not None:
        untreated = int((cohort["treated"] == 0).sum())
        _check_count(untreated, layout.untreated_sc, "untreated SC patients", name, which)


def _check_count(found: int, expected: int, what: str, name: str, which: str) -> None:
    if found != expected:
        raise CohortError(f"{name}: {which}all rows: {expected} {what} expected, {found} found.")


def _row(cohort: pd.DataFrame, row: int) -> str:
    """Name a row by its line in the file and its patient."""
    return f"line {row + 2} (patient {cohort.at[row, 'patient_id']})"


def _message(name: str, cohort: pd.DataFrame, failures: pd.DataFrame) -> str:
    """Tell pandera's failures by file, row and rule."""
    tellings = []
    for failure in failures.drop_duplicates(["index", "check"]).to_dict("records"):
        rule = re.sub(
            r"^not_nullable$", f"{failure['column']} must not be empty", str(failure["check"])
        )
        where = "all rows" if pd.isna(failure["index"]) else _row(cohort, int(failure["index"]))
        tellings.append(f"{where}: {rule}.")
    return _told(name, tellings)


def _told(name: str, tellings: list[str]) -> str:
    told = tellings[:MOST_FAILURES_TOLD]
    more = len(tellings) - len(told)
    end = [f"... and {more} more."] if more else []
    return "\n".join(f"{name}: {telling}" for telling in told + end)
