"""The parts of the generator, each against an independent computation, and one whole run."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from inobook.cohorts import load_1010, load_1022, load_alternatives
from inobook.illness_death import Courses
from inobook.paths import data_folder
from inobook.synthesis.__main__ import main
from inobook.synthesis.annealing import OutOfReachError, Schedule
from inobook.synthesis.counts import draw_with_count
from inobook.synthesis.daily import DailyCounts, Survival, hazard_ratio
from inobook.synthesis.estimates import Estimates
from inobook.synthesis.observation import NOT_SEEN, Observation, observe
from inobook.synthesis.patients import (
    ARM_COUNTS,
    PERIOD_COUNTS,
    CountsOutOfReachError,
    draw_ph_negative,
    draw_ph_positive,
    first_analysed_until,
)
from inobook.synthesis.seeds import (
    ALTERNATIVE_SEEDS,
    PH_NEGATIVE_SEED,
    PH_POSITIVE_SEED,
    STUDY_1010_SEED,
)
from inobook.synthesis.targets import Target, Targets
from inobook.synthesis.trials import ph_positive_trial, trial_1010
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import median_survival_times
from statsmodels.duration.hazard_regression import PHReg


@pytest.fixture(scope="module")
def tied_sample() -> pd.DataFrame:
    """Follow-up with many ties: 120 patients, two arms."""
    rng = np.random.default_rng(5)
    days = np.ceil(rng.exponential(60, 120) / 7).astype(int) * 7
    return pd.DataFrame(
        {"days": days, "event": rng.integers(0, 4, 120) > 0, "ino": rng.integers(0, 2, 120)}
    ).astype(int)


def counts(sample: pd.DataFrame, ino: int | None = None) -> DailyCounts:
    rows = sample if ino is None else sample[sample["ino"] == ino]
    return DailyCounts(rows["days"].to_numpy(), rows["event"].to_numpy())


class TestDrawsWithACount:
    def test_the_number_is_exact(self):
        rng = np.random.default_rng(1)
        for number in (0, 1, 7, 20):
            assert draw_with_count(rng.normal(size=20), number, rng).sum() == number

    def test_the_frequencies_are_those_of_the_conditional_law(self):
        log_odds, rng = np.array([-1.0, 0.0, 0.5, 2.0]), np.random.default_rng(2)
        weights = {pair: np.exp(log_odds[list(pair)].sum()) for pair in combinations(range(4), 2)}
        drawn = [tuple(np.flatnonzero(draw_with_count(log_odds, 2, rng))) for _ in range(20_000)]
        for pair, weight in weights.items():
            expected = weight / sum(weights.values())
            assert drawn.count(pair) / len(drawn) == pytest.approx(expected, abs=0.015)

    @pytest.mark.parametrize("number", [-1, 4])
    def test_an_impossible_number_is_refused(self, number):
        with pytest.raises(ValueError, match="of 3 patients"):
            draw_with_count(np.zeros(3), number, np.random.default_rng(1))


class TestFastEstimators:
    def test_survival_equals_lifelines(self, tied_sample):
        curve = Survival(counts(tied_sample))
        fitted = KaplanMeierFitter().fit(tied_sample["days"], tied_sample["event"])
        for day in (0, 6, 7, 50, 100, 200):
            assert curve.at(day) == pytest.approx(float(fitted.predict(day)))

    def test_median_and_its_limits_equal_lifelines(self, tied_sample):
        curve = Survival(counts(tied_sample))
        fitted = KaplanMeierFitter().fit(tied_sample["days"], tied_sample["event"])
        limits = median_survival_times(fitted.confidence_interval_).to_numpy()[0]
        assert curve.first_day_below(0.5) == fitted.median_survival_time_
        assert curve.median_limits == pytest.approx(tuple(limits))

    def test_both_conventions_of_the_median_where_survival_is_one_half(self):
        curve = Survival(DailyCounts(np.array([10, 20, 30, 40]), np.ones(4, int)))
        assert curve.first_day_at_most(0.5) == 20
        assert curve.first_day_below(0.5) == 30

    def test_a_median_that_is_not_reached_is_nan(self):
        curve = Survival(DailyCounts(np.array([10, 20, 30]), np.array([1, 0, 0])))
        assert np.isnan(curve.first_day_at_most(0.5))

    def test_efron_equals_lifelines(self, tied_sample):
        fitted = CoxPHFitter().fit(tied_sample, "days", "event")
        ours = hazard_ratio(counts(tied_sample, 1), counts(tied_sample, 0))
        assert ours.log == pytest.approx(fitted.params_["ino"], abs=1e-6)
        assert ours.standard_error == pytest.approx(fitted.standard_errors_["ino"], abs=1e-6)

    def test_breslow_equals_statsmodels(self, tied_sample):
        fitted = PHReg(
            tied_sample["days"], tied_sample[["ino"]], status=tied_sample["event"], ties="breslow"
        ).fit()
        ours = hazard_ratio(counts(tied_sample, 1), counts(tied_sample, 0), efron=False)
        assert ours.log == pytest.approx(fitted.params[0], abs=1e-6)
        assert ours.standard_error == pytest.approx(fitted.bse[0], abs=1e-6)

    def test_a_moved_patient_gives_the_estimates_of_the_changed_cohort(self, tied_sample):
        arm = np.where(tied_sample["ino"] == 1, "InO", "SC")
        days, event = tied_sample["days"].to_numpy(), tied_sample["event"].to_numpy()
        estimates = Estimates({"os": (days, event)}, {"os": arm})
        before = estimates.hazard_ratio("os", True).ratio
        changed = tied_sample.copy()
        changed.loc[3, ["days", "event"]] = (301, 1)
        estimates.move(3, {"os": ((int(days[3]), int(event[3])), (301, 1))})
        expected = hazard_ratio(counts(changed, 1), counts(changed, 0)).ratio
        assert estimates.hazard_ratio("os", True).ratio == pytest.approx(expected)
        estimates.undo()
        assert estimates.hazard_ratio("os", True).ratio == pytest.approx(before)


class TestLoss:
    @staticmethod
    def target(value: float) -> Target:
        return Target("rate", 1.0, 2.0, 0.5, lambda _: value)

    @pytest.mark.parametrize(
        ("value", "loss"),
        [(1.0, 0.0), (1.7, 0.0), (2.5, 1.15), (0.75, 0.65), (1000.0, 4.15), (np.nan, 4.15)],
    )
    def test_a_target_costs_nothing_inside_and_rises_outside(self, value, loss):
        assert self.target(value).loss(None) == pytest.approx(loss)

    def test_the_second_rank_counts_only_when_the_first_is_met(self):
        assert Targets((self.target(3.0),), (self.target(5.0),)).loss(None) == pytest.approx(2.15)
        assert Targets((self.target(1.5),), (self.target(2.5),)).loss(None) == pytest.approx(1.15)

    def test_the_sum_stops_above_its_limit(self):
        targets = Targets((self.target(3.0), self.target(3.0)), ())
        assert targets.loss(None) == pytest.approx(4.3)
        assert targets.loss(None, limit=1.0) == pytest.approx(2.15)

    def test_the_temperature_falls_and_is_raised_again(self):
        schedule = Schedule(steps=100, cooling_steps=40, reheated_steps=30)
        cooling = [schedule.temperature(step) for step in range(40)]
        assert cooling == sorted(cooling, reverse=True)
        assert schedule.temperature(40) > schedule.temperature(39)
        assert schedule.temperature(40) < schedule.temperature(0)


class TestObservation:
    @staticmethod
    def course(**days: float) -> Courses:
        def one(name: str) -> np.ndarray:
            return np.array([days.get(name, np.inf)])

        responded = np.isfinite(one("response"))
        return Courses(
            responded=responded,
            mrd_negative=np.array([False]),
            response_day=one("response"),
            transplant_day=one("transplant"),
            failure_day=one("failure"),
            death_day=one("death"),
            transplanted_in_remission=responded & np.isfinite(one("transplant")),
        )

    @staticmethod
    def losses(**days: float) -> Observation:
        def one(name: str, default: float) -> np.ndarray:
            return np.array([days.get(name, default)])

        return Observation(
            survival_lost_day=one("survival", np.inf),
            assessment_lost_day=one("assessment", np.inf),
            stale_2016_day=one("stale", np.inf),
            contact_gap_final=one("gap", 0.0),
            contact_gap_2016=one("gap", 0.0),
            visit_gap=one("visit", 0.0),
        )

    def seen(self, course: Courses, losses: Observation):
        return observe(course, losses, np.array([1000]), np.array([700]))

    def test_a_relapse_and_a_death_are_recorded_on_their_days(self):
        seen = self.seen(self.course(response=30.2, failure=99.5, death=200.1), self.losses())
        assert seen.response_day[0] == 31
        assert (seen.relapse_day[0], seen.pfs_days[0], seen.pfs_event[0]) == (100, 100, 1)
        assert (seen.os_days[0], seen.os_event[0]) == (201, 1)
        assert (seen.os_days_2016[0], seen.os_event_2016[0]) == (201, 1)

    def test_a_death_without_relapse_ends_pfs(self):
        seen = self.seen(self.course(death=80.0), self.losses())
        assert (seen.pfs_days[0], seen.pfs_event[0], seen.relapse_day[0]) == (80, 1, NOT_SEEN)

    def test_after_lost_assessments_nothing_is_a_pfs_event(self):
        seen = self.seen(self.course(failure=100.0, death=200.0), self.losses(assessment=60.0))
        assert (seen.pfs_days[0], seen.pfs_event[0], seen.relapse_day[0]) == (60, 0, NOT_SEEN)
        assert (seen.os_days[0], seen.os_event[0]) == (200, 1)

    def test_lost_survival_follow_up_hides_the_death(self):
        seen = self.seen(self.course(death=300.0), self.losses(survival=120.0))
        assert (seen.os_days[0], seen.os_event[0]) == (120, 0)
        assert (seen.pfs_days[0], seen.pfs_event[0]) == (120, 0)

    def test_a_stale_contact_hides_a_death_in_2016_only(self):
        seen = self.seen(self.course(death=300.0), self.losses(stale=90.0))
        assert (seen.os_days_2016[0], seen.os_event_2016[0]) == (90, 0)
        assert (seen.os_days[0], seen.os_event[0]) == (300, 1)

    def test_a_death_between_the_cuts_is_known_at_the_second(self):
        seen = self.seen(self.course(death=800.0), self.losses())
        assert (seen.os_days_2016[0], seen.os_event_2016[0]) == (700, 0)
        assert (seen.os_days[0], seen.os_event[0]) == (800, 1)

    def test_the_living_are_censored_at_the_last_contact_before_the_cut(self):
        seen = self.seen(self.course(response=30.0), self.losses(gap=25.0, visit=40.0))
        assert (seen.os_days[0], seen.os_event[0]) == (975, 0)
        assert (seen.pfs_days[0], seen.pfs_event[0]) == (935, 0)

    def test_a_transplant_after_the_end_of_follow_up_is_not_valid(self):
        seen = self.seen(self.course(failure=500.0, transplant=1200.0), self.losses())
        assert not seen.valid[0]


class TestPatients:
    @pytest.fixture(scope="class")
    @staticmethod
    def everyone() -> pd.DataFrame:
        for seed in range(50):
            rng = np.random.default_rng(seed)
            ph_positive = draw_ph_positive(rng)
            try:
                ph_negative = draw_ph_negative(ph_positive, rng)
            except CountsOutOfReachError:
                continue
            return pd.concat([ph_positive, ph_negative], ignore_index=True)
        pytest.fail("none of 50 seeds leaves room for the published counts")

    @pytest.mark.parametrize("arm", ["InO", "SC"])
    def test_the_counts_of_the_whole_trial(self, everyone, arm):
        rows, expected = everyone[everyone["arm"] == arm], ARM_COUNTS[arm]
        transplanted = rows["direct"] | rows["late"]
        assert len(rows) == expected.patients
        assert rows["ph_positive"].sum() == expected.ph_positive
        assert rows["salvage_2"].sum() == expected.salvage_2
        assert (rows["treated"] == 0).sum() == expected.untreated
        assert rows["late"].sum() == expected.transplants_after_failure
        assert (rows["vod"] & transplanted).sum() == expected.vod_transplanted
        assert (rows["vod"] & ~transplanted).sum() == expected.vod_not_transplanted

    @pytest.mark.parametrize("arm", ["InO", "SC"])
    @pytest.mark.parametrize("early", [True, False])
    def test_the_counts_of_each_period(self, everyone, arm, early):
        until = first_analysed_until(everyone["enrolled_day"].to_numpy())
        rows = everyone[(everyone["arm"] == arm) & ((everyone["enrolled_day"] < until) == early)]
        expected, response = PERIOD_COUNTS[arm, early], rows["best_response"]
        assert (rows["blasts_50"] == 0).sum() == expected.low_blasts
        assert (response != "none").sum() == expected.responders
        assert (response == "CR").sum() == expected.complete
        negative = rows["mrd_negative"]
        assert (negative & (response == "CR")).sum() == expected.mrd_negative_complete
        assert (negative & (response == "CRi")).sum() == expected.mrd_negative_incomplete
        assert rows["direct"].sum() == expected.direct

    def test_too_many_ph_positive_responders_leave_no_room(self):
        rng = np.random.default_rng(1)
        ph_positive = draw_ph_positive(rng)
        ph_positive["enrolled_day"] = np.arange(1, 50)
        ph_positive.loc[ph_positive["arm"] == "SC", "best_response"] = "CR"
        with pytest.raises(CountsOutOfReachError, match="too many Ph-positive"):
            draw_ph_negative(ph_positive, rng)

    def test_a_shared_day_cannot_part_the_first_218(self):
        with pytest.raises(CountsOutOfReachError, match="share a day"):
            first_analysed_until(np.zeros(326, int))


class TestWholeRuns:
    def test_study_1010_comes_out_as_committed(self, tmp_path):
        path = tmp_path / "cohort_1010.csv"
        trial_1010(STUDY_1010_SEED).to_csv(path, index=False, lineterminator="\n")
        assert path.read_bytes() == (data_folder() / "cohort_1010.csv").read_bytes()
        assert len(load_1010(path)) == 16

    def test_the_fastest_alternative_comes_out_as_committed(self, tmp_path):
        number = FASTEST_ALTERNATIVE
        path = tmp_path / "one.csv"
        ph_positive_trial(ALTERNATIVE_SEEDS[number - 1]).to_csv(path, index=False)
        again = pd.read_csv(path)
        committed = pd.read_csv(data_folder() / "alternatives_1022_ph.csv")
        committed = committed[committed["cohort"] == number].drop(columns="cohort")
        pd.testing.assert_frame_equal(again, committed.reset_index(drop=True))

    def test_a_seed_without_success_tells_what_it_missed(self, monkeypatch):
        short = Schedule(steps=5, cooling_steps=3, reheated_steps=2)
        monkeypatch.setattr("inobook.synthesis.trials.PH_POSITIVE_SCHEDULE", short)
        with pytest.raises(OutOfReachError, match=r"median os|HR os|pfs"):
            ph_positive_trial(1)

    def test_the_command_writes_where_it_is_told(self, tmp_path):
        assert main(["--only", "1010", "--output", str(tmp_path / "new")]) == 0
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["cohort_1010.csv"]

    def test_the_command_fails_and_writes_nothing_if_a_seed_misses(
        self, tmp_path, monkeypatch, capsys
    ):
        short = Schedule(steps=5, cooling_steps=3, reheated_steps=2)
        monkeypatch.setattr("inobook.synthesis.trials.PH_POSITIVE_SCHEDULE", short)
        assert main(["--only", "alternatives", "--output", str(tmp_path)]) == 1
        assert "alternatives_1022_ph.csv was not written" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_the_recorded_seeds_are_of_different_draws(self):
        seeds = [PH_POSITIVE_SEED, PH_NEGATIVE_SEED, STUDY_1010_SEED, *ALTERNATIVE_SEEDS]
        assert len(set(seeds)) == len(seeds)

    def test_the_committed_ph_positive_patients_differ_from_every_alternative(self):
        trial = load_1022()
        first = trial[trial["ph_positive"] == 1]["os_days"].sort_values().tolist()
        for _, rows in load_alternatives().groupby("cohort"):
            assert rows["os_days"].sort_values().tolist() != first


FASTEST_ALTERNATIVE = 1
