// SPDX-License-Identifier: Apache-2.0
import Base
import CZlib

/// The files of a zip archive in memory (PKWARE's APPNOTE 6.3): stored and deflated ones, up to 4 GiB; no
/// encryption, no archive in several parts, no zip64.
///
///     file 0: local header (30 bytes, name, extra field), data
///     file 1: …
///     directory: an entry a file (46 bytes, name, extra field, comment)
///     end record (22 bytes, comment): how many entries, where the directory is
///
/// The directory decides; local headers are read only to find where data begins.
package struct ZipArchive: Sendable {
    package struct Entry: Sendable, Equatable {
        package var name: String
        /// Bytes of the file itself.
        package var size: Int
        fileprivate var storedSize: Int
        fileprivate var headerOffset: Int
        fileprivate var isDeflated: Bool
        fileprivate var checksum: UInt32
    }

    package private(set) var entries: [Entry] = []

    package static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    private static let endSize = 22
    private static let entrySize = 46
    private static let headerSize = 30
    /// Memory that is taken on the directory's word alone.
    private static let firstCapacity = 1 << 16

    /// Reads the directory of the archive that is all of `bytes`; names are unique.
    package init(_ bytes: Span<UInt8>) throws(ZipError) {
        let end = try ZipArchive.findEnd(bytes)
        let count = Int(bytes.number16(end + 10))
        let size = Int(bytes.number32(end + 12))
        let start = Int(bytes.number32(end + 16))
        if bytes.number16(end + 4) != 0 || bytes.number16(end + 6) != 0 || bytes.number16(end + 8) != count {
            throw .unsupported(reason: "it has several parts")
        }
        if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
            throw .unsupported(reason: "it is in the zip64 form")
        }
        guard start <= end, size <= end - start else {
            throw .malformed(reason: "its directory lies outside of it")
        }
        var names: Set<String> = []
        var offset = start
        for _ in 0..<count {
            let entry = try ZipArchive.readEntry(bytes, &offset, limit: start + size)
            if !names.insert(entry.name).inserted {
                throw .malformed(reason: "\"\(entry.name)\" is in it twice")
            }
            entries.append(entry)
        }
        if offset != start + size { throw .malformed(reason: "its directory has bytes left over") }
    }

    /// The end record is the last thing in the file, but for a comment of up to 65,535 bytes.
    private static func findEnd(_ bytes: Span<UInt8>) throws(ZipError) -> Int {
        var offset = bytes.count - endSize
        while offset >= 0, offset >= bytes.count - endSize - 0xFFFF {
            if bytes.number32(offset) == 0x0605_4B50,
                offset + endSize + Int(bytes.number16(offset + 20)) == bytes.count
            {
                return offset
            }
            offset -= 1
        }
        throw .malformed(reason: "it has no end record; it may be cut off")
    }

    private static func readEntry(
        _ bytes: Span<UInt8>, _ offset: inout Int, limit: Int
    ) throws(ZipError) -> Entry {
        guard limit - offset >= entrySize, bytes.number32(offset) == 0x0201_4B50 else {
            throw .malformed(reason: "its directory breaks off")
        }
        let nameStart = offset + entrySize
        let nameCount = Int(bytes.number16(offset + 28))
        let rest = Int(bytes.number16(offset + 30)) + Int(bytes.number16(offset + 32))
        guard limit - nameStart >= nameCount + rest else {
            throw .malformed(reason: "its directory breaks off")
        }
        guard let name = String(validating: bytes.extracting(nameStart..<nameStart + nameCount)) else {
            throw .malformed(reason: "a name is not UTF-8")
        }
        let method = bytes.number16(offset + 10)
        if bytes.number16(offset + 8) & 1 != 0 { throw .unsupported(reason: "\(name) is encrypted") }
        if method != 0 && method != 8 {
            throw .unsupported(reason: "\(name) is compressed by method \(method)")
        }
        let (stored, size) = (bytes.number32(offset + 20), bytes.number32(offset + 24))
        let header = bytes.number32(offset + 42)
        if stored == .max || size == .max || header == .max {
            throw .unsupported(reason: "\(name) is in the zip64 form")
        }
        let entry = Entry(
            name: name, size: Int(size), storedSize: Int(stored), headerOffset: Int(header),
            isDeflated: method == 8, checksum: bytes.number32(offset + 16))
        offset = nameStart + nameCount + rest
        return entry
    }

    private static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        // Safe because zlib only reads the bytes during the call.
        unsafe bytes.withUnsafeBufferPointer {
            unsafe UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count))
        }
    }

    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }

    /// The bytes of `entry`, whose checksum is checked.
    ///
    /// - Parameter limit: the most bytes that may come out.
    package func contents(
        of entry: Entry, in bytes: Span<UInt8>, limit: Int
    ) throws(ZipError) -> ByteBuffer {
        if entry.size > limit { throw .tooLarge(limit: limit) }
        let data = try data(of: entry, in: bytes)
        var contents = ByteBuffer(capacity: min(entry.size, ZipArchive.firstCapacity))
        if entry.isDeflated {
            let limits = InflateLimits(outputBytesMax: entry.size)
            do {
                try Inflater.inflate(data, .raw, limits: limits, into: &contents)
            } catch {
                throw .compression(name: entry.name, error)
            }
        } else {
            contents.append(data)
        }
        if contents.count != entry.size || ZipArchive.checksum(contents.bytes) != entry.checksum {
            throw .damaged(name: entry.name)
        }
        return contents
    }

    @_lifetime(copy bytes)
    private func data(of entry: Entry, in bytes: Span<UInt8>) throws(ZipError) -> Span<UInt8> {
        let header = entry.headerOffset
        guard bytes.count - header >= ZipArchive.headerSize, bytes.number32(header) == 0x0403_4B50 else {
            throw .malformed(reason: "\(entry.name) is not where the directory says")
        }
        let start =
            header + ZipArchive.headerSize + Int(bytes.number16(header + 26))
            + Int(bytes.number16(header + 28))
        guard start <= bytes.count, entry.storedSize <= bytes.count - start else {
            throw .malformed(reason: "\(entry.name) lies outside of it")
        }
        return bytes.extracting(start..<start + entry.storedSize)
    }
}

extension Span<UInt8> {
    /// Little-endian numbers; the caller has checked that the bytes are there.
    fileprivate func number16(_ offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    }

    fileprivate func number32(_ offset: Int) -> UInt32 {
        UInt32(number16(offset)) | UInt32(number16(offset + 2)) << 16
    }
}
