// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A new directory for one test; what is left in it is removed with it.
final class ScratchDirectory {
    let path: String

    init() {
        path = "/tmp/modeld-test-\(UInt64.random(in: .min ... .max))"
        // Safe because the string is passed as a C string that lives for the call; so everywhere below.
        let made = unsafe mkdir(path, 0o700)
        precondition(made == 0, "no scratch directory")
    }

    deinit {
        for name in names {
            // Safe because the string is passed as a C string that lives for the call.
            _ = unsafe remove(path + "/" + name)
        }
        _ = unsafe rmdir(path)
    }

    func makeDirectory(_ name: String) {
        // Safe because the string is passed as a C string that lives for the call.
        let made = unsafe mkdir(path + "/" + name, 0o700)
        precondition(made == 0, "no directory in the scratch directory")
    }

    /// Everything in it, hidden names too.
    var names: [String] { ScratchDirectory.names(in: path) }

    static func names(in path: String) -> [String] {
        // Safe because the stream is used by this function alone and an entry's name is copied before the
        // next.
        guard let stream = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
