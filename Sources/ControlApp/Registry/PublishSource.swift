// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import Registry

/// A file of this machine that becomes a file of a version.
struct PublishSource {
    /// In the version.
    var name: String
    var path: String

    /// The files, and those of the directories, without dot-names.
    static func list(_ paths: [String]) throws(ControlError) -> [PublishSource] {
        var sources: [PublishSource] = []
        for path in paths {
            do {
                if try FileFacts(of: path).kind == .directory {
                    for case let name? in try Directory.names(in: path) where !name.hasPrefix(".") {
                        sources.append(PublishSource(name: name, path: "\(path)/\(name)"))
                    }
                } else {
                    let name = path.split(separator: "/").last.map { String($0) } ?? path
                    sources.append(PublishSource(name: name, path: path))
                }
            } catch {
                throw .unreadable(error)
            }
        }
        return sources
    }

    /// All of the file, for one that is sent.
    func bytes() throws(ControlError) -> [UInt8] {
        do {
            return try File.read(path, limit: 1 << 31)
        } catch {
            throw .unreadable(error)
        }
    }

    /// Copies the file piece by piece, so that its size does not matter.
    func copy(into staging: VersionStaging) throws {
        let input = try InputStream(path)
        try staging.begin(name)
        while let piece = try read(input) { try staging.write(piece.span) }
        _ = try staging.end()
    }

    private func read(_ input: InputStream) throws(ControlError) -> [UInt8]? {
        guard let piece = try? input.read() else {
            throw .unreadable(input.failure ?? SystemError("read", on: path, code: EIO))
        }
        return piece.isEmpty ? nil : piece
    }
}
