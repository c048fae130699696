"""Numbers read as bits and bits read as numbers, one by one.

Views of whole arrays do the same, but in compiled code bring so much along that they take seconds to compile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types

from simulator.kernels.inlined import Code, inlined, refuse_other_layouts


@inlined
def bits_of_single(_context: Any, number: Any) -> Any:
    """Bits of a number of single precision, as a signed integer."""
    return types.int32(types.float32), _read_as(ir.IntType(32))


@inlined
def single_of_bits(_context: Any, bits: Any) -> Any:
    """Return the number of single precision that has these bits."""
    return types.float32(types.int32), _read_as(ir.FloatType())


@inlined
def bits_of_double(_context: Any, number: Any) -> Any:
    """Bits of a number of double precision, as an unsigned integer."""
    return types.uint64(types.float64), _read_as(ir.IntType(64))


@inlined
def half_word(_context: Any, words: Any, row: Any, number: Any) -> Any:
    """Return the 32 bits of that number in a row of 64-bit words (rows, words)."""
    refuse_other_layouts(words)
    return types.uint32(words, types.intp, types.intp), _part(32)


@inlined
def byte_of(_context: Any, words: Any, row: Any, number: Any) -> Any:
    """Return the byte of that number in a row of 64-bit words (rows, words)."""
    refuse_other_layouts(words)
    return types.uint8(words, types.intp, types.intp), _part(8)


def _read_as(kind: ir.Type) -> Any:
    def write(_target: Any, builder: ir.IRBuilder, _signature: Any, arguments: Sequence[Code]) -> Code:
        return builder.bitcast(arguments[0], kind)

    return write


def _part(size: int) -> Any:
    def write(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Sequence[Code]) -> Code:
        array = target.make_array(signature.args[0])(target, builder, arguments[0])
        length = builder.extract_value(array.shape, 1)
        first = builder.gep(array.data, [builder.mul(arguments[1], length)])
        parts = builder.bitcast(first, ir.IntType(size).as_pointer())
        return builder.load(builder.gep(parts, [arguments[2]]))

    return write
