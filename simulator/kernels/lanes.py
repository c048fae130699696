"""Sums and extremes of a row, eight numbers at a time, in an order that is the same on every processor.

A compiler may not reorder sums (convention 8), so of a plain loop it adds one number after the other. These functions
fix another order: eight sums side by side, each of every eighth number, joined in halves, and then what is left of the
row. Every processor can follow it with vector instructions, and has the same result to the bit. It is spelt out in the
compiler's own language, because compilers do not find it in a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from simulator.kernels.inlined import Code, inlined, refuse_other_layouts

LANES = 8
"""Numbers taken at a time."""

Step = Callable[[Code, Code], Code]
"""Writes how one result goes on with new numbers: eight of each, or one of each."""

_POSITION = ir.IntType(32)
_EIGHT = ir.VectorType(ir.DoubleType(), LANES)
_UNKNOWN = ir.Constant(_EIGHT, ir.Undefined)


@inlined
def sums_of_distances(_context: Any, values: Any, row: Any, origin: Any) -> Any:
    """Sum of the distances of a row of `values` (rows, n) to `origin`, and sum of their squares."""
    refuse_other_layouts(values)

    def write(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[Code]) -> Code:
        def distance(numbers: Code) -> Code:
            return builder.fsub(numbers, _repeated(builder, arguments[2], numbers.type))

        def add(found: Code, numbers: Code) -> Code:
            return builder.fadd(found, distance(numbers))

        def add_square(found: Code, numbers: Code) -> Code:
            return builder.fadd(found, builder.fmul(distance(numbers), distance(numbers)))

        zero = ir.Constant(ir.DoubleType(), 0.0)
        numbers = _numbers_of(target, builder, signature, arguments)
        sums = _fold(builder, *numbers, zero, [add, add_square], [builder.fadd, builder.fadd])
        return target.make_tuple(builder, signature.return_type, sums)

    return types.UniTuple(types.float64, 2)(values, types.intp, types.float64), write


@inlined
def extremes(_context: Any, values: Any, row: Any) -> Any:
    """Smallest and largest number of a row of `values` (rows, n)."""
    refuse_other_layouts(values)

    def write(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[Code]) -> Code:
        def smaller(found: Code, numbers: Code) -> Code:
            return builder.select(builder.fcmp_ordered("<", numbers, found), numbers, found)

        def larger(found: Code, numbers: Code) -> Code:
            return builder.select(builder.fcmp_ordered(">", numbers, found), numbers, found)

        first, length = _numbers_of(target, builder, signature, arguments)
        ends = _fold(builder, first, length, builder.load(first), [smaller, larger], [smaller, larger])
        return target.make_tuple(builder, signature.return_type, ends)

    return types.UniTuple(types.float64, 2)(values, types.intp), write


def _numbers_of(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[Code]) -> tuple[Code, Code]:
    """Return where the row begins and how long it is."""
    array = target.make_array(signature.args[0])(target, builder, arguments[0])
    length = builder.extract_value(array.shape, 1)
    return builder.gep(array.data, [builder.mul(arguments[1], length)]), length


def _fold(
    builder: ir.IRBuilder, first: Code, length: Code, start: Code, steps: Sequence[Step], joins: Sequence[Step]
) -> list[Code]:
    """Write the loops: eight at a time, the eight joined in halves, then one at a time. Return the results."""
    eight = ir.Constant(length.type, LANES)
    times = builder.udiv(length, eight)
    wide = [cgutils.alloca_once_value(builder, _repeated(builder, start, _EIGHT)) for _ in steps]
    with cgutils.for_range(builder, times) as loop:
        here = builder.gep(first, [builder.mul(loop.index, eight)])
        numbers = builder.load(builder.bitcast(here, _EIGHT.as_pointer()), align=8)
        for step, found in zip(steps, wide, strict=True):
            builder.store(step(builder.load(found), numbers), found)
    results = []
    for join, found in zip(joins, wide, strict=True):
        lanes = builder.load(found)
        for half in (4, 2, 1):
            lanes = join(lanes, _rotated(builder, lanes, half))
        single = builder.extract_element(lanes, ir.Constant(_POSITION, 0))
        results.append(cgutils.alloca_once_value(builder, single))
    with cgutils.for_range_slice(builder, builder.mul(times, eight), length, ir.Constant(length.type, 1)) as (at, _):
        number = builder.load(builder.gep(first, [at]))
        for step, found in zip(steps, results, strict=True):
            builder.store(step(builder.load(found), number), found)
    return [builder.load(found) for found in results]


def _repeated(builder: ir.IRBuilder, number: Code, kind: ir.Type) -> Code:
    """Return a number as it is, or eight of it where eight are wanted."""
    if kind != _EIGHT:
        return number
    alone = builder.insert_element(_UNKNOWN, number, ir.Constant(_POSITION, 0))
    return builder.shuffle_vector(alone, _UNKNOWN, ir.Constant(ir.VectorType(_POSITION, LANES), [0] * LANES))


def _rotated(builder: ir.IRBuilder, lanes: Code, by: int) -> Code:
    places = [(place + by) % LANES for place in range(LANES)]
    return builder.shuffle_vector(lanes, _UNKNOWN, ir.Constant(ir.VectorType(_POSITION, LANES), places))
