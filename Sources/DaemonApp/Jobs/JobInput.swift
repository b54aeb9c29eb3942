// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// The records of a job.
struct JobInput: ~Copyable {
    private let path: String
    private let descriptor: FileDescriptor

    init(_ directory: JobDirectory, _ description: JobDescription) throws(SystemError) {
        path = description.inputPath ?? directory.input
        descriptor = try FileDescriptor(opening: path, O_RDONLY)
    }

    /// Whether the operator's file is still the one that the job was accepted for.
    static func isUnchanged(_ description: JobDescription) -> Bool {
        guard let path = description.inputPath else { return true }
        guard let facts = try? FileFacts(of: path) else { return true }
        return Int(facts.size) == description.inputSize && Int(facts.modified) == description.inputModified
    }

    /// Appends exactly `count` bytes from `offset` on.
    func read(into buffer: inout ByteBuffer, from offset: Int, count: Int) throws(SystemError) {
        var done = 0
        while done < count {
            let got = try Self.read(descriptor, path, into: &buffer, from: offset + done, count: count - done)
            if got == 0 { throw SystemError("read", on: path, code: ERANGE) }
            done += got
        }
    }

    static func read(
        _ file: borrowing FileDescriptor, _ path: String, into buffer: inout ByteBuffer, from offset: Int,
        count: Int
    ) throws(SystemError) -> Int {
        let number = file.number
        var got = 0
        var code: CInt = 0
        repeat {
            // Safe because pread writes at most as many bytes as are free.
            unsafe buffer.withFreeSpace(count) { start in
                got = unsafe pread(number, start, count, off_t(offset))
                code = errno
                return max(got, 0)
            }
        } while got < 0 && code == EINTR
        if got < 0 { throw SystemError("read", on: path, code: code) }
        return got
    }
}
