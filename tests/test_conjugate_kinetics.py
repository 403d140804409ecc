"""The cell and its conjugate: closed forms, balances, limits, directions, errors."""

from dataclasses import replace

import numpy as np
import pytest
from inobook import conjugate_kinetics as kinetics
from inobook.conjugate_kinetics import LN_2, Cells
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.stats import binom, norm

HOURS = np.linspace(0, 48, 25)
PERMANENT = {"recycled": 1.0, "turnover_half_life_h": 1e12}


def two_step(rate_in: float, first: float, second: float, hours: np.ndarray) -> np.ndarray:
    """Amount in the second of two compartments that are fed at a constant rate (Bateman)."""
    lag = (np.exp(-first * hours) - np.exp(-second * hours)) / (second - first)
    return rate_in * ((1 - np.exp(-second * hours)) / second - lag)


@pytest.mark.parametrize("nm", [0.003, 0.03, 0.2, 2.0, 100.0])
@pytest.mark.parametrize("efflux", [0.0, 0.5])
def test_every_payload_molecule_is_somewhere(nm, efflux):
    course = kinetics.simulate(Cells(efflux_per_h=efflux), nm, HOURS)
    carried = 6 * course.taken_up
    found = 6 * course.conjugate_inside + course.payload + course.effluxed + course.inactivated
    assert found == pytest.approx(carried, rel=1e-6, abs=1e-6)
    assert course.taken_up[-1] > 0


@pytest.mark.parametrize("nm", [0.03, 2.0, 50.0])
@pytest.mark.parametrize("recycled", [0.0, 0.6, 1.0])
def test_every_site_is_on_the_surface_inside_or_lost_after_uptake(nm, recycled):
    cells = Cells(recycled=recycled, turnover_half_life_h=1e12)
    course = kinetics.simulate(cells, nm, HOURS)
    there = course.free_sites + course.bound + course.sites_inside
    lost = (1 - recycled) * course.taken_up
    assert there + lost == pytest.approx(np.full(25, 3470), rel=1e-6)


def test_an_untreated_cell_keeps_its_sites_and_lives():
    course = kinetics.simulate(Cells(), 0.0, HOURS)
    assert course.free_sites == pytest.approx(np.full(25, 3470))
    assert course.taken_up == pytest.approx(np.zeros(25))
    assert (course.surviving == 1).all()


@pytest.mark.parametrize("change", [{"sites": 0}, {"load": 0}, {"k_on_per_nm_h": 1e-12}])
def test_without_target_payload_or_binding_nothing_is_killed(change):
    course = kinetics.simulate(Cells(**change), 2.0, HOURS)
    assert course.surviving[-1] == pytest.approx(1, abs=1e-6)


def test_fast_binding_reaches_the_equilibrium_of_occupancy():
    cells = Cells(k_on_per_nm_h=300.0, internalisation_half_life_h=1e6, **PERMANENT)
    for nm in (0.05, 0.5, 5.0):
        course = kinetics.simulate(cells, nm, [0.0, 1.0])
        assert course.bound[-1] / 3470 == pytest.approx(kinetics.occupancy(nm, 0.5), abs=1e-5)
    assert kinetics.occupancy(0.5, 0.5) == 0.5


def test_slow_binding_follows_the_closed_form_in_time():
    cells = Cells(internalisation_half_life_h=1e9, **PERMANENT)
    hours = np.linspace(0, 10, 11)
    course = kinetics.simulate(cells, 0.7, hours)
    rate = 0.36 * (0.7 + 0.5)
    expected = 3470 * 0.7 / 1.2 * (1 - np.exp(-rate * hours))
    assert course.bound == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_the_steady_uptake_is_that_of_the_closed_form():
    cells = Cells(sites=np.array([349.0, 3470.0, 19_653.0]), recycled=np.array([0.5, 0.95, 1.0]))
    for nm in (0.03, 0.2, 5.0):
        course = kinetics.simulate(cells, nm, [0.0, 400.0, 401.0])
        an_hour = course.taken_up[:, 2] - course.taken_up[:, 1]
        assert an_hour == pytest.approx(kinetics.steady_uptake_per_h(nm, cells), rel=1e-5)
        bound = course.bound[:, 2] / (course.bound + course.free_sites)[:, 2]
        assert bound == pytest.approx(kinetics.steady_occupancy(nm, cells), rel=1e-5)


def test_little_conjugate_gives_the_closed_form_of_two_steps():
    """Few sites occupied, uptake at once: payload follows a chain with a constant feed."""
    nm = 1e-4
    cells = Cells(
        internalisation_half_life_h=0.01, k_on_per_nm_h=0.05, kd_nm=1e-6, efflux_per_h=0.04,
        half_kill_payload=1e9, **PERMANENT,
    )  # fmt: skip
    course = kinetics.simulate(cells, nm, HOURS)
    feed = 0.05 * nm * 3470
    inside = two_step(6 * feed, LN_2 / 2, LN_2 / 12 + 0.04, HOURS)
    assert course.payload[1:] == pytest.approx(inside[1:], rel=0.02)
    assert course.damage[-1] == pytest.approx(
        0.1 / 1e9 * np.trapezoid(course.payload, HOURS), rel=0.01
    )


def test_in_the_linear_regime_payload_is_proportional_to_sites_and_concentration():
    few = kinetics.simulate(Cells(sites=1000), 1e-4, HOURS)
    assert kinetics.simulate(Cells(sites=7000), 1e-4, HOURS).payload == pytest.approx(
        7 * few.payload, rel=1e-5
    )
    assert kinetics.simulate(Cells(sites=1000), 3e-4, HOURS).payload == pytest.approx(
        3 * few.payload, rel=1e-2
    )


def test_without_a_pump_nothing_is_effluxed_and_all_that_leaves_is_inactivated():
    course = kinetics.simulate(Cells(efflux_per_h=0.0), 0.2, HOURS)
    assert (course.effluxed == 0).all()
    pumped = kinetics.simulate(Cells(efflux_per_h=LN_2 / 12), 0.2, HOURS)
    assert pumped.effluxed == pytest.approx(pumped.inactivated)


def test_the_matrix_exponential_gives_the_solvers_survival():
    cells = Cells(
        sites=np.array([349.0, 1590.0, 3470.0, 19_653.0]),
        efflux_per_h=np.array([0.0, 0.06, 0.2, 0.9]),
        internalisation_half_life_h=np.array([0.25, 1.0, 4.0, 16.0]),
    )
    for nm in (0.03, 0.2, 5.0):
        solved = kinetics.simulate(cells, nm, [0.0, 48.0]).surviving[:, -1]
        assert kinetics.surviving_after(cells, nm, 48.0) == pytest.approx(solved, rel=2e-5)


@pytest.mark.parametrize(
    ("name", "values", "kills_more"),
    [
        ("sites", [349, 1590, 3470, 19_653], True),
        ("load", [2, 4, 6, 8], True),
        ("internalisation_half_life_h", [0.25, 1, 4, 16], False),
        ("efflux_per_h", [0, 0.1, 0.5, 2], False),
        ("kd_nm", [0.05, 0.5, 5, 50], False),
        ("half_kill_payload", [100, 1e3, 1e4, 1e5], False),
        ("recycled", [0.2, 0.6, 0.9, 1.0], True),
    ],
)
def test_each_parameter_moves_survival_in_one_direction(name, values, kills_more):
    cells = replace(Cells(), **{name: np.array(values, dtype=float)})
    left = kinetics.surviving_after(cells, 0.2, 48.0)
    steps = np.diff(left)
    assert (steps < 0).all() if kills_more else (steps > 0).all()


def test_survival_only_falls_and_more_conjugate_kills_more():
    nm = np.array([0.003, 0.03, 0.3, 3.0, 30.0])
    left = kinetics.simulate(Cells(), nm, HOURS).surviving
    assert (np.diff(left, axis=1) <= 1e-12).all()
    assert (np.diff(left[:, -1]) < 0).all()


def test_many_cells_at_once_give_what_each_gives_alone():
    sites, load = np.array([[349.0], [3470.0]]), np.array([2.0, 6.0, 8.0])
    together = kinetics.simulate(Cells(sites=sites, load=load), 0.2, HOURS)
    assert together.surviving.shape == (2, 3, 25)
    for row in range(2):
        for column in range(3):
            alone = kinetics.simulate(Cells(sites=sites[row, 0], load=load[column]), 0.2, HOURS)
            assert together.surviving[row, column] == pytest.approx(alone.surviving, rel=1e-5)


def test_after_the_exposure_uptake_stops_and_killing_goes_on():
    course = kinetics.simulate(Cells(), 2.0, [0.0, 6.0, 24.0, 48.0], exposure_h=6.0)
    same = kinetics.simulate(Cells(), 2.0, [0.0, 6.0])
    assert course.taken_up[1] == pytest.approx(same.taken_up[-1])
    assert course.bound[-1] < 1e-3
    assert course.surviving[2] < course.surviving[1] < 1
    assert course.taken_up[3] == pytest.approx(course.taken_up[2], rel=1e-6)


def test_a_constant_given_as_a_course_of_concentrations_changes_nothing():
    constant = kinetics.simulate(Cells(), 0.2, HOURS)
    as_course = kinetics.simulate(
        Cells(), [0.2] * 4, HOURS, concentration_hours=[0.0, 5.0, 20.0, 60.0]
    )
    assert as_course.surviving == pytest.approx(constant.surviving, rel=1e-6)


def test_a_falling_concentration_lies_between_its_ends():
    falling = kinetics.simulate(Cells(), [2.0, 0.2], HOURS, concentration_hours=[0.0, 48.0])
    high, low = (kinetics.simulate(Cells(), nm, HOURS) for nm in (2.0, 0.2))
    assert (falling.surviving[1:] > high.surviving[1:]).all()
    assert (falling.surviving[1:] < low.surviving[1:]).all()


def test_defaults_take_up_two_to_three_times_the_sites_within_an_hour():
    """As published for an immunotoxin (Du 2008); the defaults were chosen so."""
    course = kinetics.simulate(Cells(), 100.0, [0.0, 1.0])
    assert 2 < course.taken_up[-1] / 3470 < 3


def test_sensitivity_and_concentration_are_each_others_inverse():
    cells = Cells()
    nm = float(kinetics.nanomolar(4.8))
    assert nm == pytest.approx(0.03)
    payload = kinetics.half_kill_payload_for(cells, nm, 48.0)
    fitted = replace(cells, half_kill_payload=payload)
    assert kinetics.surviving_after(fitted, nm, 48.0) == pytest.approx(0.5, abs=1e-5)
    assert kinetics.concentration_for(fitted, 48.0) == pytest.approx(nm, rel=1e-4)
    assert kinetics.simulate(fitted, nm, [0.0, 48.0]).surviving[-1] == pytest.approx(0.5, abs=1e-4)


def test_twice_the_sites_halve_the_concentration_where_little_is_bound():
    cells = Cells(sites=np.array([1000.0, 2000.0]), half_kill_payload=100.0)
    one, two = kinetics.concentration_for(cells, 48.0)
    assert one / two == pytest.approx(2, rel=0.02)


def test_where_no_concentration_kills_half_it_is_infinite():
    cells = Cells(sites=np.array([0.0, 3470.0]))
    assert np.isinf(kinetics.concentration_for(cells, 48.0)[0])
    assert np.isfinite(kinetics.concentration_for(cells, 48.0)[1])


@pytest.mark.parametrize("log_sd", [0.0, 0.3, 0.6, 1.5])
def test_a_lognormal_population_has_its_weights_and_moments(log_sd):
    sites, weights = kinetics.lognormal_population(3470, log_sd)
    assert sites.shape == weights.shape == (113,)
    assert weights.sum() == pytest.approx(1)
    assert weights @ np.log(sites) == pytest.approx(np.log(3470))
    assert weights @ (np.log(sites / 3470)) ** 2 == pytest.approx(log_sd**2, abs=1e-9)
    assert weights @ sites == pytest.approx(3470 * np.exp(log_sd**2 / 2), rel=1e-7)


@pytest.mark.parametrize("days", [2, 7, 14])
@pytest.mark.parametrize("part", [1.0, 0.1])
def test_survival_of_a_population_has_converged(days, part):
    cells = Cells(half_kill_payload=12_440.0)

    def alive(points):
        sites, weights = kinetics.lognormal_population(3470 * part, 0.6, points)
        return weights @ kinetics.surviving_after(replace(cells, sites=sites), 0.2, 24 * days)

    assert alive(113) == pytest.approx(alive(225), rel=1e-6)


def test_survival_of_a_population_is_the_integral_over_the_normal_density():
    """At a constant concentration payload is proportional to sites, so that one course is enough.

    The survivors of 14 days are cells of the low tail: equal shares of the population miss them.
    """
    hours = np.linspace(0, 336, 2689)
    each_site = kinetics.simulate(Cells(sites=1.0), 0.2, hours).payload

    def survival(deviation):
        payload = 3470 * np.exp(0.6 * deviation) * each_site
        return np.exp(-np.trapezoid(0.1 * payload / (payload + 12_440), hours))

    exact = quad(lambda z: norm.pdf(z) * survival(z), -8, 8, epsabs=0, epsrel=1e-8, limit=200)[0]
    sites, weights = kinetics.lognormal_population(3470, 0.6)
    cells = Cells(sites=sites, half_kill_payload=12_440.0)
    assert weights @ kinetics.surviving_after(cells, 0.2, 336) == pytest.approx(exact, rel=1e-4)
    equal_shares = norm.ppf((np.arange(41) + 0.5) / 41)
    assert np.mean([survival(z) for z in equal_shares]) < 0.3 * exact


def test_a_mixture_keeps_its_balance():
    left = kinetics.mixture([0.0, 0.1, 1.0], 0.5, 0.05)
    assert left.surviving == pytest.approx([0.05, 0.095, 0.5])
    assert left.low_among_survivors == pytest.approx([0, 0.05 / 0.095, 1])
    assert kinetics.mixture(0.3, 0.2, 0.2).low_among_survivors == pytest.approx(0.3)


# --- drug load ---------------------------------------------------------------------------


def test_a_dispersion_of_one_is_binomial():
    assert kinetics.load_distribution(6, 8, 1) == pytest.approx(binom.pmf(np.arange(9), 8, 0.75))


@pytest.mark.parametrize("dispersion", [-1.0, 0.0, 0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("mean", [0.5, 3.7, 6.0])
def test_every_distribution_keeps_the_mean(dispersion, mean):
    shares = kinetics.load_distribution(mean, 8, dispersion)
    assert shares.sum() == pytest.approx(1)
    assert kinetics.mean_load(shares) == pytest.approx(mean)


def test_dispersion_orders_the_spread():
    k = np.arange(9)
    variances = [
        kinetics.load_distribution(6, 8, each) @ (k - 6) ** 2 for each in (-1, 0, 1, 3, 10)
    ]
    assert (np.diff(variances) < 0).all()
    assert kinetics.load_distribution(6, 8, 50)[6] == pytest.approx(1, abs=0.01)


def test_a_bimodal_mixture_of_mean_six_has_a_quarter_unloaded():
    shares = kinetics.load_distribution(6, 8, -5)
    assert shares[[0, 8]] == pytest.approx([0.25, 0.75], abs=1e-3)


def test_shares_without_payload_and_on_heavy_antibody():
    amounts = [1, 0, 1, 0, 0, 0, 0, 0, 2]
    assert kinetics.share_without_payload(amounts) == 0.25
    assert kinetics.payload_on_heavy(amounts) == pytest.approx(16 / 18)
    assert kinetics.mean_load(amounts) == 4.5


def test_unloaded_antibody_lowers_the_mean_and_moves_no_payload():
    given = kinetics.load_distribution()
    mixed = kinetics.with_unloaded(given, 0.5)
    assert kinetics.mean_load(mixed) == pytest.approx(3)
    assert kinetics.payload_on_heavy(mixed) == pytest.approx(kinetics.payload_on_heavy(given))


def test_clearing_heavy_antibody_faster_is_closed_for_the_binomial():
    """Binomial odds are multiplied by exp(-rate days): the mean has a closed form."""
    left = kinetics.after_losses(
        kinetics.load_distribution(6, 8, 1), 14, extra_per_payload_day=0.05
    )
    odds = 3 * np.exp(-0.7)
    assert kinetics.mean_load(left) == pytest.approx(8 * odds / (1 + odds))
    assert left.sum() == pytest.approx((0.25 + 0.75 * np.exp(-0.7)) ** 8)
    unchanged = kinetics.after_losses(kinetics.load_distribution(), 14)
    assert unchanged == pytest.approx(kinetics.load_distribution())


@pytest.mark.parametrize("dispersion", [-5, 0, 1, 20])
@pytest.mark.parametrize("lost", [0.015, 0.02])
def test_lost_payload_lowers_the_mean_alike_whatever_the_shape(dispersion, lost):
    shares = kinetics.load_distribution(6, 8, dispersion)
    left = kinetics.after_losses(shares, 14, lost)
    stays = (1 - lost) ** 14
    assert left.sum() == pytest.approx(1)
    assert kinetics.mean_load(left) == pytest.approx(6 * stays)
    thinned = sum(share * binom.pmf(np.arange(9), k, stays) for k, share in enumerate(shares))
    assert left == pytest.approx(thinned)


@pytest.mark.parametrize("dispersion", [-5, 1, 20])
def test_both_losses_at_once_are_those_of_the_differential_equations(dispersion):
    """Each load k falls to k - 1 at rate k l, and disappears at rate k c."""
    shares = kinetics.load_distribution(6, 8, dispersion)
    off, k = -np.log(0.98), np.arange(9)
    system = np.diag(-k * (off + 0.01)) + np.diag(k[1:] * off, 1)
    left = kinetics.after_losses(shares, 14, 0.02, 0.01)
    assert left == pytest.approx(expm(14 * system) @ shares, abs=1e-12)
    assert left.sum() < 1


def test_spread_per_cell_is_that_of_simulated_cells():
    shares = kinetics.load_distribution(6, 8, -0.5)
    rng = np.random.default_rng(22)
    payload = rng.choice(9, p=shares, size=(20_000, 50)).sum(axis=1)
    expected = float(kinetics.relative_spread_per_cell(shares, 50))
    assert payload.std() / payload.mean() == pytest.approx(expected, rel=0.02)
    assert kinetics.relative_spread_per_cell(shares, 200) == pytest.approx(expected / 2)


def test_unloaded_antibody_costs_uptake_only_where_sites_are_scarce():
    """Uptake of loaded antibody beside unloaded: A / (A + unloaded + Km) of the maximum."""
    cells = Cells()
    for loaded, unloaded in [(0.03, 0.03), (20.0, 20.0)]:
        both = kinetics.steady_uptake_per_h(loaded + unloaded, cells)
        share = loaded / (loaded + unloaded) * both / kinetics.steady_uptake_per_h(loaded, cells)
        assert share == pytest.approx(1, abs=0.01) if loaded < 1 else share < 0.7


# --- errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sites": -1}, "sites must be finite and not negative"),
        ({"kd_nm": 0}, "kd_nm must be above zero"),
        ({"recycled": 1.2}, "recycled is a share"),
        ({"load": np.nan}, "load must be finite"),
        ({"sites": [1, 2], "load": [1, 2, 3]}, "shapes do not fit"),
    ],
)
def test_faulty_cells_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        Cells(**change)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kinetics.simulate(Cells(), -1, HOURS), "concentration_nm must be"),
        (lambda: kinetics.simulate(Cells(), 1, [3, 2]), "hours must increase"),
        (lambda: kinetics.simulate(Cells(), 1, [-1, 2]), "hours must be finite times"),
        (lambda: kinetics.simulate(Cells(), 1, HOURS, exposure_h=0), "exposure_h must be above"),
        (
            lambda: kinetics.simulate(
                Cells(), [1, 2], HOURS, exposure_h=1, concentration_hours=[0, 48]
            ),
            "not both",
        ),
        (
            lambda: kinetics.simulate(Cells(), [1, 2], HOURS, concentration_hours=[0, 20]),
            "must start at 0, reach the last",
        ),
        (lambda: kinetics.surviving_after(Cells(), 1, 0), "hours must be above zero"),
        (lambda: kinetics.concentration_for(Cells(), 48, 1), "surviving must lie between"),
        (lambda: kinetics.concentration_for(Cells(), -1), "hours must be above zero"),
        (
            lambda: kinetics.half_kill_payload_for(Cells(), 0.03, 1, 0.1),
            "No sensitivity leaves 0.1",
        ),
        (lambda: kinetics.half_kill_payload_for(Cells(sites=[1, 2]), 1, 1), "takes one cell"),
        (lambda: kinetics.occupancy(1, 0), "kd_nm must be above zero"),
        (lambda: kinetics.nanomolar(1, 0), "kilodalton must be above"),
        (lambda: kinetics.lognormal_population(0, 1), "median must be above 0"),
        (lambda: kinetics.mixture(1.2, 0.5, 0.5), "low_share must lie"),
        (lambda: kinetics.mixture(0.5, 0, 0), "No cell is alive"),
        (lambda: kinetics.load_distribution(8, 8), "mean must lie between"),
        (lambda: kinetics.with_unloaded([0.5, 0.5], 1), "unloaded must be"),
        (lambda: kinetics.with_unloaded([0.5, 0.6], 0.1), "must sum to 1"),
        (lambda: kinetics.after_losses([0.5, 0.5], -1, 0.1), "must not be negative"),
        (lambda: kinetics.after_losses([0.5, 0.5], 1, 1.0), "payload_lost_per_day must be"),
        (lambda: kinetics.mean_load([0, 0]), "not all zero"),
        (lambda: kinetics.payload_on_heavy([1, 0]), "no payload"),
        (lambda: kinetics.relative_spread_per_cell([0.5, 0.5], 0), "antibodies must be"),
        (lambda: kinetics.relative_spread_per_cell([1, 0], 5), "no payload"),
    ],
)
def test_faulty_questions_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
