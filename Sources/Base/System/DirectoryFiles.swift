// SPDX-License-Identifier: Apache-2.0
private import CPosix
import Glibc

/// Files that lie beneath one directory, by paths that somebody else wrote: none of them leads out of it.
package struct DirectoryFiles: Sendable {
    private let directory: String

    package init(_ directory: String) { self.directory = directory }

    /// `count` bytes from `offset` of the regular file at `path`, relative to the directory.
    ///
    /// - Throws: `SystemError`; `EXDEV` when the path is absolute, climbs with `..` or leaves by a link,
    ///   `ERANGE` when the file ends before.
    package func read(_ path: String, offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        let shown = "\(directory)/\(path)"
        let file = try open(path, followsLinks: false)
        var facts = stat()
        // Safe because fstat only writes the struct that it is given.
        if unsafe fstat(file.number, &facts) != 0 { throw SystemError("stat", on: shown) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw SystemError("read", on: shown, code: EINVAL) }
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard offset >= 0, count >= 0, !overflow, end <= Int(facts.st_size) else {
            throw SystemError("read", on: shown, code: ERANGE)
        }
        return try fill(count, from: offset, of: file, shown: shown)
    }

    /// All bytes of the regular file at `path`, relative to the directory; links are followed as long as they
    /// stay beneath it, as those of ConfigMap mounts do.
    ///
    /// - Throws: `SystemError`; `EXDEV` when the path leaves the directory, `ELOOP` when links go in
    ///   a circle, `EFBIG` when the file has more than `limit` bytes, `EISDIR` or `EINVAL` when it is no
    ///   regular file (a FIFO is never waited for).
    package func readAll(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        try File.read(try open(path), limit: limit, shown: "\(directory)/\(path)")
    }

    /// The file at `path`, found as by `readAll`, open for reading.
    ///
    /// - Throws: `SystemError`; `EXDEV` and `ELOOP` as above.
    package func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try open(path, followsLinks: true)
    }

    /// - Parameter followsLinks: also where the kernel has no openat2, which keeps them beneath the
    ///   directory.
    private func open(_ path: String, followsLinks: Bool) throws(SystemError) -> FileDescriptor {
        let shown = "\(directory)/\(path)"
        let root = try FileDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        return FileDescriptor(
            owning: try open(path, beneath: root, followsLinks: followsLinks, shown: shown))
    }

    private func open(
        _ path: String, beneath root: borrowing FileDescriptor, followsLinks: Bool, shown: String
    ) throws(SystemError) -> CInt {
        // A NUL would end the path that the kernel sees.
        guard !path.utf8.contains(0) else { throw SystemError("open", on: shown, code: EINVAL) }
        // Safe because the string lives for the call.
        let number = unsafe cposix_open_beneath(root.number, path)
        if number >= 0 { return number }
        let code = cposix_errno()
        guard code == ENOSYS || code == EPERM else { throw SystemError("open", on: shown, code: code) }
        return followsLinks
            ? try openAndLocate(path, beneath: root, shown: shown)
            : try openByParts(path, beneath: root, shown: shown)
    }

    /// Where the kernel has no openat2: opens with links followed, then asks the kernel where that led.
    private func openAndLocate(
        _ path: String, beneath root: borrowing FileDescriptor, shown: String
    ) throws(SystemError) -> CInt {
        guard !path.hasPrefix("/") else { throw SystemError("open", on: shown, code: EXDEV) }
        // Safe because the string lives for the call.
        let number = unsafe openat(root.number, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if number < 0 { throw SystemError("open", on: shown) }
        let file = FileDescriptor(owning: number)
        let place = try Self.location(of: file, shown: shown)
        let top = try Self.location(of: root, shown: directory)
        guard place.hasPrefix(top == "/" ? top : "\(top)/") else {
            throw SystemError("open", on: shown, code: EXDEV)
        }
        return file.release()
    }

    private static func location(
        of file: borrowing FileDescriptor, shown: String
    ) throws(SystemError) -> String {
        let path = "/proc/self/fd/\(file.number)"
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        // Safe because readlink writes at most the array's count of bytes.
        let count = unsafe readlink(path, &text, text.count)
        guard count > 0, count < text.count else { throw SystemError("readlink", on: shown) }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where the kernel has no openat2: part by part, without links at all.
    private func openByParts(
        _ path: String, beneath root: borrowing FileDescriptor, shown: String
    ) throws(SystemError) -> CInt {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.hasPrefix("/"), parts.allSatisfy({ !$0.isEmpty && $0 != ".." }) else {
            throw SystemError("open", on: shown, code: EXDEV)
        }
        // Safe because dup takes and gives numbers.
        var directory = FileDescriptor(owning: dup(root.number))
        for part in parts.dropLast() {
            // Safe because the string lives for the call.
            let next = unsafe openat(
                directory.number, String(part), O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
            if next < 0 { throw SystemError("open", on: shown) }
            directory = FileDescriptor(owning: next)
        }
        // Safe because the string lives for the call.
        let number = unsafe openat(
            directory.number, String(parts[parts.count - 1]), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        if number < 0 { throw SystemError("open", on: shown) }
        return number
    }

    private func fill(
        _ count: Int, from offset: Int, of file: borrowing FileDescriptor, shown: String
    ) throws(SystemError) -> [UInt8] {
        let number = file.number
        var failure: CInt = 0
        // Safe because pread writes at most the bytes that the buffer has left.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = 0
            while initialized < count {
                let got = unsafe pread(
                    number, buffer.baseAddress.map { unsafe $0 + initialized },
                    min(count - initialized, File.pieceSize), off_t(offset + initialized))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                initialized += got
            }
        }
        if failure != 0 { throw SystemError("read", on: shown, code: failure) }
        guard bytes.count == count else { throw SystemError("read", on: shown, code: ERANGE) }
        return bytes
    }
}
