"""How classes are shown on the site: plain data by their attributes alone, keys of files on pages of their own."""

from __future__ import annotations

import dataclasses
from typing import Any

import simulator
from simulator.validation import Schema


def setup(app: Any) -> dict[str, bool]:
    """Tell autodoc which signatures and members to leave out."""

    def without_signature(_: Any, kind: str, name: str, shown: Any, *rest: Any) -> tuple[str, str] | None:
        plain = kind == "class" and (dataclasses.is_dataclass(shown) or issubclass(shown, Schema))
        return ("", "") if plain else None

    def without_keys(app: Any, kind: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
        owner = getattr(simulator, app.env.docname.rpartition(".")[2], None)
        return name in getattr(owner, "model_fields", ()) or None

    app.connect("autodoc-process-signature", without_signature)
    app.connect("autodoc-skip-member", without_keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
