"""Names of axes, coordinates and result variables, each spelt in this one place."""

from __future__ import annotations

from typing import Final

# Axes (convention 1).
CITY: Final = "city"
INDICATOR: Final = "indicator"
NODE: Final = "node"
SLOT: Final = "slot"
RANK: Final = "rank"
DRAW: Final = "draw"
CHOICE: Final = "choice"
OTHER_CITY: Final = "other_city"
QUANTITY: Final = "quantity"

# Coordinates of a city.
CITY_NAME_EN: Final = "city_name_en"
CITY_NAME_ZH: Final = "city_name_zh"
PROVINCE: Final = "province"
STATUS: Final = "status"
CLUSTER: Final = "cluster"
CITY_ATTRIBUTES: Final = (PROVINCE, STATUS, CLUSTER)
CITY_COORDINATES: Final = (CITY_NAME_EN, CITY_NAME_ZH, *CITY_ATTRIBUTES)

# Coordinates of an indicator or a node.
DIMENSION: Final = "dimension"
VARIABLE: Final = "variable"
LEVEL: Final = "level"
PARENT: Final = "parent"
INDICATOR_NAME_EN: Final = "indicator_name_en"
INDICATOR_NAME_ZH: Final = "indicator_name_zh"
NODE_NAME_EN: Final = "node_name_en"
NODE_NAME_ZH: Final = "node_name_zh"
DIRECTION: Final = "direction"
UNIT: Final = "unit"

# Variables of a matrix and of a scored index.
VALUE: Final = "value"
TOTAL: Final = "total"
SCORE: Final = "score"
NORMALISED: Final = "normalised"
CONSTANT: Final = "constant"
NOMINAL_WEIGHT: Final = "nominal_weight"

# Variables of a stability result. A name with `_se` behind it is the standard error of the variable before it.
SE: Final = "_se"
BASELINE_RANK: Final = "baseline_rank"
SCENARIO_RANK: Final = "scenario_rank"
PUBLISHED_RANK: Final = "published_rank"
RANK_FREQUENCY: Final = "rank_frequency"
RANK_MEAN: Final = "rank_mean"
RANK_MEDIAN: Final = "rank_median"
RANK_P05: Final = "rank_p05"
RANK_P95: Final = "rank_p95"
RANK_LOWEST: Final = "rank_min"
RANK_HIGHEST: Final = "rank_max"
KEEP_TIER: Final = "keep_tier"
CITY_SHIFT: Final = "rank_shift_abs"
DRAWS_WITH_CITY: Final = "draws_with_city"
MEAN_SHIFT: Final = "mean_abs_rank_shift"
KENDALL: Final = "kendall_tau"
SPEARMAN: Final = "spearman_rho"
PAIR_WIN: Final = "pair_win"
CHOICE_SHARE: Final = "choice_share"
FACTOR: Final = "factor"
ALTERNATIVE: Final = "alternative"
TOTAL_BY_DRAW: Final = "total_by_draw"
RANK_BY_DRAW: Final = "rank_by_draw"
SHIFT_BY_DRAW: Final = "mean_abs_rank_shift_by_draw"
RANKED_GROUP: Final = "ranked_group"
GROUP: Final = "group"
TOPS: Final = (1, 3, 5, 10, 20)

# Raw quantities beside printed points.
CITIES_KNOWN: Final = "cities_known"
EXACT: Final = "exact"
WITHIN_ONE: Final = "within_one"
LARGEST_DIFFERENCE: Final = "largest_difference"
LARGEST_CITY: Final = "largest_city"
RAW_SPEARMAN: Final = "spearman"
POINTS_AGAIN: Final = "points_again"
POINTS_PRINTED: Final = "points_printed"
