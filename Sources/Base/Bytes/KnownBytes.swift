// SPDX-License-Identifier: Apache-2.0

/// The bytes of something that was read last, to be known again when they come next: what was made of them
/// need not be made anew.
public struct KnownBytes: Sendable {
    /// More bytes are not remembered: what is kept from request to request may not hold much memory.
    private let byteCountMax: Int
    private var bytes: [UInt8] = []

    public init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    /// Empty when nothing is remembered.
    public var span: Span<UInt8> { bytes.span }

    /// Remembers `text` in place of what there was. False when it is too long; then nothing is remembered.
    public mutating func remember(_ text: Span<UInt8>) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        guard text.count <= byteCountMax else { return false }
        bytes.append(addingCapacity: text.count) { room in
            for index in text.indices { room.append(text[index]) }
        }
        return true
    }

    /// Whether these bytes stand at `position` of `text`; false when nothing is remembered.
    public func isNext(in text: Span<UInt8>, at position: Int) -> Bool {
        let count = bytes.count
        guard count > 0, text.count - position >= count else { return false }
        return text.extracting(position..<position + count).hasSameBytes(as: bytes.span)
    }
}
