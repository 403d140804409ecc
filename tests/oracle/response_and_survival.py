"""What the chapter on response and survival computed, arranged as R's list is."""

from typing import Any

from chapters import namespace

LINES = {"ever": "ever v never", "changing": "changing", "early": "first 100 d", "later": "later"}


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/response_and_survival")
    rates = {name: chapter[f"rate_{name}"] for name in ("naive", "fair")}
    return {
        "six": {
            **{name: rate[True] / rate[False] for name, rate in rates.items()},
            "z_squared": chapter["z_by_hand"] ** 2,
            "ratio": chapter["ratio_six"],
        },
        "hsct": {name: chapter["hsct_ratios"].loc[line].tolist() for name, line in LINES.items()},
        "p": {"pfs_by_mrd": chapter["p_pfs_mrd"], "pfs_by_arm": chapter["p_pfs_arms"]},
    }
