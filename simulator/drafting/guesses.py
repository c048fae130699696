"""Guesses that words alone allow: what a column is for, which values are better, the order of answers.

Every one is marked as a guess where it is written. The words are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from simulator.scales import spelling

Role = Literal[
    "city", "name_en", "name_zh", "province", "status", "cluster", "year", "code", "result", "denominator", "indicator"
]
"""What a column may be for."""


def _words(text: str) -> frozenset[str]:
    return frozenset(spelling(word) for word in text.split(","))


ROLES: Final[Mapping[Role, frozenset[str]]] = {
    "city": _words("city, cities, city name, 城市, 城市名称, 市, 地级市, town, municipality, place, 地区名称, 城市名"),
    "name_en": _words("name_en, english name, name (en), name en, 英文名, 英文名称"),
    "name_zh": _words("name_zh, chinese name, name (zh), name zh, 中文名, 中文名称"),
    "province": _words("province, state, region, country, county, 省, 省份, 所属省份, 所在省, 区域, 国家, 大区"),
    "status": _words("status, type, city type, tier, category, class, level, 类型, 城市类型, 级别, 等级, 城市等级"),
    "cluster": _words("cluster, group, city group, groups, agglomeration, 城市群, 组, 分组, 组别, 都市圈"),
    "year": _words("year, date, period, 年, 年份, 年度, 日期"),
    "code": _words("code, id, city code, fips, iso, number, no., nr, 代码, 行政区划代码, 编号, 序号"),
    "result": _words("rank, ranking, total, total score, score, overall, index, 排名, 名次, 总分, 得分, 总得分, 指数"),
}
"""Headings by which a column is told to be no indicator, as answers are compared."""

_DENOMINATOR: Final = re.compile(
    r"(total|resident|permanent|registered|urban|city|mid-?year|year-?end|land|built-?up|surface|administrative|\W|_)*"
    r"(population|inhabitants|residents|households|area|size)(\W*(total|size|20\d\d|19\d\d))*"
    r"|(年末|年均|常住|户籍|总|全市|城镇|市辖区|土地|行政区域|行政区划|建成区|国土|土地)*(人口|户数|面积)(数|总数|总量)?",
    re.IGNORECASE,
)

_LOWER: Final = re.compile(
    r"\b(unemploy\w*|jobless\w*|deaths?|mortalit\w*|fatalit\w*|emissions?|emitted|prices?|costs?|debts?|deficits?"
    r"|pollut\w+|pm ?2\.?5|pm ?10|so2|no2|nox|co2|crimes?|homicides?|murders?|thefts?|accidents?|povert\w*|poor"
    r"|inequal\w*|gini|congest\w*|noise|vacanc\w*|energy (use|consumption|intensity)|water (use|consumption)"
    r"|inflation|delays?|travel times?|commut\w+|waiting|distance|dropouts?|disease\w*|obes\w*|illiter\w*|losses|loss"
    r"|leak\w*|slums?|rents?|tax burden|dependency|risks?|vulnerab\w*|corrupt\w*|homeless\w*|suicid\w*|overcrowd\w*)\b"
    r"|失业|死亡|排放|价格|房价|物价|能耗|耗能|电耗|水耗|单耗|事故|犯罪|案件|污染|负债|债务|赤字|拥堵|通勤|贫困|基尼"
    r"|浓度|噪声|噪音|文盲|辍学|空置|房价收入比|亏损|缺口|漏损|伤亡|疾病|发病|风险|投诉|老龄化|抚养比|税负|成本",
    re.IGNORECASE,
)

_TURNED: Final = re.compile(
    r"\b(reduc\w+|decreas\w+|declin\w+|cut|saved|saving|treat\w*|control\w*|recycl\w+|prevent\w+|removal|absence|without)\b"
    r"|降低|下降|减少|治理|处理|防治|达标|利用率|回收|控制|节约|优良",
    re.IGNORECASE,
)

_ORDER: Final = tuple(
    _words(words)
    for words in (
        "none, never, no, nothing, absent, nil, false, not at all, 无, 没有, 否, 从不, 从无, 不存在",
        "very low, very poor, very weak, very bad, very few, 极低, 很低, 很差, 非常差, 非常低",
        "rare, rarely, seldom, low, poor, weak, bad, few, little, minimal, yearly, annual, small, 低, 差, 弱, 较低"
        ", 较差, 很少, 少, 偶尔, 小, 每年",
        "some, sometimes, partial, partly, limited, occasional, occasionally, monthly, planned, 部分, 有时, 一些"
        ", 有一些, 有限, 每月",
        "medium, moderate, middle, average, fair, neutral, mixed, 中, 中等, 一般, 普通",
        "regular, regularly, often, frequent, frequently, good, high, strong, many, weekly, mostly, large, 定期, 经常"
        ", 高, 好, 强, 较高, 较好, 多, 每周, 良好, 良, 大",
        "very high, very good, very strong, excellent, daily, always, full, fully, complete, yes, true, 每天, 每日"
        ", 总是, 很高, 很好, 非常好, 非常高, 优, 优秀, 是, 有, 全部, 完全, 完整",
    )
)
"""Words of answers from the lowest to the highest."""


def role_of(heading: str, rest: str) -> Role:
    """Return what a column is for by its heading, whole or without its unit; an indicator where nothing speaks.

    >>> role_of("省份", "省份"), role_of("Population (1000)", "Population"), role_of("Population growth", "")
    ('province', 'denominator', 'indicator')
    """
    spelt = {spelling(heading), spelling(rest)}
    for role, known in ROLES.items():
        if spelt & known:
            return role
    return (
        "denominator" if any(_DENOMINATOR.fullmatch(text.strip()) for text in (heading, rest) if text) else "indicator"
    )


def lower_word(heading: str) -> str:
    """Return the word of a heading by which lower values seem the better ones; nothing where higher ones do.

    >>> lower_word("Unemployment rate"), lower_word("GDP per capita"), lower_word("污染治理率")
    ('Unemployment', '', '')
    """
    plain = heading.replace("_", " ")
    found = _LOWER.search(plain)
    return found.group(0) if found and not _TURNED.search(plain) else ""


def ordered(words: Sequence[str]) -> tuple[list[str], bool]:
    """Return words of answers from the lowest, and whether all of them are known; others stand by the alphabet.

    >>> ordered(["daily", "None", "regular", "some"])
    (['None', 'some', 'regular', 'daily'], True)
    >>> ordered(["red", "green"])
    (['green', 'red'], False)
    """
    place = {spelling(word): number for number, known in enumerate(_ORDER) for word in known}
    alphabet = sorted(words, key=lambda word: (word.casefold(), word))
    if not all(spelling(word) in place for word in words):
        return alphabet, False
    return sorted(alphabet, key=lambda word: place[spelling(word)]), True
