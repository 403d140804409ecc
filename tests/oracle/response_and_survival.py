"""What the chapter on response and survival computed, arranged as R's list is."""

from typing import Any

from chapters import namespace

LINES = {
    "naive": "naive", "time_dependent": "time-dependent", "early": "first 100 d", "later": "later",
}  # fmt: skip


def three_limits(world: Any) -> dict[str, float]:
    """The limits to three decimals: R integrates on another grid."""
    found = {
        "naive": world.naive_ratio(),
        "landmark": world.landmark_ratio(60),
        "time_dependent": world.time_dependent_ratio(),
    }
    return {name: round(ratio, 3) for name, ratio in found.items()}


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/response_and_survival")
    rates = {name: chapter[f"rate_{name}"] for name in ("naive", "fair")}
    return {
        "six": {
            **{name: rate[True] / rate[False] for name, rate in rates.items()},
            "z_squared": chapter["z_by_hand"] ** 2,
            "ratio": chapter["ratio_six"],
        },
        "landmark_45": chapter["per_100"].tolist(),
        **{name: three_limits(chapter[name]) for name in ("nothing", "mixed")},
        "hsct": {name: chapter["hsct_ratios"].loc[line].tolist() for name, line in LINES.items()},
        "p": {"pfs_by_mrd": chapter["p_pfs_mrd"], "pfs_by_arm": chapter["p_pfs_arms"]},
    }
