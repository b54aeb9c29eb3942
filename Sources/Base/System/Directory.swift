// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The names in directories.
package enum Directory {
    /// What is in the directory at `path`, without `.` and `..`, in byte order; nil for a name that is no
    /// UTF-8.
    package static func names(in path: String) throws(SystemError) -> [String?] {
        // Safe because the string lives for the call, and the stream is used and closed here only.
        guard let stream = unsafe opendir(path) else { throw SystemError("open", on: path) }
        defer { unsafe closedir(stream) }
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        var names: [String?] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            // Safe because the kernel ends the name with a zero, and it is copied before the next call.
            let start = unsafe UnsafeRawPointer(entry).advanced(by: offset)
            let name = unsafe String(validatingCString: start.assumingMemoryBound(to: CChar.self))
            if name != "." && name != ".." { names.append(name) }
        }
        if errno != 0 { throw SystemError("read", on: path) }
        return names.sorted { ($0 ?? "") < ($1 ?? "") }
    }

    /// Makes the directory at `path` and those above it that are missing.
    package static func make(_ path: String, mode: mode_t = 0o755) throws(SystemError) {
        // Safe because the string is passed as a C string that lives for the call.
        if unsafe mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("mkdir", on: path)
        }
        try make(String(path[..<slash]), mode: mode)
        if unsafe mkdir(path, mode) != 0 && errno != EEXIST { throw SystemError("mkdir", on: path) }
    }
}

/// What the file system says about a file without opening it, symbolic links followed.
package struct FileFacts: Sendable, Hashable {
    package enum Kind: Sendable { case regular, directory, other }

    package var kind: Kind
    package var size: Int64
    /// Nanoseconds since the epoch.
    package var modified: Int64
    package var inode: UInt64
    package var device: UInt64

    package init(of path: String) throws(SystemError) {
        var facts = stat()
        // Safe because the string lives for the call, and only the struct is written.
        if unsafe stat(path, &facts) != 0 { throw SystemError("stat", on: path) }
        self.init(facts)
    }

    /// - Parameter isLink: set when `path` is a symbolic link, and left alone when it is none.
    package init(of path: String, isLink: inout Bool) throws(SystemError) {
        var facts = stat()
        // Safe because the string lives for the call, and only the struct is written.
        if unsafe lstat(path, &facts) != 0 { throw SystemError("stat", on: path) }
        if facts.st_mode & S_IFMT == S_IFLNK {
            isLink = true
            self = try FileFacts(of: path)
        } else {
            self.init(facts)
        }
    }

    /// Whether a symbolic link stands at `path`.
    package static func isLink(_ path: String) -> Bool {
        var isLink = false
        _ = try? FileFacts(of: path, isLink: &isLink)
        return isLink
    }

    private init(_ facts: stat) {
        switch facts.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        default: kind = .other
        }
        size = Int64(facts.st_size)
        modified = Int64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_mtim.tv_nsec)
        inode = UInt64(facts.st_ino)
        device = UInt64(facts.st_dev)
    }
}
