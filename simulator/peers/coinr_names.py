"""Columns and types of COINr's tables, each spelt in this one place."""

from __future__ import annotations

from typing import Final

IDATA: Final = "iData"
IMETA: Final = "iMeta"

# Columns of iData.
UNIT_CODE: Final = "uCode"
UNIT_NAME: Final = "uName"
TIME: Final = "Time"
UNDESCRIBED: Final = (UNIT_CODE, UNIT_NAME, TIME)
"""Columns of iData that iMeta need not describe."""

# Columns of iMeta.
LEVEL: Final = "Level"
CODE: Final = "iCode"
NAME: Final = "iName"
DIRECTION: Final = "Direction"
WEIGHT: Final = "Weight"
UNIT: Final = "Unit"
TARGET: Final = "Target"
DENOMINATOR: Final = "Denominator"
PARENT: Final = "Parent"
TYPE: Final = "Type"
REQUIRED: Final = (LEVEL, CODE, DIRECTION, WEIGHT, PARENT, TYPE)
KNOWN: Final = (LEVEL, CODE, NAME, DIRECTION, WEIGHT, UNIT, TARGET, DENOMINATOR, PARENT, TYPE)
"""Columns of iMeta, in the order in which they are written."""

# Types of a row of iMeta.
INDICATOR_TYPE: Final = "Indicator"
AGGREGATE_TYPE: Final = "Aggregate"
GROUP_TYPE: Final = "Group"
DENOMINATOR_TYPE: Final = "Denominator"
OTHER_TYPE: Final = "Other"
TYPES: Final = (INDICATOR_TYPE, AGGREGATE_TYPE, GROUP_TYPE, DENOMINATOR_TYPE, OTHER_TYPE)

DIRECTIONS: Final = {1: "higher", -1: "lower"}
"""What COINr's numbers mean."""

CHINESE_NAMES: Final = "name_zh"
"""Column of iData in which names of cities in Chinese are passed through COINr."""
