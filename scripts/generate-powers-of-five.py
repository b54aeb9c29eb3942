#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Sources/Base/Numbers/PowersOfFive.swift: the 128 leading bits of 5^q for q in -342...308.

For q >= 0 the bits are truncated; for q < 0 they are those of the reciprocal, rounded up, as the correctness proof
of the Eisel-Lemire algorithm asks (Lemire, "Number Parsing at a Gigabyte per Second", 2021; Mushtak and Lemire,
"Fast Number Parsing Without Fallback", 2022).
"""
import pathlib

FIRST, LAST = -342, 308


def leading_bits(q):
    power = 5 ** abs(q)
    if q >= 0:
        shift = power.bit_length() - 128
        return power >> shift if shift > 0 else power << -shift
    # The smallest reciprocal that is not below 1 / 5^-q, cut to 128 bits.
    bits = (power - 1).bit_length()
    shift = bits + 127 if q >= -27 else 2 * bits + 128
    value = (1 << shift) // power + 1
    while value >= 1 << 128:
        value >>= 1
    return value


def main():
    pairs = []
    for q in range(FIRST, LAST + 1):
        value = leading_bits(q)
        assert value.bit_length() == 128, q
        pairs.append(f"0x{value >> 64:016x}, 0x{value & (2**64 - 1):016x},")
    lines = ["    " + " ".join(pairs[at:at + 2]) for at in range(0, len(pairs), 2)]
    text = f"""// SPDX-License-Identifier: Apache-2.0
// Written by scripts/generate-powers-of-five.py; do not edit.

/// The smallest and largest decimal exponents of `powersOfFive`.
let powersOfFiveRange = {FIRST}...{LAST}

/// The 128 leading bits of 5^q, high half first, for each q of `powersOfFiveRange`.
let powersOfFive: [UInt64] = [
"""
    path = pathlib.Path(__file__).resolve().parents[1] / "Sources/Base/Numbers/PowersOfFive.swift"
    path.write_text(text + "\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
