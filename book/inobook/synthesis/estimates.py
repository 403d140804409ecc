"""The estimates of the current cohort, kept until a patient's move makes them stale."""

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from inobook.synthesis.daily import DailyCounts, HazardRatio, Survival, hazard_ratio

FollowUp = tuple[int, int]
"""Whole days and event (0/1) of one patient for one endpoint."""

CONTRASTS = {"os_by_mrd": ("negative", "positive")}
"""Groups of a hazard ratio (covariate 1, covariate 0) that are not the arms."""

ARMS = ("InO", "SC")


class Estimates:
    """Counts of every endpoint and group, and the estimates taken from them.

    A move is tried with :meth:`move`; it is undone with :meth:`undo` until the next one.
    """

    def __init__(
        self,
        follow_up: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]],
        groups: dict[str, NDArray[np.str_]],
    ) -> None:
        """Count a cohort.

        Args:
            follow_up: for each endpoint the days and events of all patients, shape (n,) each.
            groups: for each endpoint the group of every patient, shape (n,); "" for patients
                who do not count for it.
        """
        self._groups = groups
        self._counts: dict[tuple[str, str], DailyCounts] = {}
        self._kept: dict[str, dict[Hashable, object]] = {endpoint: {} for endpoint in groups}
        self._last_log_ratio: dict[tuple[str, bool], float] = {}
        self._undo: list[tuple[DailyCounts, FollowUp, FollowUp]] = []
        self._kept_before: dict[str, dict[Hashable, object]] = {}
        for endpoint, group in groups.items():
            days, event = follow_up[endpoint]
            for name in np.unique(group[group != ""]):
                member = group == name
                self._counts[endpoint, str(name)] = DailyCounts(days[member], event[member])

    def move(self, patient: int, moves: dict[str, tuple[FollowUp, FollowUp]]) -> None:
        """Replace one patient's follow-up, for each endpoint from an old to a new one."""
        self._undo, self._kept_before = [], {}
        for endpoint, (old, new) in moves.items():
            if endpoint not in self._groups:
                continue
            group = self._groups[endpoint][patient]
            if old == new or group == "":
                continue
            counts = self._counts[endpoint, str(group)]
            counts.move(*old, *new)
            self._undo.append((counts, new, old))
            self._kept_before[endpoint] = self._kept[endpoint]
            self._kept[endpoint] = {
                key: estimate
                for key, estimate in self._kept[endpoint].items()
                if key[0] == "survival" and key[1] != group
            }

    def undo(self) -> None:
        """Take the last move back."""
        for counts, new, old in self._undo:
            counts.move(*new, *old)
        self._kept.update(self._kept_before)
        self._undo, self._kept_before = [], {}

    def survival(self, endpoint: str, group: str) -> Survival:
        """Return the Kaplan-Meier curve of a group for an endpoint."""
        kept, key = self._kept[endpoint], ("survival", group)
        if key not in kept:
            kept[key] = Survival(self._counts[endpoint, group])
        return kept[key]

    def hazard_ratio(self, endpoint: str, efron: bool) -> HazardRatio:
        """Return the Cox estimate for an endpoint: InO v SC, or as CONTRASTS says."""
        kept, key = self._kept[endpoint], ("hazard_ratio", efron)
        if key not in kept:
            one, other = CONTRASTS.get(endpoint, ARMS)
            kept[key] = hazard_ratio(
                self._counts[endpoint, one],
                self._counts[endpoint, other],
                efron=efron,
                start=self._last_log_ratio.get((endpoint, efron), 0.0),
            )
            if np.isfinite(kept[key].log):
                self._last_log_ratio[endpoint, efron] = kept[key].log
        return kept[key]

    def number_of_events(self, endpoint: str, group: str) -> int:
        """Return how many patients of a group have the event."""
        return int(self._counts[endpoint, group].events.sum())
