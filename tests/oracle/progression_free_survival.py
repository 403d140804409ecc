"""What the chapter on progression-free survival computed, arranged as R's list is."""

from typing import Any

from chapters import namespace

ARMS = ("InO", "SC")


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/progression_free_survival")
    points, by_kind, whole = chapter["points"], chapter["by_kind"], chapter["whole"]
    plain, log, loglog = zip(*(by_kind[arm] for arm in ARMS), strict=True)
    return {
        "seven": float(chapter["event_free"]),
        "ph": {
            "share": [points[arm][0] for arm in ARMS],
            "standard_error": [points[arm][0] * points[arm][1] ** 0.5 for arm in ARMS],
            "log_low": [low for low, _ in log],
            "log_high": [high for _, high in log],
            "loglog_low": [low for low, _ in loglog],
            "loglog_high": [high for _, high in loglog],
            "plain_high": [high for _, high in plain],
        },
        "fixed": {"z": chapter["z"], "p": chapter["p_fixed"]},
        "logrank": chapter["logrank_p"](chapter["ph_positive"]),
        "whole": {
            "medians": list(whole["median, months"]),
            "at_12": list(whole["at 12 months, %"] / 100),
            "ratio": list(chapter["pfs_ratio"]),
        },
    }
