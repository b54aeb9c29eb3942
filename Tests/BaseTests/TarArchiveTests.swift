// SPDX-License-Identifier: Apache-2.0
import Base
import Foundation
import TestKit
import Testing

@Suite struct TarArchiveTests {
    private struct File: Equatable {
        var name: String
        var bytes: [UInt8]
    }

    private func read(_ archive: [UInt8], pieces: Int) throws(TarError) -> [File] {
        var reader = TarReader()
        var files: [File] = []
        var isOpen = false
        for start in stride(from: 0, to: archive.count, by: pieces) {
            let piece = Array(archive[start..<min(start + pieces, archive.count)])
            var offset = 0
            while let event = try reader.next(in: piece.span, from: &offset) {
                switch event {
                case .file(let name, _):
                    files.append(File(name: name, bytes: []))
                    isOpen = true
                case .content(let range): files[files.count - 1].bytes += piece[range]
                case .endOfFile: isOpen = false
                }
            }
        }
        try reader.finish()
        #expect(!isOpen)
        return files
    }

    private let files = [
        File(name: "model.json", bytes: Array("{}".utf8)), File(name: "empty", bytes: []),
        File(name: "block", bytes: [UInt8](repeating: 7, count: 512)),
        File(name: String(repeating: "n", count: 100), bytes: [UInt8](repeating: 9, count: 1000)),
    ]

    private func written() -> [UInt8] {
        var writer = TarWriter()
        for file in files { writer.append(file.name, file.bytes) }
        writer.end()
        return writer.bytes
    }

    @Test(arguments: [1, 7, 511, 512, 513, 100_000])
    func whatIsWritten_isReadInPiecesOfAnySize(_ pieces: Int) throws {
        #expect(try read(written(), pieces: pieces) == files)
    }

    /// GNU tar reads what is written here, and the other way round, in each of its plain forms.
    @Test func theSystemsTar_agrees() throws {
        try TemporaryDirectory.with { directory in
            let archive = URL(filePath: "\(directory.path)/a.tar")
            try Data(written()).write(to: archive)
            try tar(["xf", archive.path, "-C", directory.path])
            for file in files {
                #expect(
                    try Array(Data(contentsOf: URL(filePath: "\(directory.path)/\(file.name)"))) == file.bytes
                )
            }
            for form in ["ustar", "gnu"] {
                let packed = "\(directory.path)/\(form)"
                try tar(["cf", packed, "--format=\(form)", "-C", directory.path] + files.map(\.name))
                #expect(try read(Array(try Data(contentsOf: URL(filePath: packed))), pieces: 1000) == files)
            }
        }
    }

    private func tar(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/tar")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func archivesThatAreNone_areRefused() throws {
        let good = written()
        #expect(throws: TarError.truncated) { try read(Array(good.dropLast(1024)), pieces: 100) }
        #expect(throws: TarError.truncated) { try read([], pieces: 1) }
        var broken = good
        broken[0] ^= 1
        #expect(throws: TarError.malformed(offset: 0)) { try read(broken, pieces: 100) }
        for (type, name) in [
            (UInt8(ascii: "2"), "link"), (UInt8(ascii: "5"), "directory"), (UInt8(ascii: "x"), "pax"),
        ] {
            var header = Array(good[..<512])
            let old = Int(header[156])
            header[156] = type
            let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(header[$1])) }
            #expect(old != Int(type))
            let digits = String(sum, radix: 8)
            let octal = String(repeating: "0", count: 6 - digits.utf8.count) + digits
            for (index, byte) in octal.utf8.enumerated() { header[148 + index] = byte }
            #expect(throws: TarError.unsupportedEntry(name: "model.json"), "\(name)") {
                try read(header, pieces: 512)
            }
        }
        #expect(throws: TarError.self) { try read(good + [1], pieces: 100) }
    }
}
