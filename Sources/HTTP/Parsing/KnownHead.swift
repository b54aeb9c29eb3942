// SPDX-License-Identifier: Apache-2.0
import Base

/// The head that a parser read last, to be known again by its bytes: most clients send the same head with
/// each request, and what a head says depends on its bytes and the parser's limits alone.
struct KnownHead: Sendable {
    /// Longer heads are read anew each time: a spare parser may not hold much memory.
    static let byteCountMax = 1_024

    /// What the bytes say. While the parser works with it, what that worked with before.
    var head = RequestHead()
    private var bytes: [UInt8] = []

    /// Remembers the bytes of a head that was read. False when they are too many.
    mutating func remember(_ text: Span<UInt8>) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        guard text.count <= Self.byteCountMax else { return false }
        bytes.append(addingCapacity: text.count) { room in
            for index in text.indices { room.append(text[index]) }
        }
        return true
    }

    /// Whether these bytes come next.
    func isNext(in text: Span<UInt8>, at position: Int) -> Bool {
        let count = bytes.count
        guard count > 0, text.count - position >= count else { return false }
        return text.extracting(position..<position + count).hasSameBytes(as: bytes.span)
    }
}
