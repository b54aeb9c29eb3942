// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography

/// The outer layer of a native file: a safetensors file with a digest, alignment and no slack.
///
/// Layout and rules: docs/reference/model-format.md. The container knows tensors and metadata, not what they
/// mean.
enum Container {
    /// The header's length field.
    static let lengthSize = 8
    /// safetensors' own limit.
    static let headerSizeMax = 100_000_000
    /// Tensors start on cache lines, so that kernels may use them where they lie.
    static let alignment = 64
    static let shapeSizeMax = 8
    /// What every native file begins with after the length; the digest's digits follow.
    static let prefix = Array(#"{"__metadata__":{"modeld.digest":""#.utf8)
    static let digestRange = 42..<106
    static let paddingPrefix = "_pad."
    /// Tensors that a reader may ignore.
    static let optionalPrefix = "extra."

    /// One tensor as the header describes it; `range` is in bytes of the file.
    struct Entry: Equatable {
        var name: String
        var type: TensorType
        var shape: [Int]
        var range: Range<Int>
    }

    /// True when `bytes` begin like a native file; nothing is said about the rest.
    static func begins(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= lengthSize + prefix.count else { return false }
        for index in 0..<prefix.count where bytes[lengthSize + index] != prefix[index] { return false }
        return true
    }

    /// The digest of the whole file, its own 64 digits read as `0`.
    static func digest(of bytes: Span<UInt8>) -> Digest {
        let zeros = [UInt8](repeating: 48, count: digestRange.count)
        var sha = SHA256()
        sha.update(bytes.extracting(0..<digestRange.lowerBound))
        sha.update(zeros.span)
        sha.update(bytes.extracting(digestRange.upperBound..<bytes.count))
        return sha.finish()
    }

    static func padding(after offset: Int) -> Int { (alignment - offset % alignment) % alignment }
}
