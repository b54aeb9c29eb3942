// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A second name for a file.
package enum HardLink {
    /// Gives the file behind `source` the name `target`, too; where that cannot be (another file system, no
    /// right to link), the bytes are copied.
    ///
    /// - Throws: `SystemError`; `EEXIST` when the name is taken.
    package static func make(from source: String, to target: String) throws(SystemError) {
        // Safe because both strings are passed as C strings that live for the call.
        if unsafe linkat(AT_FDCWD, source, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0 { return }
        guard errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP else {
            throw SystemError("link", on: target)
        }
        let bytes = try File.read(source, limit: 16 << 30)
        try AtomicFile.write(bytes.span, to: target)
    }

    /// Gives a finished file its final name; false when somebody else was first.
    package static func commit(_ source: String, as target: String) throws(SystemError) -> Bool {
        // Safe because both strings are passed as C strings that live for the call.
        if unsafe link(source, target) == 0 { return true }
        if errno == EEXIST { return false }
        throw SystemError("link", on: target)
    }
}
