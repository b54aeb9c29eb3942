// SPDX-License-Identifier: Apache-2.0
import Base
import Compression
import Testing

@Suite struct ZipArchiveTests {
    /// Two files made by Python's zipfile: `a.txt` stored ("hello"), `b/c.txt` deflated (200 times "ab").
    static let archive: [UInt8] = fromHexadecimal(
        """
        504b03041400000000000000210086a61036050000000500000005000000612e74787468656c6c6f504b030414000000
        080000002100ca341001090000009001000007000000622f632e7478744b4c4a1c8583080200504b0102140314000000
        00000000210086a610360500000005000000050000000000000000000000800100000000612e747874504b0102140314
        000000080000002100ca3410010900000090010000070000000000000000000000800128000000622f632e747874504b
        0506000000000200020068000000560000000000
        """)

    static func fromHexadecimal(_ text: String) -> [UInt8] {
        let digits = text.filter { !$0.isWhitespace }.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private func contents(_ bytes: [UInt8], _ name: String, limit: Int = 1 << 20) throws -> [UInt8] {
        let archive = try ZipArchive(bytes.span)
        let entry = try #require(archive[name])
        let contents = try archive.contents(of: entry, in: bytes.span, limit: limit)
        return (0..<contents.count).map { contents.bytes[$0] }
    }

    @Test func storedAndDeflatedFiles_areRead() throws {
        let archive = try ZipArchive(ZipArchiveTests.archive.span)
        #expect(archive.entries.map(\.name) == ["a.txt", "b/c.txt"])
        #expect(try contents(ZipArchiveTests.archive, "a.txt") == Array("hello".utf8))
        #expect(
            try contents(ZipArchiveTests.archive, "b/c.txt")
                == Array(String(repeating: "ab", count: 200).utf8))
    }

    @Test func aLimit_isKept() {
        #expect(throws: ZipError.tooLarge(limit: 399)) {
            try contents(ZipArchiveTests.archive, "b/c.txt", limit: 399)
        }
    }

    @Test func everyTruncation_isRefused() {
        for length in 0..<ZipArchiveTests.archive.count {
            let part = Array(ZipArchiveTests.archive[..<length])
            #expect(throws: ZipError.self) { try ZipArchive(part.span) }
        }
    }

    /// A flipped bit is found by the checksum, by the layout, or lies where nobody looks (dates, versions):
    /// never do other bytes come out, and never does it trap.
    @Test func flippedBits_neverChangeContents() {
        let whole = ZipArchiveTests.archive
        var bytes = whole
        for bit in 0..<whole.count * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if let archive = try? ZipArchive(bytes.span) {
                for entry in archive.entries {
                    guard let found = try? contents(bytes, entry.name) else { continue }
                    #expect(found.count == 5 || found.count == 400, "bit \(bit)")
                }
            }
            bytes[bit / 8] = whole[bit / 8]
        }
    }

    struct Defect: Sendable, CustomTestStringConvertible {
        var name: String
        /// Counted from the end record at the end of the file, or from the directory's first entry.
        var isInEnd: Bool
        var offset: Int
        var bytes: [UInt8]
        var testDescription: String { name }
    }

    static let defects = [
        Defect(name: "two parts", isInEnd: true, offset: 4, bytes: [1, 0]),
        Defect(name: "more entries than there are", isInEnd: true, offset: 8, bytes: [3, 0, 3, 0]),
        Defect(name: "fewer entries than there are", isInEnd: true, offset: 8, bytes: [1, 0, 1, 0]),
        Defect(name: "zip64", isInEnd: true, offset: 16, bytes: [255, 255, 255, 255]),
        Defect(name: "directory outside", isInEnd: true, offset: 16, bytes: [255, 255, 0, 0]),
        Defect(name: "encrypted", isInEnd: false, offset: 8, bytes: [1, 0]),
        Defect(name: "unknown method", isInEnd: false, offset: 10, bytes: [99, 0]),
        Defect(name: "zip64 size", isInEnd: false, offset: 24, bytes: [255, 255, 255, 255]),
        Defect(name: "name beyond the directory", isInEnd: false, offset: 28, bytes: [255, 255]),
        Defect(name: "name that is not UTF-8", isInEnd: false, offset: 46, bytes: [255]),
        Defect(name: "no signature of an entry", isInEnd: false, offset: 0, bytes: [0]),
    ]

    @Test(arguments: defects) func aDefectOfTheDirectory_isRefused(defect: Defect) {
        var bytes = ZipArchiveTests.archive
        let end = bytes.count - 22
        let directory = Int(bytes[end + 16]) | Int(bytes[end + 17]) << 8
        let start = (defect.isInEnd ? end : directory) + defect.offset
        for (index, byte) in defect.bytes.enumerated() { bytes[start + index] = byte }
        #expect(throws: ZipError.self) { try ZipArchive(bytes.span) }
    }

    @Test func aDamagedFile_isNamed() {
        var bytes = ZipArchiveTests.archive
        // The first letter of "hello", behind the local header and its name.
        bytes[30 + 5] ^= 1
        #expect(throws: ZipError.damaged(name: "a.txt")) { try contents(bytes, "a.txt") }
    }

    @Test func twoFilesOfOneName_areRefused() {
        var bytes = ZipArchiveTests.archive
        let end = bytes.count - 22
        let directory = Int(bytes[end + 16]) | Int(bytes[end + 17]) << 8
        let second = directory + 46 + 5
        // The second entry takes the first's name length and the rest of its name as extra field.
        for (index, byte) in Array("a.txt".utf8).enumerated() { bytes[second + 46 + index] = byte }
        bytes[second + 28] = 5
        bytes[second + 30] = 2
        #expect(throws: ZipError.malformed(reason: "\"a.txt\" is in it twice")) {
            try ZipArchive(bytes.span)
        }
    }

    /// A claim of 4 GiB from 10 bytes takes no memory on its word.
    @Test func anImpossibleSize_isRefused() {
        var bytes = ZipArchiveTests.archive
        let end = bytes.count - 22
        let directory = Int(bytes[end + 16]) | Int(bytes[end + 17]) << 8
        let second = directory + 46 + 5
        for index in 0..<4 { bytes[second + 24 + index] = 0xFE }
        #expect(throws: ZipError.damaged(name: "b/c.txt")) { try contents(bytes, "b/c.txt", limit: .max) }
    }
}
