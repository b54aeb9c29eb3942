// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Whole files, read through one descriptor into memory of our own: what is changed on disk later cannot
/// hurt.
package enum File {
    /// Bytes that one call reads. A kernel without preemption does not take a thread off its processor in the
    /// middle of a call: one for 500 MB held up requests on the same processor for 24 ms at a time, although
    /// its thread had the lower priority.
    static let pieceSize = 1 << 18

    /// The bytes of the regular file at `path`, following symbolic links.
    ///
    /// - Throws: `SystemError`; `EFBIG` when the file has more than `limit` bytes, `EISDIR` or `EINVAL` when
    ///   it is no regular file (a FIFO is never waited for).
    package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        try read(FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK), limit: limit, shown: path)
    }

    /// The bytes of an open file from where it stands to its end; `shown` is its name in errors, which are
    /// those above.
    package static func read(
        _ file: borrowing FileDescriptor, limit: Int, shown path: String
    ) throws(SystemError) -> [UInt8] {
        let size = try regularSize(of: file, path: path)
        if size > limit { throw SystemError("read", on: path, code: EFBIG) }
        var bytes: [UInt8] = []
        try fill(&bytes, expecting: size, limit: limit, from: file, path: path)
        return bytes
    }

    private static func regularSize(of file: borrowing FileDescriptor, path: String) throws(SystemError)
        -> Int
    {
        var facts = stat()
        // Safe because fstat only writes the struct that it is given.
        if unsafe fstat(file.number, &facts) != 0 { throw SystemError("stat", on: path) }
        let kind = facts.st_mode & S_IFMT
        if kind == S_IFDIR { throw SystemError("read", on: path, code: EISDIR) }
        if kind != S_IFREG { throw SystemError("read", on: path, code: EINVAL) }
        return Int(facts.st_size)
    }

    /// Reads to the end, which may lie elsewhere than `size` said: someone may be writing, and /proc says 0.
    private static func fill(
        _ bytes: inout [UInt8], expecting size: Int, limit: Int, from file: borrowing FileDescriptor,
        path: String
    ) throws(SystemError) {
        var space = size + 1
        while true {
            let start = bytes.count
            let number = file.number
            var failure: CInt = 0
            // Safe because read writes at most the `count` bytes that the buffer has.
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: space) { buffer, initialized in
                initialized = 0
                while initialized < buffer.count {
                    let got = unsafe Glibc.read(
                        number, buffer.baseAddress.map { unsafe $0 + initialized },
                        min(buffer.count - initialized, pieceSize))
                    if got < 0 && errno == EINTR { continue }
                    if got < 0 { failure = errno }
                    if got <= 0 { break }
                    initialized += got
                }
            }
            if failure != 0 { throw SystemError("read", on: path, code: failure) }
            let isWhole = piece.count < space
            if start == 0 { bytes = piece } else { bytes += piece }
            if bytes.count > limit { throw SystemError("read", on: path, code: EFBIG) }
            if isWhole { return }
            space = max(65_536, bytes.count)
        }
    }
}
