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

#if _endian(big)
    #error("numbers are copied here as they lie in little-endian bytes")
#endif

extension Array where Element: BitwiseCopyable {
    /// The numbers whose little-endian bytes follow one another in `bytes`; a rest that is no whole number is
    /// left out.
    package init(littleEndian bytes: Span<UInt8>, as type: Element.Type) {
        let count = bytes.count / MemoryLayout<Element>.stride
        // Safe because the closure initialises as many numbers as it says.
        self = unsafe Array(unsafeUninitializedCapacity: count) { numbers, initialized in
            // Safe because the array has room for so many numbers, whose bytes are there, and the closure
            // only copies them.
            unsafe bytes.withUnsafeBytes { source in
                let whole = unsafe UnsafeRawBufferPointer(
                    rebasing: source[0..<count * MemoryLayout<Element>.stride])
                unsafe UnsafeMutableRawBufferPointer(numbers).copyMemory(from: whole)
            }
            initialized = count
        }
    }
}
