// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import ModelFormat
import TestKit
import Testing

/// Native files read in one pass are what `NativeModel.read` makes of their bytes; all else is left to it.
@Suite struct NativeModelFileTests {
    private func file(_ bytes: [UInt8], in directory: TemporaryDirectory) throws -> FileDescriptor {
        try FileDescriptor(reading: try directory.write(bytes, to: "model.safetensors"))
    }

    @Test(arguments: 0..<Graphs.all.count)
    func everyKindOfGraph_comesBackTheSame(index: Int) throws {
        let bytes = try NativeModel.write(Graphs.all[index].graph)
        try TemporaryDirectory.with { directory in
            let found = NativeModelFile(reading: try file(bytes, in: directory))
            let native = try #require(found)
            #expect(native.size == bytes.count)
            #expect(native.sha256 == SHA256.digest(of: bytes.span).hexadecimal)
            #expect(try NativeModel.write(try native.graph()) == bytes)
        }
    }

    @Test func damagedFiles_areLeftToTheReaderThatSaysWhy() throws {
        let whole = try NativeModel.write(Graphs.trees)
        try TemporaryDirectory.with { directory in
            for count in [0, 7, 8, 100, whole.count / 2, whole.count - 1] {
                let native = NativeModelFile(reading: try file(Array(whole[..<count]), in: directory))
                #expect(native == nil, "\(count) bytes")
            }
            let longer = NativeModelFile(reading: try file(whole + [0], in: directory))
            #expect(longer == nil)
            for place in stride(from: 0, to: whole.count, by: 97) {
                var bytes = whole
                bytes[place] ^= 0x10
                let native = NativeModelFile(reading: try file(bytes, in: directory))
                #expect(native == nil, "byte \(place)")
            }
        }
    }
}
