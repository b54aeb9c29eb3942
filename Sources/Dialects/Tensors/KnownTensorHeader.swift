// SPDX-License-Identifier: Apache-2.0
internal import Base

/// How the last tensor began, from its first key to its data, to be known again by its bytes: a client sends
/// the same name, type and shape with each of its requests, and what they say depends on their bytes alone.
///
/// State: owned by one thread's dialect.
final class KnownTensorHeader {
    private var bytes = KnownBytes(byteCountMax: 512)
    private var header: TensorHeader?

    /// Reads over the bytes when they come next in an object that has just begun; then its data come next.
    func take(from reader: inout JSONReader) -> TensorHeader? {
        let text = bytes
        return reader.skipMembers(text.span) ? header : nil
    }

    /// - Parameter text: from behind the object's brace to behind the colon of `data`; it says no more than
    ///   `header` does.
    func remember(_ text: Span<UInt8>, _ header: TensorHeader) {
        if bytes.remember(text) { self.header = header }
    }
}
