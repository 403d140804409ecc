"""Every published figure that the committed cohorts must reproduce, one named test each.

The estimators are those of lifelines, statsmodels and scipy; nothing of the generator is used.
"""

import numpy as np
import pandas as pd
import pytest
from inobook.cohorts import DAYS_PER_MONTH, load_1010, load_1022, load_alternatives
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import median_survival_times
from scipy.stats import binomtest, norm
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

FIRST_ANALYSED = 218


@pytest.fixture(scope="module")
def trial() -> pd.DataFrame:
    return load_1022()


@pytest.fixture(scope="module")
def ph_positive(trial) -> pd.DataFrame:
    return trial[trial["ph_positive"] == 1]


@pytest.fixture(scope="module")
def first_218(trial) -> pd.DataFrame:
    return trial.sort_values(["randomised_on", "patient_id"]).head(FIRST_ANALYSED)


@pytest.fixture(scope="module")
def study_1010() -> pd.DataFrame:
    return load_1010()


@pytest.fixture(scope="module")
def alternatives() -> pd.DataFrame:
    return load_alternatives()


def endpoint_columns(endpoint: str) -> tuple[str, str]:
    name, _, year = endpoint.partition("_")
    suffix = f"_{year}" if year else ""
    return f"{name}_days{suffix}", f"{name}_event{suffix}"


def survival(cohort: pd.DataFrame, endpoint: str, arm: str) -> KaplanMeierFitter:
    days, event = endpoint_columns(endpoint)
    rows = cohort[cohort["arm"] == arm]
    return KaplanMeierFitter().fit(rows[days].astype(int), rows[event].astype(int))


def percent_at(cohort: pd.DataFrame, endpoint: str, arm: str, months: int) -> float:
    return 100 * float(survival(cohort, endpoint, arm).predict(months * DAYS_PER_MONTH))


def medians(cohort: pd.DataFrame, endpoint: str, arm: str) -> dict[str, float]:
    """Medians in months by three conventions: first at 0.5, midpoint, and as lifelines tells it."""
    days, event = endpoint_columns(endpoint)
    rows = cohort[cohort["arm"] == arm]
    curve = SurvfuncRight(rows[days].astype(int), rows[event].astype(int))
    at_half = np.isclose(curve.surv_prob, 0.5, atol=1e-9)
    first = curve.surv_times[(curve.surv_prob < 0.5) | at_half][0]
    below = curve.surv_times[(curve.surv_prob < 0.5) & ~at_half][0]
    midpoint = (first + below) / 2 if at_half.any() else first
    lifelines = survival(cohort, endpoint, arm).median_survival_time_
    return {
        "first at 0.5": first / DAYS_PER_MONTH,
        "midpoint": midpoint / DAYS_PER_MONTH,
        "lifelines": lifelines / DAYS_PER_MONTH,
    }


def cox(cohort: pd.DataFrame, endpoint: str, level: float, ties: str) -> tuple[float, ...]:
    """Hazard ratio InO v SC with its Wald interval."""
    days, event = endpoint_columns(endpoint)
    sample = pd.DataFrame(
        {
            "days": cohort[days].astype(int),
            "event": cohort[event].astype(int),
            "ino": (cohort["arm"] == "InO").astype(int),
        }
    )
    if ties == "efron":
        fitted = CoxPHFitter(alpha=1 - level).fit(sample, "days", "event")
        log, error = fitted.params_["ino"], fitted.standard_errors_["ino"]
    else:
        fitted = PHReg(
            sample["days"], sample[["ino"]], status=sample["event"], ties="breslow"
        ).fit()
        log, error = fitted.params[0], fitted.bse[0]
    half_width = norm.ppf(0.5 + level / 2) * error
    return tuple(np.exp([log, log - half_width, log + half_width]))


def agrees(value: float, printed: str) -> bool:
    """Whether a value rounds to what is printed, clear of the edge by 1% of the last digit."""
    decimals = len(printed.partition(".")[2])
    return abs(value - float(printed)) < 0.49 * 10.0**-decimals


def responders(cohort: pd.DataFrame, arm: str) -> pd.DataFrame:
    return cohort[(cohort["arm"] == arm) & (cohort["best_response"] != "none")]


def count(cohort: pd.DataFrame, arm: str, column: str) -> int:
    return int((cohort.loc[cohort["arm"] == arm, column] == 1).sum())


def transplanted(cohort: pd.DataFrame, arm: str) -> pd.DataFrame:
    return cohort[(cohort["arm"] == arm) & cohort["hsct_day"].notna()]


def check_hazard_ratio(cohort, endpoint, level, printed, ties):
    for value, text in zip(cox(cohort, endpoint, level, ties), printed, strict=True):
        assert agrees(value, text), (value, text)


def check_medians(cohort, endpoint, arm, printed):
    for convention, value in medians(cohort, endpoint, arm).items():
        assert agrees(value, printed), (convention, value)


class TestPhPositive1022:
    """The Ph-positive patients of study 1022: every figure of the abstract."""

    @pytest.mark.parametrize(("arm", "number"), [("InO", 22), ("SC", 27)])
    def test_patients(self, ph_positive, arm, number):
        assert (ph_positive["arm"] == arm).sum() == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 16), ("SC", 15)])
    def test_cr_or_cri(self, ph_positive, arm, number):
        assert len(responders(ph_positive, arm)) == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 13), ("SC", 5)])
    def test_mrd_negative_responders(self, ph_positive, arm, number):
        assert count(ph_positive, arm, "mrd_negative") == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 9), ("SC", 5)])
    def test_transplants(self, ph_positive, arm, number):
        assert len(transplanted(ph_positive, arm)) == number

    @pytest.mark.parametrize(("arm", "months"), [("InO", "8.7"), ("SC", "8.4")])
    def test_median_os(self, ph_positive, arm, months):
        check_medians(ph_positive, "os", arm, months)

    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    def test_os_hazard_ratio(self, ph_positive, ties):
        check_hazard_ratio(ph_positive, "os", 0.95, ("1.17", "0.64", "2.14"), ties)

    @pytest.mark.parametrize(("arm", "percent"), [("InO", "20.1"), ("SC", "4.8")])
    def test_pfs_at_12_months(self, ph_positive, arm, percent):
        assert agrees(percent_at(ph_positive, "pfs", arm, 12), percent)


class TestPhPositive1010:
    """The Ph-positive patients of study 1010: counts only were published."""

    def test_patients(self, study_1010):
        assert len(study_1010) == 16
        assert (study_1010["ph_positive"] == 1).all()

    def test_cr_or_cri(self, study_1010):
        assert len(responders(study_1010, "InO")) == 9

    def test_cr(self, study_1010):
        assert (study_1010["best_response"] == "CR").sum() == 4

    def test_mrd_negative_responders(self, study_1010):
        assert count(study_1010, "InO", "mrd_negative") == 9


class TestAlternatives:
    """Each of the 20 further Ph-positive cohorts gives the abstract as exactly as the first."""

    @pytest.mark.parametrize("number", range(1, 21))
    def test_counts(self, alternatives, number):
        cohort = alternatives[alternatives["cohort"] == number]
        found = [
            (
                int((cohort["arm"] == arm).sum()),
                len(responders(cohort, arm)),
                count(cohort, arm, "mrd_negative"),
                len(transplanted(cohort, arm)),
            )
            for arm in ("InO", "SC")
        ]
        assert found == [(22, 16, 13, 9), (27, 15, 5, 5)]

    @pytest.mark.parametrize("number", range(1, 21))
    def test_median_os(self, alternatives, number):
        cohort = alternatives[alternatives["cohort"] == number]
        check_medians(cohort, "os", "InO", "8.7")
        check_medians(cohort, "os", "SC", "8.4")

    @pytest.mark.parametrize("number", range(1, 21))
    def test_os_hazard_ratio(self, alternatives, number):
        cohort = alternatives[alternatives["cohort"] == number]
        for ties in ("efron", "breslow"):
            check_hazard_ratio(cohort, "os", 0.95, ("1.17", "0.64", "2.14"), ties)

    @pytest.mark.parametrize("number", range(1, 21))
    def test_pfs_at_12_months(self, alternatives, number):
        cohort = alternatives[alternatives["cohort"] == number]
        assert agrees(percent_at(cohort, "pfs", "InO", 12), "20.1")
        assert agrees(percent_at(cohort, "pfs", "SC", 12), "4.8")

    def test_the_cohorts_differ_from_each_other_and_from_the_first(self, alternatives, ph_positive):
        first = tuple(sorted(ph_positive["os_days"]))
        draws = {tuple(sorted(rows["os_days"])) for _, rows in alternatives.groupby("cohort")}
        assert len(draws | {first}) == 21


class TestWholeTrialFinalCut:
    """All 326 patients at the data cut of January 2017."""

    @pytest.mark.parametrize(("arm", "number"), [("InO", 164), ("SC", 162)])
    def test_patients(self, trial, arm, number):
        assert (trial["arm"] == arm).sum() == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 121), ("SC", 50)])
    def test_cr_or_cri(self, trial, arm, number):
        assert len(responders(trial, arm)) == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 65), ("SC", 17)])
    def test_transplant_directly_after_cr_or_cri(self, trial, arm, number):
        assert count(trial, arm, "hsct_direct") == number

    @pytest.mark.parametrize(
        ("arm", "limits"), [("InO", ("32.1", "47.6")), ("SC", ("6.2", "16.3"))]
    )
    def test_direct_transplant_interval(self, trial, arm, limits):
        size = int((trial["arm"] == arm).sum())
        interval = proportion_confint(count(trial, arm, "hsct_direct"), size, method="beta")
        for value, text in zip(interval, limits, strict=True):
            assert agrees(100 * value, text)

    @pytest.mark.parametrize(("arm", "lowest", "highest"), [("InO", 77, 77), ("SC", 31, 33)])
    def test_all_transplants(self, trial, arm, lowest, highest):
        assert lowest <= len(transplanted(trial, arm)) <= highest

    @pytest.mark.parametrize(("arm", "number", "treated"), [("InO", 23, 164), ("SC", 3, 143)])
    def test_vod_in_treated_patients(self, trial, arm, number, treated):
        in_arm = trial[(trial["arm"] == arm) & (trial["treated"] == 1)]
        assert len(in_arm) == treated
        assert in_arm["vod"].sum() == number
        assert count(trial, arm, "vod") == number

    def test_vod_after_transplant_ino(self, trial):
        assert transplanted(trial, "InO")["vod"].sum() == 17

    @pytest.mark.parametrize(("arm", "number"), [("InO", 56), ("SC", 55)])
    def test_second_salvage(self, trial, arm, number):
        assert count(trial, arm, "salvage_2") == number

    @pytest.mark.parametrize(("arm", "months"), [("InO", "7.7"), ("SC", "6.2")])
    def test_median_os(self, trial, arm, months):
        check_medians(trial, "os", arm, months)

    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    def test_os_hazard_ratio(self, trial, ties):
        check_hazard_ratio(trial, "os", 0.975, ("0.75", "0.57", "0.99"), ties)

    @pytest.mark.parametrize(
        ("arm", "months", "percent"),
        [("InO", 12, "33.6"), ("SC", 12, "32.0"), ("InO", 24, "22.8"), ("SC", 24, "10.0")],
    )
    def test_os_rate(self, trial, arm, months, percent):
        assert agrees(percent_at(trial, "os", arm, months), percent)

    @pytest.mark.parametrize(("arm", "months"), [("InO", "5.0"), ("SC", "1.7")])
    def test_median_pfs(self, trial, arm, months):
        check_medians(trial, "pfs", arm, months)

    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    def test_pfs_hazard_ratio(self, trial, ties):
        check_hazard_ratio(trial, "pfs", 0.975, ("0.45", "0.34", "0.60"), ties)

    def test_pfs_at_12_months_ino(self, trial):
        assert agrees(percent_at(trial, "pfs", "InO", 12), "18.2")


class TestWholeTrial2016Cut:
    """All 326 patients at the data cut of March 2016."""

    @pytest.mark.parametrize(("arm", "number"), [("InO", 122), ("SC", 130)])
    def test_deaths(self, trial, arm, number):
        assert count(trial, arm, "os_event_2016") == number

    @pytest.mark.parametrize(("arm", "months"), [("InO", "7.7"), ("SC", "6.7")])
    def test_median_os(self, trial, arm, months):
        check_medians(trial, "os_2016", arm, months)

    @pytest.mark.parametrize("ties", ["efron", "breslow"])
    def test_os_hazard_ratio(self, trial, ties):
        check_hazard_ratio(trial, "os_2016", 0.975, ("0.77", "0.58", "1.03"), ties)

    @pytest.mark.parametrize(("arm", "percent"), [("InO", "23"), ("SC", "10")])
    def test_os_at_24_months(self, trial, arm, percent):
        assert agrees(percent_at(trial, "os_2016", arm, 24), percent)


class TestFirst218:
    """The first 218 patients by date of randomisation."""

    def test_the_218th_and_the_219th_patient_have_different_dates(self, trial):
        dates = trial["randomised_on"].sort_values(ignore_index=True)
        assert dates[FIRST_ANALYSED - 1] < dates[FIRST_ANALYSED]

    @pytest.mark.parametrize("arm", ["InO", "SC"])
    def test_patients(self, first_218, arm):
        assert (first_218["arm"] == arm).sum() == 109

    @pytest.mark.parametrize(
        ("arm", "number", "limits"),
        [("InO", 88, ("72.1", "87.7")), ("SC", 32, ("21.0", "38.8"))],
    )
    def test_cr_or_cri(self, first_218, arm, number, limits):
        assert len(responders(first_218, arm)) == number
        interval = binomtest(len(responders(first_218, arm)), 109).proportion_ci(method="exact")
        for value, text in zip(interval, limits, strict=True):
            assert agrees(100 * value, text)

    @pytest.mark.parametrize(("arm", "number"), [("InO", 39), ("SC", 19)])
    def test_cr(self, first_218, arm, number):
        assert (responders(first_218, arm)["best_response"] == "CR").sum() == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 69), ("SC", 9)])
    def test_mrd_negative_responders(self, first_218, arm, number):
        assert count(first_218, arm, "mrd_negative") == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 35), ("SC", 6)])
    def test_mrd_negative_cr(self, first_218, arm, number):
        complete = first_218[first_218["best_response"] == "CR"]
        assert count(complete, arm, "mrd_negative") == number

    @pytest.mark.parametrize(("arm", "number"), [("InO", 45), ("SC", 12)])
    def test_direct_transplants(self, first_218, arm, number):
        assert count(first_218, arm, "hsct_direct") == number

    @pytest.mark.parametrize(("arm", "number", "responses"), [("InO", 30, 26), ("SC", 29, 12)])
    def test_low_marrow_blasts(self, first_218, arm, number, responses):
        low = first_218[(first_218["arm"] == arm) & (first_218["blasts_50"] == 0)]
        assert len(low) == number
        assert len(responders(low, arm)) == responses


class TestHeldWithinPublishedIntervals:
    """Figures that are held near the publication, not to the digit."""

    @pytest.mark.parametrize(
        ("endpoint", "arm", "printed"),
        [
            ("os", "InO", (6.0, 9.2)),
            ("os", "SC", (4.7, 8.3)),
            ("os_2016", "SC", (4.9, 8.3)),
            ("pfs", "InO", (3.9, 5.8)),
            ("pfs", "SC", (1.4, 2.1)),
        ],
    )
    def test_limits_of_medians_lie_within_a_third_of_a_month(self, trial, endpoint, arm, printed):
        fitted = survival(trial, endpoint, arm)
        limits = median_survival_times(fitted.confidence_interval_).iloc[0] / DAYS_PER_MONTH
        assert limits.to_numpy() == pytest.approx(printed, abs=1 / 3)

    @pytest.mark.parametrize(
        ("arm", "months", "printed"),
        [
            ("InO", 12, (26.4, 40.9)),
            ("SC", 12, (24.7, 39.6)),
            ("InO", 24, (16.7, 29.6)),
            ("SC", 24, (5.7, 15.5)),
        ],
    )
    def test_limits_of_os_rates_lie_within_a_point(self, trial, arm, months, printed):
        interval = survival(trial, "os", arm).confidence_interval_
        until = interval[interval.index <= months * DAYS_PER_MONTH].iloc[-1]
        assert 100 * until.to_numpy() == pytest.approx(printed, abs=1.0)

    @pytest.mark.parametrize(
        ("arm", "months", "limits"),
        [
            ("InO", 12, (33, 55)),
            ("SC", 12, (44, 79)),
            ("InO", 24, (28, 50)),
            ("SC", 24, (15, 54)),
        ],
    )
    def test_os_after_transplant(self, trial, arm, months, limits):
        assert limits[0] <= self.after_transplant(trial, arm, months) <= limits[1]

    def test_os_after_transplant_crosses(self, trial):
        at_12 = [self.after_transplant(trial, arm, 12) for arm in ("InO", "SC")]
        at_24 = [self.after_transplant(trial, arm, 24) for arm in ("InO", "SC")]
        assert at_12[0] < at_12[1]
        assert at_24[0] > at_24[1]

    def test_os_by_mrd_in_ino_responders(self, trial):
        sample = responders(trial, "InO")[["os_days", "os_event", "mrd_negative"]].astype(int)
        fitted = CoxPHFitter().fit(sample, "os_days", "os_event")
        error = np.log(0.835 / 0.313) / (2 * norm.ppf(0.9875))
        limits = 0.512 * np.exp(norm.ppf([0.025, 0.975]) * error)
        assert limits[0] <= float(fitted.hazard_ratios_["mrd_negative"]) <= limits[1]

    @staticmethod
    def after_transplant(trial, arm, months):
        rows = transplanted(trial, arm)
        since = (rows["os_days"] - rows["hsct_day"]).astype(int)
        fitted = KaplanMeierFitter().fit(since, rows["os_event"])
        return 100 * float(fitted.predict(months * DAYS_PER_MONTH))


class TestShape:
    """The curves look like those of a real trial."""

    @pytest.mark.parametrize("endpoint", ["os", "os_2016", "pfs"])
    @pytest.mark.parametrize("arm", ["InO", "SC"])
    def test_no_kinks(self, trial, endpoint, arm):
        """Up to 24 months no curve leaves a smooth one (degree 4 on the log-log scale) by 5%."""
        days = np.arange(14, round(24 * DAYS_PER_MONTH))
        observed = survival(trial, endpoint, arm).predict(days).to_numpy()
        log_days, log_hazard = np.log(days), np.log(-np.log(observed))
        weights = np.sqrt(observed * (1 - observed) / days)
        smooth = np.polynomial.Polynomial.fit(log_days, log_hazard, 4, w=weights)(log_days)
        assert np.abs(np.exp(-np.exp(smooth)) - observed).max() < 0.05

    @pytest.mark.parametrize(("endpoint", "most"), [("os", 4), ("pfs", 6)])
    def test_no_day_has_a_heap_of_events(self, trial, endpoint, most):
        days, event = endpoint_columns(endpoint)
        events = trial[trial[event] == 1].groupby(["arm", days]).size()
        assert events.max() <= most

    @pytest.mark.parametrize("endpoint", ["os", "os_2016"])
    def test_the_arms_meet_at_12_months_and_part_by_24(self, trial, endpoint):
        at_12, at_24 = (
            percent_at(trial, endpoint, "InO", months) - percent_at(trial, endpoint, "SC", months)
            for months in (12, 24)
        )
        assert abs(at_12) < 5
        assert at_24 > 10

    def test_survival_is_censored_at_the_cut_and_rarely_before(self, trial):
        alive = trial[trial["os_event"] == 0]
        last = alive["randomised_on"] + pd.to_timedelta(alive["os_days"], unit="D")
        lost = last < pd.Timestamp("2016-11-01")
        assert lost.sum() <= 0.08 * len(trial)
        assert lost.mean() < 0.5
