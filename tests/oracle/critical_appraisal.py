"""What the chapter on critical appraisal computed, arranged as R's list is."""

from typing import Any

from chapters import namespace
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

TABLES = {"tp53": "TP53", "like": "BCR::ABL1-like", "high_risk": "high risk"}
RATES = {
    "response": "CR/CRi",
    "mrd": "MRD, of CR/CRi",
    "hsct": "HSCT",
    "mrd_all": "MRD, of all",
}


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/critical_appraisal")
    fisher, compared = chapter["p_fisher"], chapter["compared"]
    rates = {key: compared.loc[name] for key, name in RATES.items()}
    five = [rates[key].P for key in ("response", "mrd_all", "hsct")]
    five += [round(chapter["p_pfs"][0], 3), chapter["p_os"]]
    return {
        "one_sided": {key: fisher[name]["greater"] for key, name in TABLES.items()},
        "two_sided": {key: fisher[name]["two-sided"] for key, name in TABLES.items()},
        "differences": {key: [row.points, row.lower, row.upper] for key, row in rates.items()},
        "p_rates": {key: row.P for key, row in rates.items()},
        "barnard": {
            way: chapter["by_test"][f"Barnard, {way}"].pvalue for way in ("pooled", "unpooled")
        },
        "error": chapter["error"],
        "p_survival": chapter["p_os"],
        "holm": list(multipletests(five, 0.05, "holm")[1]),
        "spin": {
            section: [100 * limit for limit in proportion_confint(k, 72, method="beta")]
            for section, k in [("conclusions", 42), ("results", 27)]
        },
        "true_error": chapter["true_error"](0.63),
    }
