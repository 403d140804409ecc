"""Seeds of the committed cohorts: those that reached every target."""

PH_POSITIVE_SEED = 101
PH_NEGATIVE_SEED = 1001
STUDY_1010_SEED = 3
ALTERNATIVE_SEEDS: tuple[int, ...] = (
    201, 203, 205, 206, 208, 216, 221, 224, 225, 228,
    229, 232, 233, 234, 236, 302, 308, 309, 310, 311,
)  # fmt: skip
