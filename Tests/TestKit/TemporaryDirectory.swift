// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A directory of its own for one test, removed with all that is in it when the test's closure ends.
///
///     try TemporaryDirectory.with { directory in
///         try directory.write([1, 2, 3], to: "model.safetensors")
///     }
package struct TemporaryDirectory: Sendable {
    /// Absolute, without a slash at the end.
    package let path: String

    /// Makes a directory, hands it to `body`, and removes it whatever `body` does.
    package static func with<Result>(_ body: (TemporaryDirectory) throws -> Result) throws -> Result {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        return try body(directory)
    }

    /// Likewise for a body that waits.
    package static func with<Result>(
        _ body: (TemporaryDirectory) async throws -> Result
    ) async throws -> Result {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        return try await body(directory)
    }

    private init() throws {
        // Safe because the C library's string is copied before anything changes the environment.
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/modeld-test-XXXXXX".utf8CString)
        // Safe because mkdtemp changes only the six letters of the array, which is NUL-terminated.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { start in
                unsafe mkdtemp(start).map { unsafe String(cString: $0) }
            }
        }
        guard let made else { throw Fixtures.Failure("mkdtemp", parent) }
        path = made
    }

    /// The absolute path of `relative` in this directory.
    package func path(_ relative: String) -> String { "\(path)/\(relative)" }

    /// Makes the folder `relative` and those above it.
    package func makeDirectory(_ relative: String) throws {
        var made = path
        for name in relative.split(separator: "/") {
            made += "/\(name)"
            // Safe because Swift ends the path with a NUL and keeps it through the call.
            guard unsafe mkdir(made, 0o755) == 0 || errno == EEXIST else {
                throw Fixtures.Failure("mkdir", made)
            }
        }
    }

    /// Writes the file `relative`, making the folders above it; an old content is replaced in place.
    @discardableResult
    package func write(_ bytes: [UInt8], to relative: String) throws -> String {
        if let slash = relative.lastIndex(of: "/") { try makeDirectory(String(relative[..<slash])) }
        let file = path(relative)
        // Safe because Swift ends the path with a NUL and keeps it through the call.
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Fixtures.Failure("open", file) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            // Safe because the buffer is only read inside the closure, from `written` to its end.
            let length = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            guard length > 0 else { throw Fixtures.Failure("write", file) }
            written += length
        }
        return file
    }

    @discardableResult
    package func write(_ text: String, to relative: String) throws -> String {
        try write(Array(text.utf8), to: relative)
    }

    /// Removes the tree; links go, what they point to stays. A leftover is no reason to fail.
    private func remove() {
        var found = [path]
        var directories: [String] = []
        while let next = found.popLast() {
            // Safe because Swift ends each path with a NUL and keeps it through the call.
            if unsafe unlink(next) == 0 { continue }
            directories.append(next)
            found += ((try? Self.entries(of: next)) ?? []).map { "\(next)/\($0)" }
        }
        for directory in directories.reversed() {
            // Safe because Swift ends the path with a NUL and keeps it through the call.
            _ = unsafe rmdir(directory)
        }
    }

    private static func entries(of path: String) throws -> [String] {
        try Fixtures.names(inDirectory: path, withHidden: true)
    }
}
