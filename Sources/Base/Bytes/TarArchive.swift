// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no tar archive that is read here.
package enum TarError: Error, Equatable, CustomStringConvertible {
    case malformed(offset: Int)
    /// A link, a device, a directory with a name, or a header that extends another.
    case unsupportedEntry(name: String)
    case truncated

    package var description: String {
        switch self {
        case .malformed(let offset): "it is no tar archive at byte \(offset)"
        case .unsupportedEntry(let name):
            "'\(name)' is no plain file: pack files only, with 'tar --format=ustar'"
        case .truncated: "the archive ends before its end"
        }
    }
}

/// Plain files in a tar archive, written: the `ustar` form of POSIX.1-1988.
///
///     512 bytes   name 0..99, mode 100, uid 108, gid 116, size 124 (octal), mtime 136, checksum 148,
///                 type 156, magic "ustar" 257, version "00" 263
///     content, padded with zeros to a multiple of 512
///     1024 zeros  the end
package struct TarWriter {
    package private(set) var bytes: [UInt8] = []
    static let blockSize = 512
    /// Longer names would need the second field, which few archives have.
    package static let nameBytesMax = 100

    package init() {}

    /// - Parameter name: at most 100 bytes.
    package mutating func append(_ name: String, _ content: [UInt8]) {
        precondition(name.utf8.count <= Self.nameBytesMax, "the name has been checked")
        var header = [UInt8](repeating: 0, count: Self.blockSize)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { header[offset + index] = byte }
        }
        put(name.utf8, at: 0)
        put("0000644".utf8, at: 100)
        put("0000000".utf8, at: 108)
        put("0000000".utf8, at: 116)
        put(Self.octal(content.count, digits: 11).utf8, at: 124)
        put("00000000000".utf8, at: 136)
        put("        ".utf8, at: 148)
        header[156] = UInt8(ascii: "0")
        put("ustar\u{0}00".utf8, at: 257)
        let sum = header.reduce(0) { $0 + Int($1) }
        put((Self.octal(sum, digits: 6) + "\u{0} ").utf8, at: 148)
        bytes += header
        bytes += content
        bytes += [UInt8](
            repeating: 0, count: (Self.blockSize - content.count % Self.blockSize) % Self.blockSize)
    }

    package mutating func end() { bytes += [UInt8](repeating: 0, count: 2 * Self.blockSize) }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

/// Plain files in a tar archive, read piece by piece as it comes.
package struct TarReader {
    package enum Event: Equatable {
        case file(name: String, size: Int)
        /// Bytes of the file, by their place in the piece.
        case content(Range<Int>)
        case endOfFile
    }

    private enum State {
        case header
        case content(left: Int, padding: Int)
        case padding(left: Int)
        case ended
    }

    private var state = State.header
    private var header: [UInt8] = []
    private var position = 0

    package init() { header.reserveCapacity(TarWriter.blockSize) }

    /// The next event in `piece`, of which `offset` bytes are used up; nil: the piece is used up.
    package mutating func next(
        in piece: Span<UInt8>, from offset: inout Int
    ) throws(TarError) -> Event? {
        while true {
            switch state {
            case .content(left: 0, let padding):
                state = .padding(left: padding)
                return .endOfFile
            case .padding(left: 0): state = .header
            case .content(let left, let padding):
                let count = min(left, piece.count - offset)
                if count == 0 { return nil }
                let range = offset..<offset + count
                advance(count, &offset)
                state = .content(left: left - count, padding: padding)
                return .content(range)
            case .padding(let left):
                let count = min(left, piece.count - offset)
                if count == 0 { return nil }
                advance(count, &offset)
                state = .padding(left: left - count)
            case .header:
                while header.count < TarWriter.blockSize {
                    if offset == piece.count { return nil }
                    header.append(piece[offset])
                    advance(1, &offset)
                }
                defer { header.removeAll(keepingCapacity: true) }
                if let event = try begin() { return event }
            case .ended:
                // What follows the first empty block is zeros, as many as the writer's blocking wants.
                if offset == piece.count { return nil }
                guard piece[offset] == 0 else { throw .malformed(offset: position) }
                advance(1, &offset)
            }
        }
    }

    /// - Throws: `truncated` when the archive has not come to its end.
    package func finish() throws(TarError) {
        guard case .ended = state else { throw .truncated }
    }

    private mutating func advance(_ count: Int, _ offset: inout Int) {
        offset += count
        position += count
    }

    private mutating func begin() throws(TarError) -> Event? {
        let start = position - TarWriter.blockSize
        if header.allSatisfy({ $0 == 0 }) {
            state = .ended
            return nil
        }
        guard header[257..<262].elementsEqual("ustar".utf8), let size = octal(124..<136),
            let stated = octal(148..<156), stated == checksum
        else { throw .malformed(offset: start) }
        let text = header[0..<100].prefix { $0 != 0 }
        guard var name = String(validating: text, as: UTF8.self) else { throw .malformed(offset: start) }
        if name.hasPrefix("./") { name.removeFirst(2) }
        // The directory itself, which `tar c .` begins with.
        if header[156] == UInt8(ascii: "5"), name.isEmpty || name == ".", size == 0 { return nil }
        guard header[156] == UInt8(ascii: "0") || header[156] == 0, header[345] == 0 else {
            throw .unsupportedEntry(name: name)
        }
        let rest = size % TarWriter.blockSize
        state = .content(left: size, padding: rest == 0 ? 0 : TarWriter.blockSize - rest)
        return .file(name: name, size: size)
    }

    /// Each byte added up, those of the sum itself as blanks.
    private var checksum: Int {
        header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    }

    private func octal(_ range: Range<Int>) -> Int? {
        let digits = header[range].drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }
}
