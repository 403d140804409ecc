"""What the chapter on dose and exposure computed, arranged as R's list is.

The chapter's fast route is good to about a thousandth; R's steps are short. Areas and troughs are
therefore taken from the module's reference route here, and the chapter's own numbers are compared
with that route.
"""

from typing import Any

import numpy as np
from chapters import namespace
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep


def numbers() -> dict[str, Any]:
    chapter = namespace("drug/dose_and_exposure")
    found = chapter["population_pk"].amounts(
        chapter["typical"], chapter["doses"], chapter["ends"], route="reference"
    )
    per_cycle = np.diff(found.auc_ng_h_per_ml) / 1000
    assert np.allclose(per_cycle, chapter["per_cycle"], rtol=1e-3)

    def exact(k: int, n: int) -> list[float]:
        return list(stats.binomtest(k, n).proportion_ci())

    def difference(k: int, n: int, j: int, m: int) -> list[float]:
        limits = confint_proportions_2indep(k, n, j, m, method="newcomb", compare="diff")
        return [k / n - j / m, *limits]

    arms = chapter["arms"]
    names = {"run_in": "run-in 1.2", "low": "random. 1.2", "full": "random. 1.8", "all": "all 1.2"}
    liver = (chapter["sos_low"][0], 42, chapter["sos_full"][0], 38)
    return {
        "surface": chapter["bsa"],
        "decay_half_life": chapter["decay_half_life"],
        "terminal_half_life": chapter["typical"].terminal_half_life_h,
        "per_cycle": list(per_cycle),
        "trough": list(found.concentration_ng_per_ml[1:]),
        "exact": {key: exact(*arms[name]) for key, name in names.items()},
        "remission": difference(*arms["random. 1.2"], *arms["random. 1.8"]),
        "liver": difference(*liver),
        "fisher": chapter["p_value"],
    }
