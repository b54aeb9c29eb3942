#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Sources/Base/Numbers/PowersOfFive.swift: the 128 leading bits of 5^q for q in -342...324.

The bits are cut off, not rounded, except for q in -27...-1, which are rounded up: the products with these then
round correctly at exact ties (Lemire, "Number Parsing at a Gigabyte per Second", 2021, section 8; Mushtak and
Lemire, "Fast Number Parsing Without Fallback", 2022). Parsing needs q up to 308, the shortest output up to 324.
"""
import pathlib

FIRST, LAST = -342, 324


def leading_bits(q):
    power = 5 ** abs(q)
    if q >= 0:
        shift = power.bit_length() - 128
        return power >> shift if shift > 0 else power << -shift
    shift = 127 + power.bit_length()
    value, rest = divmod(1 << shift, power)
    assert rest != 0 and value.bit_length() == 128
    return value + 1 if q >= -27 else value


def main():
    words = []
    for q in range(FIRST, LAST + 1):
        value = leading_bits(q)
        assert value.bit_length() == 128, q
        # The shortest output adds one to inexact entries, and must not carry into the upper half.
        assert value & (2**64 - 1) != 2**64 - 1, q
        words += [f"0x{value >> 64:016x}", f"0x{value & (2**64 - 1):016x}"]
    lines = ["    " + ", ".join(words[i : i + 4]) + "," for i in range(0, len(words), 4)]
    text = f"""// SPDX-License-Identifier: Apache-2.0
// Written by scripts/generate-powers-of-five.py; do not edit.

/// The smallest and largest decimal exponents of `powersOfFive`.
let powersOfFiveRange = {FIRST}...{LAST}

/// The 128 leading bits of 5^q, upper half first, for each q of `powersOfFiveRange`: cut off, but rounded up
/// for q in -27 ... -1, and exact for q in 0 ... 55.
let powersOfFive: [UInt64] = [
"""
    path = pathlib.Path(__file__).resolve().parents[1] / "Sources/Base/Numbers/PowersOfFive.swift"
    path.write_text(text + "\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
