// SPDX-License-Identifier: Apache-2.0

/// Sixteen numbers side by side: one register of AVX-512, two of AVX2.
typealias Lanes = SIMD16<Float>

@inline(__always) func load(_ pointer: UnsafePointer<Float>) -> Lanes {
    // Safe because callers point at sixteen numbers, and any bits are a Float.
    unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
}

/// Writes the first `width` lanes, and nothing behind them.
@inline(__always) func store(_ lanes: Lanes, _ target: UnsafeMutablePointer<Float>, _ width: Int) {
    var place = UnsafeMutableRawPointer(target)
    // Safe because callers have room for `width` numbers at the target; so in all that follows.
    if width >= 16 { return unsafe place.storeBytes(of: lanes, as: Lanes.self) }
    var eight = lanes.lowHalf
    if width & 8 != 0 {
        unsafe place.storeBytes(of: eight, as: SIMD8<Float>.self)
        unsafe place += 32
        eight = lanes.highHalf
    }
    var four = eight.lowHalf
    if width & 4 != 0 {
        unsafe place.storeBytes(of: four, as: SIMD4<Float>.self)
        unsafe place += 16
        four = eight.highHalf
    }
    var two = four.lowHalf
    if width & 2 != 0 {
        unsafe place.storeBytes(of: two, as: SIMD2<Float>.self)
        unsafe place += 8
        two = four.highHalf
    }
    if width & 1 != 0 { unsafe place.storeBytes(of: two[0], as: Float.self) }
}
