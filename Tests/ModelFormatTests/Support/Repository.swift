// SPDX-License-Identifier: Apache-2.0
import TestKit

/// Files of the repository that tests read, by their paths from its root.
enum Repository {
    static func path(_ relative: String) -> String { "\(Fixtures.repository)/\(relative)" }

    static func bytes(_ relative: String) throws -> [UInt8] {
        try Fixtures.contents(ofFile: path(relative))
    }

    static func text(_ relative: String) throws -> String {
        String(decoding: try bytes(relative), as: UTF8.self)
    }

    /// The sorted names in a directory, without dot-names; empty when there is none.
    static func names(in relative: String) -> [String] {
        (try? Fixtures.names(inDirectory: path(relative))) ?? []
    }
}
