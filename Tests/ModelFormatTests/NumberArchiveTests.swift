// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ModelFormat

@Suite struct NumberArchiveTests {
    private var archive: NumberArchive {
        var archive = NumberArchive()
        archive.facts = ["algorithm": "gbdt", "step": "7", "odd": "\"\\\n"]
        archive.float64 = ["a": [1, .infinity, -0.5], "empty": []]
        archive.float32 = ["b": [1.5]]
        archive.int64 = ["c": [.min, .max]]
        archive.uint8 = ["d": [0, 255, 1]]
        return archive
    }

    @Test func itIsReadAsItWasWritten() throws {
        let bytes = try archive.bytes()
        #expect(try NumberArchive(bytes.span) == archive)
        #expect(try archive.bytes() == bytes)
    }

    @Test func anyChangedByte_isNoticed() throws {
        let bytes = try archive.bytes()
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: FormatError.self) { try NumberArchive(changed.span) }
        }
        for count in [0, 8, 100, bytes.count - 1] {
            let cut = Array(bytes.prefix(count))
            #expect(throws: FormatError.self) { try NumberArchive(cut.span) }
        }
    }

    @Test func itIsNoModel() throws {
        let bytes = try archive.bytes()
        #expect(throws: FormatError.self) { try NativeModel.read(bytes.span) }
    }
}
