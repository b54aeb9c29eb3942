// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text of `bytes`, or nil when they are not valid UTF-8.
    package init?(validating bytes: Span<UInt8>) {
        // Safe because the bytes are copied before the closure ends.
        let text = unsafe bytes.withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) }
        guard let text else { return nil }
        self = text
    }

    /// The text of `bytes`, which our own code wrote as UTF-8; anything else becomes U+FFFD.
    package init(copying bytes: Span<UInt8>) {
        // Safe because the bytes are copied before the closure ends.
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension Array where Element == UInt8 {
    /// A copy of `bytes`.
    package init(copying bytes: Span<UInt8>) {
        // Safe because the bytes are copied before the closure ends.
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
