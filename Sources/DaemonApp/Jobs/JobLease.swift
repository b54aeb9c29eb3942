// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// A mark that somebody works on a range, so that nobody else does the same work.
///
/// Only work is saved by it. Two that work on one range write the same bytes, and one of them gives them
/// their name: nothing depends on clocks, nor on who thinks that he holds a lease.
struct JobLease: ~Copyable {
    private let path: String
    private var renewed = MonotonicInstant.now

    /// Without a sign of life for so long, others may take over.
    static let seconds: Int64 = 30
    private static let renewNanoseconds: UInt64 = 2_000_000_000
    /// Tells this process from earlier ones with its number.
    private static let token = String(UInt64.random(in: .min ... .max), radix: 36)

    private init(of path: String) { self.path = path }

    /// The lease; nil when somebody else seems to hold it.
    ///
    /// - Throws: when there is no room for it.
    static func take(_ path: String) throws(SystemError) -> JobLease? {
        if try create(path) { return JobLease(of: path) }
        guard isStale(path) else { return nil }
        try? JobDirectory.remove(path)
        return try create(path) ? JobLease(of: path) : nil
    }

    /// False when there is one.
    private static func create(_ path: String) throws(SystemError) -> Bool {
        let file: FileDescriptor
        do throws(SystemError) {
            file = try FileDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
        } catch {
            if error.code == EEXIST { return false }
            throw error
        }
        let text = Array("\(hostName) \(getpid()) \(token)\n".utf8)
        // A lease without its text is one like another.
        try? file.write(text.span, path: path)
        return true
    }

    /// Not renewed for long, or by a process of this machine that is gone.
    private static func isStale(_ path: String) -> Bool {
        guard let facts = try? FileFacts(of: path) else { return true }
        var now = timespec()
        // Safe because the kernel only writes the struct.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
        if Int64(now.tv_sec) - facts.modified / 1_000_000_000 > seconds { return true }
        guard let bytes = try? File.read(path, limit: 4096) else { return false }
        let words = String(copying: bytes.span).split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count == 3, words[0] == hostName, let process = pid_t(words[1]) else { return false }
        if process == getpid() { return words[2] != token }
        return kill(process, 0) != 0 && errno == ESRCH
    }

    private static let hostName: String = {
        var names = utsname()
        // Safe because uname writes only the struct, and ends each text in it with a zero.
        _ = unsafe uname(&names)
        let text = unsafe withUnsafeBytes(of: &names.nodename) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return text.replacing(" ", with: "_")
    }()

    /// A sign of life, now and then.
    mutating func renew() {
        let now = MonotonicInstant.now
        guard now.nanoseconds(since: renewed) > Self.renewNanoseconds else { return }
        renewed = now
        // Safe because the string lives for the call; nil means the present.
        _ = unsafe utimensat(AT_FDCWD, path, nil, 0)
    }

    deinit { try? JobDirectory.remove(path) }
}
