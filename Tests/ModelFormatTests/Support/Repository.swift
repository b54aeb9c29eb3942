// SPDX-License-Identifier: Apache-2.0
import Base

/// Files of the repository that tests read, found relative to this file.
enum Repository {
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/")
    }()

    static func path(_ relative: String) -> String { root + "/" + relative }

    static func bytes(_ relative: String) throws -> [UInt8] {
        try File.read(path(relative), limit: 1 << 24)
    }

    static func text(_ relative: String) throws -> String {
        String(decoding: try bytes(relative), as: UTF8.self)
    }

    /// The sorted names in a directory, without dot-names; empty when there is none.
    static func names(in relative: String) -> [String] {
        ScratchDirectory.names(in: path(relative)).filter { !$0.hasPrefix(".") }
    }
}
