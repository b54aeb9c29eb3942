// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import ModelFormat
import Testing

/// Native files read in one pass are what `NativeModel.read` makes of their bytes; all else is left to it.
@Suite struct NativeModelFileTests {
    private func file(_ bytes: [UInt8], in directory: ScratchDirectory) throws -> FileDescriptor {
        try AtomicFile.write(bytes.span, to: directory.path + "/model.safetensors")
        // Safe because the string lives for the call.
        return FileDescriptor(
            owning: unsafe open(directory.path + "/model.safetensors", O_RDONLY | O_CLOEXEC))
    }

    @Test(arguments: 0..<Graphs.all.count)
    func everyKindOfGraph_comesBackTheSame(index: Int) throws {
        let bytes = try NativeModel.write(Graphs.all[index].graph)
        let directory = ScratchDirectory()
        let native = try #require(NativeModelFile(reading: try file(bytes, in: directory)))
        #expect(native.size == bytes.count)
        #expect(native.sha256 == SHA256.digest(of: bytes.span).hexadecimal)
        #expect(try NativeModel.write(try native.graph()) == bytes)
    }

    @Test func damagedFiles_areLeftToTheReaderThatSaysWhy() throws {
        let whole = try NativeModel.write(Graphs.trees)
        let directory = ScratchDirectory()
        for count in [0, 7, 8, 100, whole.count / 2, whole.count - 1] {
            #expect(NativeModelFile(reading: try file(Array(whole[..<count]), in: directory)) == nil)
        }
        #expect(NativeModelFile(reading: try file(whole + [0], in: directory)) == nil)
        for place in stride(from: 0, to: whole.count, by: 97) {
            var bytes = whole
            bytes[place] ^= 0x10
            #expect(NativeModelFile(reading: try file(bytes, in: directory)) == nil, "byte \(place)")
        }
    }
}
