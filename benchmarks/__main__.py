"""The command `python -m benchmarks`: measures the chosen tables, prints each as soon as it is done, keeps figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.catalogue import BENCHMARKS
from benchmarks.findings import Findings, as_json, as_table
from benchmarks.machine import describe_machine
from benchmarks.measuring import Effort

WIDTH = 120


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen tables (all of them where none is named) and print them."""
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no table is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if options.repeats < 1 or not 0.0 < options.share <= 1.0:
        parser.error("--repeats is 1 or more, --share above 0 and at most 1")
    if options.json is not None and not options.json.resolve().parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.resolve().parent}")
    effort = Effort(options.repeats, options.share)
    machine = describe_machine()
    console, aside = Console(width=WIDTH, highlight=False), Console(stderr=True, highlight=False)
    console.print(" · ".join(f"{what} {value}" for what, value in machine.items()))
    console.print(f"Medians (lowest to highest) of measurements in turns, {effort.repeats} of each side.")
    if effort.share < 1.0:
        console.print(f"A smoke run with {effort.share:g} of the draws: its figures tell nothing.")
    found: dict[str, list[Findings]] = {}
    for name in dict.fromkeys(options.names or BENCHMARKS):
        if sys.stderr.isatty():
            aside.print(f"measuring {name} …")
        found[name] = []
        for findings in BENCHMARKS[name].measure(effort):
            found[name].append(findings)
            console.print(as_table(findings))
        if options.json is not None:
            kept = {"machine": machine, "repeats": effort.repeats, "share": effort.share, "tables": as_json(found)}
            options.json.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    widest = max(len(name) for name in BENCHMARKS)
    tables = [f"  {name:<{widest}}  {benchmark.summary}" for name, benchmark in BENCHMARKS.items()]
    example = "python -m benchmarks throughput what-if --repeats 9 --json figures.json"
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time the engine, against NumPy and SciPy doing the same work in the same process, in turns.",
        epilog="\n".join(["tables:", *tables, "", "example:", f"  {example}"]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="tables to measure; all where none is named")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each side (default 5)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the draws, for a smoke run (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser


if __name__ == "__main__":
    main()
