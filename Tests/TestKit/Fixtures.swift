// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The files under `Tests/Fixtures`, found relative to this file so that tests run from any directory.
package enum Fixtures {
    /// The repository's root, without a slash at the end.
    package static let repository: String = {
        // This file is <root>/Tests/TestKit/Fixtures.swift: three names are dropped.
        var path = Substring(#filePath)
        for _ in 0..<3 {
            guard let slash = path.lastIndex(of: "/") else { return "." }
            path = path[..<slash]
        }
        return String(path)
    }()

    /// The absolute path of `relative`, for example `Fixtures.path("models/xgboost/stump.json")`.
    package static func path(_ relative: String) -> String { "\(repository)/Tests/Fixtures/\(relative)" }

    /// The whole content of the fixture `relative`.
    package static func bytes(_ relative: String) throws -> [UInt8] { try contents(ofFile: path(relative)) }

    /// The names in the fixture folder `relative`, sorted, hidden ones left out.
    package static func names(in relative: String) throws -> [String] {
        try names(inDirectory: path(relative))
    }

    /// The whole content of the file at `path`.
    package static func contents(ofFile path: String) throws -> [UInt8] {
        // Safe because Swift ends the path with a NUL and keeps it through the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("open", path) }
        defer { close(descriptor) }
        var status = stat()
        // Safe because the kernel writes only the struct, which lives through the call.
        guard unsafe fstat(descriptor, &status) == 0 else { throw Failure("stat", path) }
        let size = Int(status.st_size)
        // Safe because `read` writes at most `size` bytes, and the count says how many.
        return try unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let free = unsafe buffer.baseAddress.map { unsafe $0 + count }
                let length = unsafe read(descriptor, free, size - count)
                guard length > 0 else { throw Failure("read", path) }
                count += length
            }
        }
    }

    /// The names in the directory at `path`, sorted; those that begin with a dot only when asked for.
    package static func names(inDirectory path: String, withHidden: Bool = false) throws -> [String] {
        // Safe because Swift ends the path with a NUL and keeps it through the call.
        guard let directory = unsafe opendir(path) else { throw Failure("opendir", path) }
        // Safe because the stream is open until here and not used afterwards.
        defer { _ = unsafe closedir(directory) }
        var names: [String] = []
        // Safe because an entry is only read before the next call on the stream.
        while let entry = unsafe readdir(directory) {
            // Safe because the kernel ends the name with a NUL inside the entry.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != "..", withHidden || !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// A file that a test needs and cannot have.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ call: String, _ path: String) {
            description = "\(call) \(path): errno \(errno)"
        }
    }
}
