"""An antibody-drug conjugate and one cell: binding, uptake, release, efflux, killing; drug load.

The model counts molecules per cell, in hours; conjugate outside is a concentration in nM that the
cell does not use up. One antibody binds one site. With A the concentration outside,

    free sites        dR/dt = synthesis - loss R - k_on A R + k_off B + k_return P
    bound complex     dB/dt = k_on A R - k_off B - k_int B
    sites inside      dP/dt = recycled k_int B - k_return P
    conjugate inside  dI/dt = k_int B - k_release I                    (antibodies)
    free payload      dC/dt = load k_release I - k_efflux C - k_inactivation C
    effluxed          dE/dt = k_efflux C
    inactivated       dU/dt = k_inactivation C
    taken up          dT/dt = k_int B                                  (antibodies)
    damage            dH/dt = fastest_kill C / (C + half_kill_payload)

and exp(-H) is the probability that the cell is alive (a clone's surviving fraction). Synthesis
equals loss times the sites of an untreated cell, which therefore keep their number. Cells neither
divide nor see each other. Of the parameters only sites and load have published values for
inotuzumab ozogamicin; the others are assumptions, set and named in :class:`Cells`.

Sources. Sites per blast: Shah et al. 2015, doi 10.1002/pbc.25410. Uptake of two to three times the
surface CD22 within an hour (an immunotoxin, cell lines): Du et al. 2008, doi
10.1158/0008-5472.CAN-08-0461. Affinity below 1 nM: DiJoseph et al. 2004, doi
10.1182/blood-2003-07-2466. Concentration that killed half of the cells in 48 h: de Vries et al.
2012, doi 10.1038/leu.2011.206.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import simpson, solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.special import comb, gammaln
from scipy.stats import norm

Floats = NDArray[np.float64]

LN_2 = float(np.log(2))
INOTUZUMAB_KILODALTON = 160.0

_STATES = 9
_FREE, _BOUND, _INSIDE, _CONJUGATE, _PAYLOAD = range(5)
_EFFLUXED, _INACTIVATED, _TAKEN_UP, _DAMAGE = range(5, _STATES)
_TOLERANCE = 1e-8
_BISECTIONS = 30
_PANELS = 400
_DEVIATIONS = 7.0
_LOWEST_NM, _HIGHEST_NM = 1e-8, 1e4


@dataclass(frozen=True)
class Cells:
    """One cell or many; every attribute is a number or an array, and all are broadcast together.

    Attributes:
        sites: CD22 molecules on an untreated cell. Published: median 3,470 in 160 patients.
        load: payload molecules on each antibody, a mean. Published: about 6, range 2 to 8.
        kd_nm: dissociation constant, nM. Assumption within 'below 1 nM'.
        k_on_per_nm_h: association rate, per nM and hour (0.36 is 1e5 per M and second). Assumption.
        internalisation_half_life_h: of the bound complex, hours. Assumption; with the next two it
            gives an uptake within an hour of two to three times the sites, as published for an
            immunotoxin.
        return_half_life_h: of a site from inside to the surface, hours. Assumption.
        recycled: share of internalised sites that come back; the others are lost. Assumption.
        turnover_half_life_h: of free sites, hours; they are replaced by synthesis. Assumption.
        release_half_life_h: of payload from internalised conjugate, hours. Assumption.
        inactivation_half_life_h: of free payload in the cell, hours. Assumption.
        efflux_per_h: rate at which free payload is pumped out, per hour; 0 is no pump. Assumption.
        half_kill_payload: free payload, molecules a cell, at half the fastest killing. Assumption,
            or from :func:`half_kill_payload_for`.
        fastest_kill_per_h: hazard of a cell full of payload, per hour. Assumption.

    Raises:
        ValueError: not finite, negative, zero where only efflux, load or sites may be, recycled
            above 1, or shapes that do not fit together.
    """

    sites: ArrayLike = 3470.0
    load: ArrayLike = 6.0
    kd_nm: ArrayLike = 0.5
    k_on_per_nm_h: ArrayLike = 0.36
    internalisation_half_life_h: ArrayLike = 0.25
    return_half_life_h: ArrayLike = 0.05
    recycled: ArrayLike = 0.95
    turnover_half_life_h: ArrayLike = 12.0
    release_half_life_h: ArrayLike = 2.0
    inactivation_half_life_h: ArrayLike = 12.0
    efflux_per_h: ArrayLike = 0.0
    half_kill_payload: ArrayLike = 10_000.0
    fastest_kill_per_h: ArrayLike = 0.1

    def __post_init__(self) -> None:
        for each in fields(self):
            value = np.asarray(getattr(self, each.name), dtype=float)
            least_is_zero = each.name in ("sites", "load", "efflux_per_h", "recycled")
            if not np.isfinite(value).all() or (value < 0).any():
                raise ValueError(f"{each.name} must be finite and not negative: {value}.")
            if not least_is_zero and (value == 0).any():
                raise ValueError(f"{each.name} must be above zero: {value}.")
            if each.name == "recycled" and (value > 1).any():
                raise ValueError(f"recycled is a share, at most 1: {value}.")
        try:
            self.shape  # noqa: B018
        except ValueError as fault:
            raise ValueError(f"The parameters' shapes do not fit together: {fault}") from fault

    @property
    def shape(self) -> tuple[int, ...]:
        """The common shape of all parameters; ``()`` for one cell."""
        return np.broadcast_shapes(*(np.shape(getattr(self, each.name)) for each in fields(self)))

    @property
    def k_off_per_h(self) -> Floats:
        """Dissociation rate, per hour: Kd times the association rate."""
        return np.asarray(self.kd_nm, dtype=float) * np.asarray(self.k_on_per_nm_h, dtype=float)


@dataclass(frozen=True)
class Course:
    """What happens to cells over time; every array has the shape of the cells, then of the times.

    Attributes:
        hours: times, shape (t,).
        free_sites: free CD22 on the surface, molecules a cell.
        bound: antibody bound on the surface, molecules a cell.
        sites_inside: sites on their way back to the surface, molecules a cell.
        conjugate_inside: internalised antibody that still holds its payload, molecules a cell.
        payload: free payload in the cell, molecules.
        effluxed: payload pumped out so far, molecules.
        inactivated: payload inactivated so far, molecules.
        taken_up: antibody internalised so far, molecules a cell.
        damage: cumulative hazard.
        surviving: surviving fraction, exp(-damage).
    """

    hours: Floats
    free_sites: Floats
    bound: Floats
    sites_inside: Floats
    conjugate_inside: Floats
    payload: Floats
    effluxed: Floats
    inactivated: Floats
    taken_up: Floats
    damage: Floats
    surviving: Floats


def nanomolar(nanograms_per_ml: ArrayLike, kilodalton: float = INOTUZUMAB_KILODALTON) -> Floats:
    """Turn a mass concentration, ng/mL, into nM for a molecule of so many kilodaltons.

    Raises:
        ValueError: a negative concentration, or a molecule without mass.
    """
    mass = _not_negative("nanograms_per_ml", nanograms_per_ml)
    if not kilodalton > 0:
        raise ValueError(f"kilodalton must be above zero: {kilodalton}.")
    return mass / kilodalton


def occupancy(concentration_nm: ArrayLike, kd_nm: ArrayLike) -> Floats:
    """Return the share of sites occupied at equilibrium: A / (A + Kd); both in nM.

    It holds where binding and letting go are fast beside internalisation; compare
    :func:`steady_occupancy`.

    Raises:
        ValueError: a negative concentration, or a Kd that is not above zero.
    """
    outside = _not_negative("concentration_nm", concentration_nm)
    kd = _not_negative("kd_nm", kd_nm)
    if (kd == 0).any():
        raise ValueError("kd_nm must be above zero.")
    return outside / (outside + kd)


def steady_occupancy(concentration_nm: ArrayLike, cells: Cells) -> Floats:
    """Return the share of surface sites occupied when uptake keeps draining the complex.

    A / (A + Km) with Km = (k_off + k_int) / k_on, in nM: never above :func:`occupancy`.

    Raises:
        ValueError: a negative concentration.
    """
    outside = _not_negative("concentration_nm", concentration_nm)
    k_int = LN_2 / np.asarray(cells.internalisation_half_life_h, dtype=float)
    k_on = np.asarray(cells.k_on_per_nm_h, dtype=float)
    return outside / (outside + (cells.k_off_per_h + k_int) / k_on)


def steady_uptake_per_h(concentration_nm: ArrayLike, cells: Cells) -> Floats:
    """Return the antibodies taken up per cell and hour once all flows are steady (closed form).

    Args:
        concentration_nm: concentration outside, nM, constant; broadcast with the cells.
        cells: the cells.

    Raises:
        ValueError: a negative concentration.
    """
    share = steady_occupancy(concentration_nm, cells)
    k_int = LN_2 / np.asarray(cells.internalisation_half_life_h, dtype=float)
    loss = LN_2 / np.asarray(cells.turnover_half_life_h, dtype=float)
    lost = 1 - np.asarray(cells.recycled, dtype=float)
    sites = np.asarray(cells.sites, dtype=float)
    surface = loss * sites / (loss * (1 - share) + lost * k_int * share)
    return k_int * share * surface


def simulate(
    cells: Cells,
    concentration_nm: ArrayLike,
    hours: ArrayLike,
    exposure_h: float | None = None,
    concentration_hours: ArrayLike | None = None,
) -> Course:
    """Follow cells that are put into conjugate at hour 0.

    Args:
        cells: one cell or many.
        concentration_nm: conjugate outside, nM. Without ``concentration_hours`` a constant, or one
            for each cell (broadcast with the cells). With it, values at those times, shape (k,),
            joined by straight lines; the same for all cells.
        hours: times at which to look, hours from 0, increasing, shape (t,).
        exposure_h: hours after which a constant concentration falls to zero; None for never.
        concentration_hours: times of the concentrations, hours, increasing, from 0 to the last of
            ``hours`` or beyond, shape (k,).

    Returns:
        The course of all states; arrays of the shape of the cells, then (t,).

    Raises:
        ValueError: times that are negative or do not increase, a negative concentration, an
            exposure that is not above zero, or both ways of giving it.
        RuntimeError: the solver failed; the message is the solver's.
    """
    look = _increasing("hours", hours)
    outside, breaks = _exposure(concentration_nm, look[-1], exposure_h, concentration_hours)
    level_shape = () if concentration_hours is not None else np.shape(concentration_nm)
    shape = np.broadcast_shapes(cells.shape, level_shape)
    rates = _Rates(cells, shape)
    now = np.zeros((_STATES, *shape))
    now[_FREE] = rates.sites
    pieces = []
    for start, end in itertools.pairwise(breaks):
        last = end == breaks[-1]
        within = look[(look >= start) & ((look < end) | (last & (look <= end)))]
        wanted = np.unique(np.append(within, end))
        found = solve_ivp(
            partial(rates.change, outside, start),
            (start, end),
            now.ravel(),
            method="DOP853",
            t_eval=wanted,
            rtol=_TOLERANCE,
            atol=1e-7,
            first_step=min(1e-3, end - start),
        )
        if not found.success:
            raise RuntimeError(f"The differential equations were not solved: {found.message}")
        states = found.y.reshape(_STATES, *shape, -1)
        pieces.append(states[..., : len(within)])
        now = states[..., -1]
    return _course(look, np.concatenate(pieces, axis=-1))


def surviving_after(cells: Cells, concentration_nm: ArrayLike, hours: float) -> Floats:
    """Return the surviving fraction after a constant exposure, by a quick second route.

    At a constant concentration all states but the damage follow a linear system: its matrix
    exponential gives the payload on a grid of 401 times, and Simpson's rule the damage.

    Args:
        cells: one cell or many.
        concentration_nm: conjugate outside, nM, constant; broadcast with the cells.
        hours: length of the exposure, at whose end survival is counted.

    Returns:
        Surviving fractions, of the common shape.

    Raises:
        ValueError: a negative concentration, or hours that are not above zero.
    """
    outside = _not_negative("concentration_nm", concentration_nm)
    if not hours > 0:
        raise ValueError(f"hours must be above zero: {hours}.")
    payload = _payload_over_time(cells, outside, hours)
    half_kill = np.asarray(cells.half_kill_payload, dtype=float)[..., np.newaxis]
    fastest = np.asarray(cells.fastest_kill_per_h, dtype=float)[..., np.newaxis]
    return np.exp(-_integral(fastest * payload / (payload + half_kill), hours))


def half_kill_payload_for(
    cells: Cells, concentration_nm: float, hours: float, surviving: float = 0.5
) -> float:
    """Find the payload at half the fastest killing that leaves a given fraction alive.

    Args:
        cells: one cell; its ``half_kill_payload`` is ignored.
        concentration_nm: constant concentration, nM.
        hours: length of the exposure, at whose end survival is counted.
        surviving: fraction alive then, between 0 and 1.

    Returns:
        Molecules a cell.

    Raises:
        ValueError: more than one cell, a fraction outside (0, 1), or one that no sensitivity gives
            (even the fastest killing leaves more alive).
    """
    _check_fraction(surviving)
    if cells.shape != ():
        raise ValueError(f"half_kill_payload_for takes one cell, not shape {cells.shape}.")

    payload = _payload_over_time(cells, np.asarray(concentration_nm, dtype=float), hours)

    def excess(log_half_kill: float) -> float:
        hazard = cells.fastest_kill_per_h * payload / (payload + np.exp(log_half_kill))
        return float(np.exp(-_integral(hazard, hours))) - surviving

    low, high = -5.0, 30.0
    if excess(low) > 0 or excess(high) < 0:
        raise ValueError(
            f"No sensitivity leaves {surviving:g} alive after {hours:g} h at {concentration_nm:g} "
            "nM: the killing at its fastest is too slow, or no payload reaches the cell."
        )
    return float(np.exp(brentq(excess, low, high, xtol=1e-8)))


def concentration_for(cells: Cells, hours: float, surviving: float = 0.5) -> Floats:
    """Find the constant concentration, nM, that leaves a given fraction alive (an IC50 for 0.5).

    Args:
        cells: one cell or many.
        hours: length of the exposure, at whose end survival is counted.
        surviving: fraction alive then, between 0 and 1.

    Returns:
        Concentrations, nM, of the shape of the cells; infinite where none up to 10,000 nM suffices.

    Raises:
        ValueError: a fraction outside (0, 1), or hours that are not above zero.
    """
    _check_fraction(surviving)
    if not hours > 0:
        raise ValueError(f"hours must be above zero: {hours}.")
    low = np.full(cells.shape, np.log(_LOWEST_NM))
    high = np.full(cells.shape, np.log(_HIGHEST_NM))
    never = surviving_after(cells, np.exp(high), hours) > surviving
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        enough = surviving_after(cells, np.exp(middle), hours) <= surviving
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(never, np.inf, np.exp((low + high) / 2))


def lognormal_population(median: float, log_sd: float, points: int = 113) -> tuple[Floats, Floats]:
    """Return sites of a lognormal population of cells, and the weight of each value.

    A mean over the population is ``weights @ values``. The points are equally spaced over seven
    standard deviations on either side and weighted by the normal density (trapezoidal rule), so
    that the tail is there too: after a long exposure nearly all survivors come from it. Equal
    shares of the population would cut it off.

    Args:
        median: sites per cell, median.
        log_sd: standard deviation of the natural logarithm; 0 gives equal cells.
        points: number of values, at least 3.

    Returns:
        Sites per cell, increasing, and weights that sum to 1, each of shape (points,).

    Raises:
        ValueError: a median not above zero, a negative spread, or fewer than three points.
    """
    if not (median > 0 and log_sd >= 0 and points >= 3):
        raise ValueError(
            f"median must be above 0, log_sd at least 0 and points at least 3: {median}, {log_sd}, "
            f"{points}."
        )
    deviations = np.linspace(-_DEVIATIONS, _DEVIATIONS, points)
    weights = norm.pdf(deviations)
    return median * np.exp(log_sd * deviations), weights / weights.sum()


@dataclass(frozen=True)
class Mixture:
    """What is left of a mixture of two kinds of cells.

    Attributes:
        surviving: fraction of all cells alive.
        low_among_survivors: share of the first kind (the low one) among those alive.
    """

    surviving: Floats
    low_among_survivors: Floats


def mixture(low_share: ArrayLike, low_surviving: ArrayLike, other_surviving: ArrayLike) -> Mixture:
    """Mix cells of two kinds by their share before treatment.

    Args:
        low_share: share of the low kind before treatment, from 0 to 1.
        low_surviving: fraction of the low kind alive afterwards; broadcast.
        other_surviving: fraction of the others alive afterwards; broadcast.

    Raises:
        ValueError: an argument outside 0 to 1, or no cell alive at all.
    """
    given = {
        "low_share": np.asarray(low_share, dtype=float),
        "low_surviving": np.asarray(low_surviving, dtype=float),
        "other_surviving": np.asarray(other_surviving, dtype=float),
    }
    for name, value in given.items():
        if not ((value >= 0) & (value <= 1)).all():
            raise ValueError(f"{name} must lie between 0 and 1: {value}.")
    low = given["low_share"] * given["low_surviving"]
    everyone = low + (1 - given["low_share"]) * given["other_surviving"]
    if (everyone == 0).any():
        raise ValueError("No cell is alive: the share among survivors is not defined.")
    return Mixture(surviving=everyone, low_among_survivors=low / everyone)


# --- drug load ---------------------------------------------------------------------------


def load_distribution(mean: float = 6.0, places: int = 8, dispersion: float = 1.0) -> Floats:
    """Return the share of antibody with 0, 1, ..., ``places`` payload molecules.

    A Conway-Maxwell-binomial distribution: weights C(places, k) ** dispersion * odds ** k. With a
    dispersion of 1 it is binomial (each place filled independently), above 1 narrower, below 1
    wider; a negative one puts antibody at both ends.

    Args:
        mean: mean load, payload molecules an antibody, between 0 and ``places``.
        places: places for payload on an antibody.
        dispersion: see above.

    Returns:
        Shares that sum to 1, shape (places + 1,).

    Raises:
        ValueError: fewer than one place, or a mean that is not between 0 and the places.
    """
    if places < 1 or not 0 < mean < places:
        raise ValueError(f"mean must lie between 0 and places: mean {mean}, places {places}.")
    k = np.arange(places + 1)
    log_ways = gammaln(places + 1) - gammaln(k + 1) - gammaln(places - k + 1)

    def shares(log_odds: float) -> Floats:
        logs = dispersion * log_ways + log_odds * k
        weights = np.exp(logs - logs.max())
        return weights / weights.sum()

    return shares(brentq(lambda log_odds: shares(log_odds) @ k - mean, -60, 60, xtol=1e-13))


def with_unloaded(shares: ArrayLike, unloaded: float) -> Floats:
    """Add antibody without payload, so that it makes up a further share ``unloaded`` of all.

    Raises:
        ValueError: shares that are no distribution, or a share outside 0 to below 1.
    """
    given = _distribution(shares)
    if not 0 <= unloaded < 1:
        raise ValueError(f"unloaded must be at least 0 and below 1: {unloaded}.")
    mixed = (1 - unloaded) * given
    mixed[0] += unloaded
    return mixed


def after_losses(
    shares: ArrayLike,
    days: float,
    payload_lost_per_day: float = 0.0,
    extra_per_payload_day: float = 0.0,
) -> Floats:
    """Return the amounts left of each load when payload comes off and heavy antibody is cleared.

    Each payload molecule comes off its antibody independently of the others, a share
    ``payload_lost_per_day`` of those present in a day (published for the linker in plasma: 1.5% to
    2%). Antibody with k payload molecules disappears with k times ``extra_per_payload_day``, per
    day, on top of what is common to all (which is left out): an assumption, for teaching.

    The places are independent, so that the result is exact. With c the extra clearance and
    l = -log(1 - payload_lost_per_day), a place is still filled on day t, and has not cleared its
    antibody, with a = exp(-(l + c) t); it is empty, and has not, with b = l (1 - a) / (l + c). Of
    antibody with k the amount with j is C(k, j) a^j b^(k - j).

    Args:
        shares: share of antibody with each load on day 0, shape (places + 1,).
        days: days since then.
        payload_lost_per_day: share of payload that comes off in a day, at least 0, below 1.
        extra_per_payload_day: extra clearance rate per payload molecule, per day.

    Returns:
        Amounts, as shares of the antibody of day 0; with extra clearance they sum to less than 1.

    Raises:
        ValueError: shares that are no distribution, a negative time or rate, or a share of payload
            outside 0 to below 1.
    """
    given = _distribution(shares)
    if days < 0 or extra_per_payload_day < 0:
        raise ValueError(
            f"days and extra_per_payload_day must not be negative: {days}, {extra_per_payload_day}."
        )
    if not 0 <= payload_lost_per_day < 1:
        raise ValueError(
            f"payload_lost_per_day must be at least 0 and below 1: {payload_lost_per_day}."
        )
    off = -np.log1p(-payload_lost_per_day)
    filled = np.exp(-(off + extra_per_payload_day) * days)
    emptied = off * (1 - filled) / (off + extra_per_payload_day) if off > 0 else 0.0
    k = np.arange(len(given))
    before, after = k[:, np.newaxis], k[np.newaxis, :]
    ways = comb(before, after)
    return given @ (ways * filled**after * emptied ** np.maximum(before - after, 0))


def mean_load(amounts: ArrayLike) -> float:
    """Return the mean payload per antibody of amounts with 0, 1, ... payload molecules."""
    given = _amounts(amounts)
    return float(given @ np.arange(len(given)) / given.sum())


def share_without_payload(amounts: ArrayLike) -> float:
    """Return the share of antibody that carries no payload."""
    given = _amounts(amounts)
    return float(given[0] / given.sum())


def payload_on_heavy(amounts: ArrayLike, at_least: int = 7) -> float:
    """Return the share of all payload that sits on antibody with ``at_least`` or more molecules.

    Raises:
        ValueError: no payload at all.
    """
    given = _amounts(amounts)
    payload = given * np.arange(len(given))
    if payload.sum() == 0:
        raise ValueError("There is no payload to share.")
    return float(payload[at_least:].sum() / payload.sum())


def relative_spread_per_cell(amounts: ArrayLike, antibodies: ArrayLike) -> Floats:
    """Return the SD of the payload that a cell gets, relative to its mean, by chance alone.

    The cell takes up so many antibodies, drawn independently: SD(load) / mean(load) / sqrt(n).

    Raises:
        ValueError: fewer than one antibody, or no payload.
    """
    given = _amounts(amounts)
    number = np.asarray(antibodies, dtype=float)
    if (number < 1).any():
        raise ValueError(f"antibodies must be at least 1: {number}.")
    shares, k = given / given.sum(), np.arange(len(given))
    mean = shares @ k
    if mean == 0:
        raise ValueError("There is no payload to share.")
    return np.sqrt(shares @ (k - mean) ** 2) / mean / np.sqrt(number)


# --- the inside --------------------------------------------------------------------------


class _Rates:
    def __init__(self, cells: Cells, shape: tuple[int, ...]) -> None:
        def per_hour(half_life: ArrayLike) -> Floats:
            return LN_2 / np.asarray(half_life, dtype=float)

        def full(value: ArrayLike) -> Floats:
            return np.broadcast_to(np.asarray(value, dtype=float), shape)

        self.shape = shape
        self.sites = full(cells.sites)
        self.load = full(cells.load)
        self.k_on = full(cells.k_on_per_nm_h)
        self.k_off = full(cells.k_off_per_h)
        self.k_int = full(per_hour(cells.internalisation_half_life_h))
        self.k_return = full(per_hour(cells.return_half_life_h))
        self.recycled = full(cells.recycled)
        self.loss = full(per_hour(cells.turnover_half_life_h))
        self.k_release = full(per_hour(cells.release_half_life_h))
        self.k_inactivation = full(per_hour(cells.inactivation_half_life_h))
        self.k_efflux = full(cells.efflux_per_h)
        self.half_kill = full(cells.half_kill_payload)
        self.fastest = full(cells.fastest_kill_per_h)

    def change(
        self, outside: Callable[[float, float], Floats], start: float, hour: float, flat: Floats
    ) -> Floats:
        """Rates of change at ``hour`` within the stretch of exposure that began at ``start``."""
        state = flat.reshape(_STATES, *self.shape)
        binding = self.k_on * outside(hour, start) * state[_FREE]
        letting_go = self.k_off * state[_BOUND]
        uptake = self.k_int * state[_BOUND]
        back = self.k_return * state[_INSIDE]
        release = self.k_release * state[_CONJUGATE]
        payload = state[_PAYLOAD]
        change = np.empty_like(state)
        change[_FREE] = self.loss * (self.sites - state[_FREE]) - binding + letting_go + back
        change[_BOUND] = binding - letting_go - uptake
        change[_INSIDE] = self.recycled * uptake - back
        change[_CONJUGATE] = uptake - release
        change[_TAKEN_UP] = uptake
        change[_EFFLUXED] = self.k_efflux * payload
        change[_INACTIVATED] = self.k_inactivation * payload
        change[_PAYLOAD] = self.load * release - change[_EFFLUXED] - change[_INACTIVATED]
        change[_DAMAGE] = self.fastest * payload / (payload + self.half_kill)
        return change.ravel()


def _payload_over_time(cells: Cells, outside: Floats, hours: float) -> Floats:
    """Free payload on the grid of ``surviving_after``; shape of the cells, then of the grid."""
    shape = np.broadcast_shapes(cells.shape, outside.shape)
    rates = _Rates(cells, shape)
    binding = rates.k_on * outside
    system = np.zeros((*shape, 6, 6))
    system[..., _FREE, _FREE] = -rates.loss - binding
    system[..., _FREE, _BOUND] = rates.k_off
    system[..., _FREE, _INSIDE] = rates.k_return
    system[..., _FREE, 5] = rates.loss * rates.sites
    system[..., _BOUND, _FREE] = binding
    system[..., _BOUND, _BOUND] = -rates.k_off - rates.k_int
    system[..., _INSIDE, _BOUND] = rates.recycled * rates.k_int
    system[..., _INSIDE, _INSIDE] = -rates.k_return
    system[..., _CONJUGATE, _BOUND] = rates.k_int
    system[..., _CONJUGATE, _CONJUGATE] = -rates.k_release
    system[..., _PAYLOAD, _CONJUGATE] = rates.load * rates.k_release
    system[..., _PAYLOAD, _PAYLOAD] = -rates.k_efflux - rates.k_inactivation
    step = expm(system * (hours / _PANELS))
    state = np.zeros((*shape, 6, 1))
    state[..., _FREE, 0], state[..., 5, 0] = rates.sites, 1.0
    payload = np.zeros((*shape, _PANELS + 1))
    for panel in range(1, _PANELS + 1):
        state = step @ state
        payload[..., panel] = state[..., _PAYLOAD, 0]
    return np.maximum(payload, 0.0)


def _integral(hazard: Floats, hours: float) -> Floats:
    return simpson(hazard, dx=hours / _PANELS, axis=-1)


def _course(hours: Floats, states: Floats) -> Course:
    return Course(
        hours=hours,
        free_sites=states[_FREE],
        bound=states[_BOUND],
        sites_inside=states[_INSIDE],
        conjugate_inside=states[_CONJUGATE],
        payload=states[_PAYLOAD],
        effluxed=states[_EFFLUXED],
        inactivated=states[_INACTIVATED],
        taken_up=states[_TAKEN_UP],
        damage=states[_DAMAGE],
        surviving=np.exp(-states[_DAMAGE]),
    )


def _exposure(
    concentration: ArrayLike,
    end: float,
    exposure_h: float | None,
    concentration_hours: ArrayLike | None,
) -> tuple[Callable[[float, float], Floats], Floats]:
    level = _not_negative("concentration_nm", concentration)
    if concentration_hours is None:
        if exposure_h is None:
            return lambda *_: level, np.array([0.0, end])
        if not exposure_h > 0:
            raise ValueError(f"exposure_h must be above zero: {exposure_h}.")
        if exposure_h >= end:
            return lambda *_: level, np.array([0.0, end])
        nothing = np.zeros_like(level)
        return (
            lambda _, start: level if start < exposure_h else nothing,
            np.array([0.0, exposure_h, end]),
        )
    if exposure_h is not None:
        raise ValueError("Give exposure_h or concentration_hours, not both.")
    times = _increasing("concentration_hours", concentration_hours)
    if times.shape != level.shape or times[0] != 0 or times[-1] < end:
        raise ValueError(
            "concentration_hours must start at 0, reach the last of hours and have one "
            f"concentration each: {times.shape} times, {level.shape} concentrations."
        )
    breaks = np.unique(np.append(times[times < end], end))
    return lambda hour, _: np.interp(hour, times, level), breaks


def _increasing(name: str, values: ArrayLike) -> Floats:
    given = np.atleast_1d(np.asarray(values, dtype=float))
    if given.ndim != 1 or not np.isfinite(given).all() or given[0] < 0 or given[-1] <= 0:
        raise ValueError(f"{name} must be finite times from 0 on, in one row: {given}.")
    if (np.diff(given) <= 0).any():
        raise ValueError(f"{name} must increase: {given}.")
    return given


def _not_negative(name: str, values: ArrayLike) -> Floats:
    given = np.asarray(values, dtype=float)
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(f"{name} must be finite and not negative: {given}.")
    return given


def _check_fraction(surviving: float) -> None:
    if not 0 < surviving < 1:
        raise ValueError(f"surviving must lie between 0 and 1: {surviving}.")


def _amounts(amounts: ArrayLike) -> Floats:
    given = np.array(amounts, dtype=float)
    if given.ndim != 1 or len(given) < 2 or (given < 0).any() or not given.sum() > 0:
        raise ValueError(f"Amounts by load must be one row, not negative, not all zero: {given}.")
    return given


def _distribution(shares: ArrayLike) -> Floats:
    given = _amounts(shares)
    if not np.isclose(given.sum(), 1):
        raise ValueError(f"Shares by load must sum to 1: they sum to {given.sum():g}.")
    return given
