"""What a finding of an audit is, of which kinds there are, and what is to be done about each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

OTHER_RULE: Final = "another tie rule"
IRREGULAR_POINTS: Final = "irregular points"
LEVEL_POINTS: Final = "levels, not ranks"
SUMS: Final = "sum that differs"
RANKS: Final = "rank that differs"
REPEATED: Final = "repeated name"
SCREENED: Final = "screened out"
FEW_DATA: Final = "few data"
FEW_OF_CITY: Final = "cities with few data"
CONSTANT: Final = "constant"
NEARLY_CONSTANT: Final = "nearly constant"
ZEROS: Final = "many zeros"
OUTLIERS: Final = "outliers"
WITH_DENOMINATOR: Final = "follows its denominator"
WITH_SIZE: Final = "follows a denominator"
REDUNDANT: Final = "redundant pair"
NEGATIVE_PAIRS: Final = "negative correlations"
WEAK_PAIRS: Final = "weak correlations"
HIGH_PAIRS: Final = "very high correlations"
AGAINST: Final = "against the total"
NEGATIVE_MEMBER: Final = "negative member"
WEAK_MEMBER: Final = "weak member"
HIGH_MEMBER: Final = "dominating member"
LOW_ALPHA: Final = "low consistency"
SEVERAL: Final = "several components"
OTHER_WEIGHT: Final = "other weight in effect"

REMEDIES: Final[Mapping[str, str]] = {
    OTHER_RULE: "Give ties the same place in every column, or say in the notes which columns differ.",
    IRREGULAR_POINTS: "Compare the column with its source, and print the points of the rule.",
    LEVEL_POINTS: "Say that the column holds levels, or rank what lies behind them.",
    SUMS: "Compare the printed figure and those below it with the source.",
    RANKS: "Rank the printed totals again.",
    REPEATED: "Give each a name of its own, or remove the one that stands there twice.",
    SCREENED: "Say so beside the ranking; lower the share under `screening`, or find the missing values.",
    FEW_DATA: "Find another source or a proxy, or leave the indicator out; filled values say little here.",
    FEW_OF_CITY: "Find the missing values, or leave such cities out (`screening`).",
    CONSTANT: "Leave it out, or replace it by one that tells cities apart.",
    NEARLY_CONSTANT: "Replace it by a finer measure, or leave it out: it ranks only a few cities.",
    ZEROS: "Check that a zero is no missing value; otherwise measure what most cities have some of.",
    OUTLIERS: "Treat them (`treatment`), or normalise by rank; first check the extreme values with the source.",
    WITH_DENOMINATOR: "Check that this denominator is the right one; large cities still stand apart by size.",
    WITH_SIZE: "Divide it by that (`denominator`), unless size itself is to count.",
    REDUNDANT: "Keep one of the two, or halve the weight of both: the same is counted twice.",
    NEGATIVE_PAIRS: "Check the directions; else move one elsewhere: what one gains in the mean the other loses.",
    WEAK_PAIRS: "Look whether these belong under one node; an average of what is unrelated tells little of each.",
    HIGH_PAIRS: "Merge them, or keep one: the same is counted twice.",
    AGAINST: "Check its direction; else move it elsewhere or leave it out.",
    NEGATIVE_MEMBER: "Check its direction; else move it elsewhere or leave it out: the score falls where it rises.",
    WEAK_MEMBER: "Move it elsewhere, raise its weight, or leave it out: the score hardly tells it.",
    HIGH_MEMBER: "Lower its weight, or let it stand for the whole: the others add little.",
    LOW_ALPHA: "Look at the correlations of its members, and move or leave out those that do not go with the others.",
    SEVERAL: "Split the node along the loadings, or say that it brings together separate things.",
    OTHER_WEIGHT: "Adjust the weights (`citysim importance`), or say that they are not the importance of the parts.",
}
"""What to do, by kind."""

KINDS: Final = tuple(REMEDIES)
"""Kinds of finding; of the same effect they stand in this order."""


@dataclass(frozen=True)
class Finding:
    """One thing that the figures of an index tell and a reader should know.

    Attributes
    ----------
    kind
        One of `KINDS`.
    subject
        The indicators, node or cities that it is about, by identifier; several joined by a comma.
    finding
        What was found, in words.
    evidence
        The numbers that show it.
    cities_changed
        How many cities change rank when it is mended; none where that is not defined.
    largest_shift
        Places by which the rank of a city then changes at most.
    furthest
        Cities (slugs) that move so far.
    remedy
        What to do about it, in words.
    """

    kind: str
    subject: str
    finding: str
    evidence: str
    cities_changed: int | None = None
    largest_shift: int | None = None
    furthest: tuple[str, ...] = ()
    remedy: str = ""


def sorted_findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by effect: most cities changed first, then the largest shift; those without effect last.

    Each has the remedy of its kind where it has none of its own.

    >>> one, other = Finding("constant", "a", "", ""), Finding("levels, not ranks", "b", "", "", 0, 0)
    >>> [finding.subject for finding in sorted_findings([one, other])]
    ['b', 'a']
    """

    def order(finding: Finding) -> tuple[float, float, int]:
        changed = -1 if finding.cities_changed is None else finding.cities_changed
        return -changed, -(finding.largest_shift or 0), KINDS.index(finding.kind)

    return tuple(replace(one, remedy=one.remedy or REMEDIES[one.kind]) for one in sorted(found, key=order))
