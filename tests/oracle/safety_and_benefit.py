"""What the chapter on harms and benefits computed, arranged as R's list is."""

from typing import Any

from chapters import namespace
from statsmodels.stats.proportion import proportion_confint

HARMS = {
    "vod": "VOD",
    "fatal": "fatal event",
    "pneumonia": "pneumonia",
    "fever": "fever",
    "sepsis": "sepsis",
}


def as_shares(row: dict[str, float]) -> dict[str, float]:
    """Percentage points as shares; the P value as it is."""
    return {name: row[name] / (1 if name == "P" else 100) for name in row}


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/safety_and_benefit")
    after, rivals = chapter["after"], chapter["rivals"]
    order = [("InO", 12), ("InO", 24), ("SC", 12), ("SC", 24)]
    return {
        "harms": {
            key: as_shares(chapter["differences"].loc[name].to_dict())
            for key, name in HARMS.items()
        },
        "ph": as_shares(chapter["ph"]),
        "day_100": as_shares(chapter["day_100"]),
        "survived": as_shares(chapter["survived"]),
        "vod": as_shares(chapter["vod"]),
        "bounds": list(chapter["survival_bounds"]),
        "fatal": list(proportion_confint(5, 164, method="beta")),
        "if_km": [after.loc[row, "if KM"] for row in order],
        "if_rivals": [after.loc[row, "if rivals"] for row in order],
        "rivals": (rivals.loc["Aalen-Johansen"] / 100).to_dict(),
        "wrong": (rivals.loc["1 - Kaplan-Meier"] / 100).to_dict(),
        "gain": {"points": chapter["survival_gain"], "error": chapter["survival_gain_error"]},
        "harm_error": chapter["harm_error"],
    }
