// SPDX-License-Identifier: Apache-2.0

/// A point on the line from 0 to 1 on which a split gives each version its share, as a fraction of 2^64:
/// docs/reference/model-policy.md, "Which version answers".
package enum SplitPoint {
    /// 2^64 over the golden ratio: multiples of it, modulo 2^64, lie on the line as evenly as can be.
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Of the n-th request that is assigned anew.
    package static func ofRequest(_ number: UInt64) -> UInt64 { number &* step }

    /// Of the requests that belong together by `key`: FNV-1a, mixed, the same on every daemon.
    package static func ofKey(_ key: Span<UInt8>, model: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in model.utf8 { hash = (hash ^ UInt64(byte)) &* prime }
        hash = hash &* prime
        for index in key.indices { hash = (hash ^ UInt64(key[index])) &* prime }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }

    private static let prime: UInt64 = 0x0000_0100_0000_01B3

    /// The point below which `part` of `whole` lies; `whole` is not 0.
    static func limit(_ part: Int, of whole: Int) -> UInt64 {
        guard part < whole else { return .max }
        return UInt64(whole).dividingFullWidth((UInt64(max(part, 0)), 0)).quotient
    }
}
