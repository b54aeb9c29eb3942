// SPDX-License-Identifier: Apache-2.0

/// Which of `count` columns a term is counted in, and with which sign: MurmurHash3 (x86, 32 bits, seed 0),
/// read as scikit-learn's FeatureHasher and HashingVectorizer do.
struct TermHash {
    let index: Int
    let sign: Double

    init(_ term: Span<UInt8>, count: Int) {
        let hash = Int(Int32(bitPattern: TermHash.murmur3(term)))
        index = abs(hash) % count
        sign = hash < 0 ? -1 : 1
    }

    static func murmur3(_ bytes: Span<UInt8>) -> UInt32 {
        var hash: UInt32 = 0
        let blockCount = bytes.count / 4
        for block in 0..<blockCount {
            var word: UInt32 = 0
            for position in 0..<4 { word |= UInt32(bytes[block * 4 + position]) << UInt32(8 * position) }
            hash ^= scramble(word)
            hash = rotate(hash, 13) &* 5 &+ 0xE654_6B64
        }
        var rest: UInt32 = 0
        for position in 0..<bytes.count % 4 {
            rest |= UInt32(bytes[blockCount * 4 + position]) << UInt32(8 * position)
        }
        hash ^= scramble(rest)
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
        hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
        return hash ^ hash >> 16
    }

    private static func scramble(_ word: UInt32) -> UInt32 {
        rotate(word &* 0xCC9E_2D51, 15) &* 0x1B87_3593
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }
}
