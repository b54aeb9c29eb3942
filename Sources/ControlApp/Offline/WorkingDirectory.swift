// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where the program was started.
enum WorkingDirectory {
    /// Nil when it has been removed, say.
    static var path: String? {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        // Safe because getcwd writes at most the array's count of bytes, and ends them with a zero.
        guard unsafe getcwd(&text, text.count) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
