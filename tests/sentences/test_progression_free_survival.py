"""What the explorers of the chapter on PFS say, by another route than the chapter's.

lifelines and statsmodels instead of a product of our own, a loop over patients instead of masks,
simulated patients and quadrature instead of a grid; and every history counted bit by bit.
"""

import itertools
import re
from fractions import Fraction
from functools import lru_cache
from math import prod

import chapters
import numpy as np
import pytest
from inobook import cohorts
from inobook.cohorts import DAYS_PER_MONTH
from lifelines import KaplanMeierFitter
from scipy import integrate, optimize, stats
from states import NUMBER, states_and_numbers, states_and_sentences
from statsmodels.duration.survfunc import SurvfuncRight

CHAPTER = "endpoints/progression_free_survival"
SIGNED = r"([−-]?\d+(?:\.\d+)?)"
Z = stats.norm.ppf(0.975)


@lru_cache
def arm_of(population: str, arm: str):
    cohort = cohorts.load_1022()
    if population.startswith("Ph+"):
        cohort = cohort[cohort.ph_positive == 1]
    return cohort[cohort.arm == arm]


def limits(share: float, error: float, kind: str) -> tuple[float, float]:
    if kind == "plain":
        return share - Z * error, share + Z * error
    if kind == "log":
        return share / np.exp(Z * error / share), share * np.exp(Z * error / share)
    centre, reach = np.log(-np.log(share)), Z * error / share / abs(np.log(share))
    return np.exp(-np.exp(centre + reach)), np.exp(-np.exp(centre - reach))


@lru_cache
def survival_table(population: str, arm: str):
    patients = arm_of(population, arm)
    return SurvfuncRight(patients.pfs_days, patients.pfs_event).summary()


def test_rate_at_a_month_is_that_of_statsmodels_in_every_state():
    arm_words = rf"{{}} {NUMBER}% \((?:{SIGNED}% to {SIGNED}%|no interval); (\d+|nobody) at risk\)"
    pattern = (
        arm_words.format("InO") + ", " + arm_words.format("SC") + r"\. "
        rf"Difference {SIGNED} points(?: \({SIGNED} to {SIGNED}\), P (=|<) {NUMBER} at this month, "
        r"whichever interval is drawn)?"
    )
    checked = without_interval = 0
    for state, sentence in states_and_sentences(CHAPTER, "rate-at-a-month"):
        assert f"month {state['month']}, {state['kind']} 95% intervals" in sentence
        assert sentence.endswith("Synthetic patients, no result of the trial.")
        found = re.search(pattern, sentence)
        assert found, sentence
        said = [text.replace("−", "-") if text else None for text in found.groups()]
        when = state["month"] * DAYS_PER_MONTH
        shares, errors, bounds = [], [], []
        for place, arm in enumerate(("InO", "SC")):
            patients = arm_of(state["population"], arm)
            table = survival_table(state["population"], arm)
            row = table[table.index <= when].iloc[-1]
            shares.append(row["Surv prob"])
            errors.append(row["Surv prob SE"])
            share_said, low_said, high_said, risk_said = said[4 * place : 4 * place + 4]
            assert abs(float(share_said) - 100 * shares[-1]) <= 0.05 + 1e-6, state
            assert risk_said == str(int((patients.pfs_days >= when).sum()) or "nobody"), state
            if low_said is None:
                assert shares[-1] < 1e-12, state
                continue
            bounds.append(limits(shares[-1], errors[-1], state["kind"]))
            assert np.allclose(
                [float(low_said), float(high_said)], 100 * np.array(bounds[-1]), atol=0.051
            ), state
        gap = 100 * (shares[0] - shares[1])
        assert abs(float(said[8]) - gap) <= 0.05 + 1e-6, state
        checked += 1
        if len(bounds) < 2:
            assert said[9] is None
            without_interval += 1
            continue
        (low1, high1), (low2, high2) = bounds
        down = np.sqrt((shares[0] - low1) ** 2 + (high2 - shares[1]) ** 2)
        up = np.sqrt((high1 - shares[0]) ** 2 + (shares[1] - low2) ** 2)
        assert np.allclose(
            [float(said[9]), float(said[10])], [gap - 100 * down, gap + 100 * up], atol=0.051
        ), state
        apart = np.log(np.log(shares[0]) / np.log(shares[1]))
        error = np.hypot(*(e / s / np.log(s) for e, s in zip(errors, shares, strict=True)))
        p_value = stats.chi2.sf((apart / error) ** 2, 1)
        if said[11] == "<":
            assert p_value < 0.001, state
        else:
            assert abs(float(said[12]) - p_value) <= 0.0005 + 1e-9, state
    assert (checked, without_interval) == (2 * 16 * 3, 6 * 3)


def end_of_one(patient, transplant: str, failure: str, stopped: str) -> tuple[float, bool]:
    """Day and event of one patient, told as one would tell it at the bedside."""
    day, event = patient.pfs_days, bool(patient.pfs_event)
    died = bool(patient.os_event)
    if patient.best_response == "none" and failure == "on day 1":
        return 1, True
    if patient.best_response == "none" and failure == "at 12 weeks":
        return (84, True) if patient.os_days >= 84 else (patient.os_days, died)
    if not event:
        if stopped == "event at death, if it follows" and died:
            day, event = patient.os_days, True
        if stopped == "event there" and (died or patient.os_days - patient.pfs_days > 60):
            event = True
    if transplant != "the clock runs on" and patient.hsct_direct and patient.hsct_day < day:
        return patient.hsct_day, transplant == "event"
    return day, event


def test_event_definition_is_that_of_a_loop_over_patients_in_every_state():
    median = r"(day 1|\d+\.\d months)"
    last = rf"0% \(the last person at risk had an event at month {NUMBER}\)"
    rate = rf"(?:{NUMBER}% \((\d+) at risk\)|{last})"
    pattern = (
        rf"Event-free at 12 months: InO {rate}, SC {rate}; "
        rf"medians: InO {median}, SC {median}\. Synthetic patients, no result of the trial\.$"
    )
    year, checked, ended = 12 * DAYS_PER_MONTH, 0, 0
    for state, sentence in states_and_sentences(CHAPTER, "event-definition"):
        said = re.search(pattern, sentence).groups()
        for place, arm in enumerate(("InO", "SC")):
            choices = state["transplant"], state["failure"], state["stopped"]
            ends = [
                end_of_one(patient, *choices)
                for patient in arm_of(state["population"], arm).itertuples()
            ]
            days, events = map(np.array, zip(*ends, strict=True))
            fitted = KaplanMeierFitter().fit(days, events)
            share = 100 * float(fitted.predict(year))
            share_said, risk_said, ended_said = said[3 * place : 3 * place + 3]
            if ended_said is None:
                assert abs(float(share_said) - share) <= 0.05 + 1e-6, state
                assert int(risk_said) == np.sum(days >= year), state
            else:
                assert share < 1e-9 and days.max() < year and events[days == days.max()].all()
                assert abs(float(ended_said) - days.max() / DAYS_PER_MONTH) <= 0.05 + 1e-6, state
                ended += 1
            months = fitted.median_survival_time_ / DAYS_PER_MONTH
            if said[6 + place] == "day 1":
                assert months < 0.05, state
            else:
                assert abs(float(said[6 + place].split()[0]) - months) <= 0.05 + 1e-6, state
        checked += 1
    assert (checked, ended) == (54, 36)


SCHEDULES = (
    rf"^True median {NUMBER} months in both arms, {NUMBER}% of events are deaths\. Seen every "
    rf"{NUMBER} weeks, arm A has a median of {NUMBER} months and an average time seen event-free, "
    rf"counting no more than 12 months, of {NUMBER}; seen every {NUMBER} weeks, arm B {NUMBER} and "
    rf"{NUMBER}\. At 12 months the truth is {NUMBER}%; A shows {NUMBER}% and B {NUMBER}%\.$"
)
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7


def seen(week: float, visit: int, hazard: float, deaths: float) -> float:
    """P(nothing seen by a week): free to the last visit, and no death first since then."""
    visits = int((week + 1e-9) // visit)
    first_deaths = integrate.quad(
        lambda since: deaths * hazard * np.exp(-hazard * since), 0, week - visits * visit
    )[0]
    return np.exp(-hazard * visits * visit) * (1 - first_deaths)


@lru_cache
def seen_median_and_average(visit: int, median: int, deaths: int) -> tuple[float, float, float]:
    hazard, share = np.log(2) / (median * WEEKS_PER_MONTH), deaths / 100
    for k in range(1, 200):
        if seen(k * visit, visit, hazard, share) <= 0.5:
            before = seen(k * visit - 1e-7, visit, hazard, share)
            week = k * visit
            if before <= 0.5:
                week = optimize.brentq(
                    lambda w: seen(w, visit, hazard, share) - 0.5, (k - 1) * visit, week - 1e-7
                )
            break
    year = 12 * WEEKS_PER_MONTH
    edges = [*np.arange(0, year, visit), year]
    area = sum(
        integrate.quad(lambda w: seen(w, visit, hazard, share), low, high - 1e-9)[0]
        for low, high in itertools.pairwise(edges)
    )
    last = 100 * seen(year, visit, hazard, share)
    return week / WEEKS_PER_MONTH, area / WEEKS_PER_MONTH, last


def test_two_schedules_are_those_of_quadrature_in_every_state():
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "two-schedules", SCHEDULES):
        assert said[:2] == [state["median"], state["deaths"]]
        assert said[2::3][:2] == [state["visit_a"], state["visit_b"]]
        assert abs(said[8] - 100 * 0.5 ** (12 / state["median"])) <= 0.05 + 1e-6, state
        for arm, visit in enumerate((state["visit_a"], state["visit_b"])):
            expected = seen_median_and_average(visit, state["median"], state["deaths"])
            assert abs(said[3 + 3 * arm] - expected[0]) <= 0.0075, state
            assert abs(said[4 + 3 * arm] - expected[1]) <= 0.0075, state
            assert abs(said[9 + arm] - expected[2]) <= 0.05 + 1e-6, state
        checked += 1
    assert checked == 5 * 5 * 3 * 2


@pytest.mark.parametrize(("visit", "deaths"), [(4, 0.25), (12, 0.5), (6, 0)])
def test_seen_curve_is_that_of_simulated_patients(visit, deaths):
    generator = np.random.default_rng(1022)
    hazard = np.log(2) / (2 * WEEKS_PER_MONTH)
    event = generator.exponential(1 / hazard, 400_000)
    is_death = generator.random(event.size) < deaths
    known = np.where(is_death, event, np.ceil(event / visit) * visit)
    chapter = chapters.namespace(CHAPTER)
    for week in (3, 7.5, 8, 13, 26, 50):
        expected = np.mean(known > week)
        assert abs(chapter["seen_event_free"](week, visit, hazard, deaths) - expected) < 0.003


# --- what the printed percentages prove --------------------------------------------------

ARMS = [("InO", "20.1", 22), ("SC", "4.8", 27)]


def few_losses(patients: int, percent: str, losses: int):
    """Histories with a given number of losses, in exact fractions: at risk at each loss, and m."""
    low, high = (Fraction(percent) + Fraction(sign, 20) for sign in (-1, 1))
    for left_at in itertools.combinations(range(2, patients + 1), losses):
        for watched in range(1, min(left_at, default=patients + 1)):
            at_risk = set(range(watched + 1, patients + 1)) - set(left_at)
            share = prod((Fraction(r - 1, r) for r in at_risk), start=Fraction(1))
            if low <= 100 * share <= high:
                yield left_at, watched


@pytest.mark.parametrize(("arm", "percent", "patients"), ARMS)
def test_two_losses_are_the_fewest_and_each_history_prints_the_percentage(arm, percent, patients):
    by_watched = chapters.namespace(CHAPTER)["found"][arm]
    for losses in range(4):
        exact = list(few_losses(patients, percent, losses))
        counted = sum(int(np.sum(each[:, 1] == losses)) for each in by_watched.values())
        assert len(exact) == counted
        assert bool(exact) == (losses >= 2)
        for left_at, watched in exact[::10]:
            months = patients - np.arange(patients, watched, -1) + 1.0
            event = ~np.isin(np.arange(patients, watched, -1), left_at)
            times, events = np.r_[months, [99] * watched], np.r_[event, [False] * watched]
            share = float(KaplanMeierFitter().fit(times, events).predict(50))
            assert abs(100 * share - float(percent)) <= 0.05 + 1e-9


def every_subset(patients: int, watched: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and Greenwood's sum of all 2^(n - m) histories, by adding logarithms."""
    log_share, relative_variance = np.zeros(1), np.zeros(1)
    for r in range(watched + 1, patients + 1):
        log_share = np.r_[log_share + np.log1p(-1 / r), log_share]
        relative_variance = np.r_[relative_variance + 1 / (r * (r - 1)), relative_variance]
        if r == 20:  # of the larger groups keep what can still arrive, to spare memory
            reachable = log_share + np.log(20 / patients) <= np.log(0.25)
            log_share, relative_variance = log_share[reachable], relative_variance[reachable]
    return np.exp(log_share), relative_variance


def test_bounds_of_the_p_value_hold_over_all_histories_of_the_smaller_arm():
    """All two million histories of 22 patients, kept or not, and their extremes."""
    chapter = chapters.namespace(CHAPTER)
    places, variances, count = [], [], 0
    for watched in range(1, 23):
        share, relative = every_subset(22, watched)
        prints = (share >= 0.2005 - 1e-12) & (share <= 0.2015 + 1e-12)
        count += int(prints.sum())
        if prints.any():
            assert watched <= 4
            hazard = -np.log(share[prints])
            places += [np.log(hazard).min(), np.log(hazard).max()]
            variances += [
                (relative[prints] / hazard**2).min(),
                (relative[prints] / hazard**2).max(),
            ]
    assert count == sum(map(len, chapter["found"]["InO"].values()))
    place, variance = chapter["place"]["InO"], chapter["variance"]["InO"]
    assert np.allclose([min(places), max(places)], [place.min(), place.max()])
    assert np.allclose([min(variances), max(variances)], [variance.min(), variance.max()])


def test_p_values_of_random_pairs_of_histories_lie_within_the_bounds():
    chapter = chapters.namespace(CHAPTER)
    generator = np.random.default_rng(7)
    both = {arm: np.vstack(list(by_m.values())) for arm, by_m in chapter["found"].items()}
    low, high = chapter["p_bounds"]
    for _ in range(3000):
        (s1, _, v1), (s2, _, v2) = (each[generator.integers(len(each))] for each in both.values())
        assert low <= chapter["fixed_time_test"]((s1, v1), (s2, v2))[1] <= high


def test_censoring_at_a_change_tends_to_what_the_chapter_says():
    """One very large group instead of 400 small ones."""
    chapter = chapters.namespace(CHAPTER)
    generator = np.random.default_rng(3)
    progressed = generator.exponential(4 / np.log(2), 200_000)
    changed = generator.random(progressed.size) < 0.4
    stopped = np.where(changed, np.clip(progressed - 1, 0, None), progressed)
    every = np.ones_like(changed)
    for (time, event), expected in zip(
        [(progressed, every), (stopped, ~changed), (stopped, every)],
        chapter["expected"],
        strict=True,
    ):
        share = 100 * float(KaplanMeierFitter().fit(time, event).predict(6))
        assert abs(share - expected) < 0.5


def test_without_a_difference_the_test_is_conservative_and_often_impossible():
    """The chapter's simulation again, trial by trial with statsmodels, for a true rate of 11%."""
    generator, trials, done, low = np.random.default_rng(5), 400, 0, 0
    for _ in range(trials):
        curves = []
        for patients in (22, 27):
            failed = generator.exponential(-12 / np.log(0.11), patients)
            left = generator.exponential(-12 / np.log(0.11) / 0.15, patients)
            table = SurvfuncRight(np.minimum(failed, left), (failed <= left).astype(int)).summary()
            row = table[table.index <= 12].iloc[-1]
            curves.append((row["Surv prob"], row["Surv prob SE"]))
        (s1, e1), (s2, e2) = curves
        if min(s1, s2) > 1e-12:
            done += 1
            apart = np.log(np.log(s1) / np.log(s2))
            low += abs(apart) > Z * np.hypot(e1 / s1 / np.log(s1), e2 / s2 / np.log(s2))
    rejected, impossible = chapters.namespace(CHAPTER)["under_null"]["11%"]
    assert abs(100 * (1 - done / trials) - impossible) < 8
    assert abs(100 * low / done - rejected) < 2.5


def test_shuffled_arms_differ_as_often_as_the_chapter_says():
    chapter = chapters.namespace(CHAPTER)
    generator, patients = np.random.default_rng(6), chapter["ph_positive"]
    days, events = patients.pfs_days.to_numpy(), patients.pfs_event.to_numpy()
    beyond = 0
    for _ in range(400):
        shuffled = generator.permutation(len(days))
        one, other = (
            KaplanMeierFitter().fit(days[each], events[each]).predict(12 * DAYS_PER_MONTH)
            for each in (shuffled[:22], shuffled[22:])
        )
        beyond += abs(one - other) >= chapter["gap"] - 1e-9
    assert abs(beyond / 400 - chapter["p_shuffled"]) < 0.06
