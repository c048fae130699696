"""What a what-if asks, in the words of a scenario file: changes, what the others do, spillover, a rank to reach."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simulator.changes.amounts import Amount, Number, Uncertain, as_amount, as_number
from simulator.validation import Schema

Members = Annotated[tuple[str, ...], Field(min_length=1)]
EVERYONE: Literal["all"] = "all"


def _one_city(written: Any) -> Any:
    return [written] if isinstance(written, str) and written != EVERYONE else written


Cities = Annotated[
    Literal["all"] | dict[str, str | Members] | Members,
    BeforeValidator(_one_city, json_schema_input_type=dict[str, str | Members] | Members | str),
]
"""`all`, one city, a list of them, or attributes such as {cluster: yangtze-delta}."""


def _rate(amount: Amount) -> Amount:
    if amount.least <= -1.0:
        less = f"a growth of {100.0 * amount.least:g} %"
        raise ValueError(f"{less} leaves nothing, or less | Give more than -100 %.")
    if amount.most > 1.0:
        told = f"a growth of {100.0 * amount.most:g} % more than doubles it in a year"
        raise ValueError(f"{told} | Eight per cent are 8% or 0.08; for another level take multiply.")
    return amount


def _times(amount: Amount) -> Amount:
    if amount.last or amount.least <= 0.0:
        raise ValueError(f"cannot multiply by {amount} | Give a factor above 0: 1.05, or 105%.")
    return amount


def _figure(amount: Amount) -> Amount:
    if amount.last:
        raise ValueError("`last` is a rate of growth | Give a number in the unit of the quantity.")
    return amount


def _share(amount: Amount) -> Amount:
    if amount.last or amount.least < 0.0 or amount.most > 1.0:
        raise ValueError(f"{amount} is no share | Give 0 to 1, such as 0.3 or 30%.")
    return amount


def _in_its_unit(written: Any) -> Any:
    parts = written.values() if isinstance(written, Mapping) else [written]
    if any(isinstance(part, str) and ("%" in part or "％" in part) for part in parts):
        raise ValueError(f"{written!r} is a percentage, and this is in the unit of the quantity | Give a number.")
    return written


def _as_factor(written: Any) -> Any:
    """Refuse a percentage that was meant as so much more: 8% of what it was is a fall of 92 %."""
    factor = as_number(written)
    if isinstance(written, str) and isinstance(factor, float) and abs(factor) < 0.5:
        problem = f"multiplied by {written.strip()} it is {factor:g} times what it was"
        raise ValueError(f"{problem} | For so much more or less write {1.0 + factor:g}.")
    return written


Rate = Annotated[Uncertain, AfterValidator(_rate)]
Factor = Annotated[Uncertain, AfterValidator(_times), BeforeValidator(_as_factor)]
Figure = Annotated[Uncertain, AfterValidator(_figure), BeforeValidator(_in_its_unit)]
Share = Annotated[Uncertain, AfterValidator(_share)]

STEP = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(places?|sds?|)\s*")


def _as_step(written: Any) -> Any:
    if isinstance(written, int | float) and not isinstance(written, bool):
        return {"places": written}
    if isinstance(written, str):
        found = STEP.fullmatch(written)
        if found is None:
            raise ValueError(f"{written!r} is no move | Write 3 places, or 0.5 sd; downwards -3 places.")
        return {"sd": float(found[1])} if found[2].startswith("sd") else {"places": found[1]}
    return written


class Step(Schema):
    """A move by whole places, or by standard deviations of the values of all cities; upwards where above 0."""

    places: int | None = None
    """Cities to pass, or to let pass. A tied group is passed as a whole."""
    sd: Annotated[float, Field(ge=-10, le=10)] | None = None
    """Standard deviations (n - 1)."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.places is None) == (self.sd is None):
            raise ValueError("a move is by places or by sd | Write 3 places, or 0.5 sd.")
        return self


Move = Annotated[Step, BeforeValidator(_as_step, json_schema_input_type=int | str | Step)]


def _chance(share: float) -> float:
    if not 0.0 < share < 1.0:
        raise ValueError(f"{share:g} is no chance between 0 and 1 | Write 80% or 0.8.")
    return share


Aim = Literal["best", "median", "at-least-median"]
"""What of its peers a city is to match."""


class Change(Schema):
    """What happens to some cities. Names stand for quantities; for `move` and `match` also for variables."""

    cities: Cities | None = None
    """Whose figures change; those of the scenario's `city` if not given."""
    grow: dict[str, Rate] = Field(default_factory=dict)
    """A new year: the quantity times 1 + rate, and the indicator of its growth becomes the rate. `last`: at the city's
    own last rate."""
    years: Annotated[int, Field(ge=1, le=50)] = 1
    """For how many years quantities grow."""
    multiply: dict[str, Factor] = Field(default_factory=dict)
    """Another level of the quantity, that many times what it was; growth is left alone."""
    add: dict[str, Figure] = Field(default_factory=dict)
    """So much more of the quantity (or less), in its unit."""
    set_to: dict[str, Figure] = Field(default_factory=dict, alias="set")
    """The quantity becomes this, in its unit."""
    move: dict[str, Move] = Field(default_factory=dict)
    """By places or standard deviations among all cities: `3 places`, `-0.5 sd`. Of a variable, up is better; of a
    quantity, up is larger."""
    match: dict[str, Aim] = Field(default_factory=dict)
    """As the best, or the median, of the peers, downwards as well; `at-least-median` leaves who is better."""
    peers: Cities = "all"
    """Whom to match."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not any((self.grow, self.multiply, self.add, self.set_to, self.move, self.match)):
            raise ValueError("nothing is changed | Add grow, multiply, add, set, move or match.")
        if self.years > 1 and not self.grow:
            raise ValueError("`years` without growth | Add grow, or remove years.")
        return self


class Spillover(Schema):
    """A gain of some cities that reaches others: from a core to its satellites, or within a network."""

    source: Annotated[Cities | None, Field(alias="from")] = None
    """The core, whose gain reaches the satellites."""
    to: Cities | None = None
    """The satellites."""
    among: Cities | None = None
    """The network: a gain of any member reaches every other one."""
    share: Share
    """Share of the gain that arrives; the gains of several add up, and what arrives is not passed on."""

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.among is None) == (self.source is None) or (self.source is None) != (self.to is None):
            raise ValueError(
                "gains spill over from a core to satellites, or within a network | Give `from` and `to`, or `among`."
            )
        return self


class Price(Schema):
    """What a step costs: so much for each place, each standard deviation, or each unit of the variable's raw value."""

    amount: Annotated[float, Field(gt=0, le=1e12)] = 1.0
    """Cost of one, in whatever is to be spent."""
    per: Literal["place", "sd", "unit"] = "place"
    """One of what."""


def _as_price(written: Any) -> Any:
    if isinstance(written, int | float) and not isinstance(written, bool):
        return {"amount": written}
    if isinstance(written, str):
        amount, slash, per = written.partition("/")
        told = {"amount": amount.strip()} if amount.strip() else {}
        return {**told, "per": per.strip()} if slash else told or written
    return written


Priced = Annotated[Price, BeforeValidator(_as_price, json_schema_input_type=float | str | Price)]
"""A number (for each place), `20/sd`, `/sd`, or a mapping."""


class Reach(Schema):
    """A rank to reach with the least effort, and what may be used for it."""

    rank: Annotated[int, Field(ge=1)]
    """The rank, or a better one."""
    only: Members | None = None
    """Variables that may change; all that a city can change if not given."""
    without: tuple[str, ...] = Field((), alias="not")
    """Variables that must stay as they are."""
    allow: tuple[str, ...] = ()
    """Variables that may change although no city has them in its own hands (`actionable: false`)."""
    ceiling: Annotated[int, Field(ge=1)] | None = None
    """Places by which a variable may rise at most."""
    ceilings: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """The same for single variables."""
    price: Priced = Price()
    """What effort is counted in: places if not given."""
    prices: dict[str, Priced] = Field(default_factory=dict)
    """The price of single variables."""
    margin: Annotated[float, Field(ge=0)] = 0.0
    """Points by which to stay ahead of those who are to be passed: more margin, more chance of success."""
    chance: Annotated[Number, AfterValidator(_chance)] | None = None
    """Chance of success that is wanted, such as 80%: the margin is raised until the cheapest plan has it."""
    plans: Annotated[int, Field(ge=1, le=20)] = 3
    """How many plans to look for; each does without some variable of every one before."""


def as_others(written: Any) -> Any:
    """Return what others do as a rate, if they do not stand still; raises `ValueError` for another text."""
    if isinstance(written, str) and written.strip() == "still":
        return "still"
    try:
        return as_amount(written)
    except ValueError:
        raise ValueError(f"{written!r} is not what others do | Write still, last-rate, or a rate such as 5%.") from None


Others = Annotated[
    Literal["still"] | Rate, BeforeValidator(as_others, json_schema_input_type=Literal["still", "last-rate"] | Rate)
]
"""What cities do that are not changed: `still`, every value of theirs kept; `last-rate`, they grow at their own last
rate in the quantities that are grown; or the rate, which may be drawn for each of them."""
