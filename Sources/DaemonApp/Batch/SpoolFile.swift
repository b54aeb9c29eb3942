// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import Synchronization

/// How much all spool files together may take.
final class SpoolQuota: Sendable {
    let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// Takes so many bytes; false, with nothing taken, when there are not so many left.
    func take(_ bytes: Int) -> Bool {
        if used.add(bytes, ordering: .relaxed).newValue <= limit { return true }
        used.subtract(bytes, ordering: .relaxed)
        return false
    }

    func giveBack(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }

    var bytesUsed: Int { used.load(ordering: .relaxed) }
}

/// Answers on disk until the client takes them: a file without a name, gone when it is closed or the process
/// dies.
///
/// State: shared (`Atomic`). One thread appends, one other reads behind it; what is below `byteCount` does
/// not change any more.
final class SpoolFile: Sendable {
    /// Whether more will come.
    enum Stage: UInt8, AtomicRepresentable {
        case growing
        case complete
        /// What is there ends in the middle.
        case failed
    }

    private let descriptor: FileDescriptor
    private let quota: SpoolQuota
    private let directory: String
    private let written = Atomic<Int>(0)
    /// The reader needs nothing in front of this any more.
    private let taken = Atomic<Int>(0)
    /// What was given back to disk and quota.
    private let released = Atomic<Int>(0)
    private let currentStage = Atomic<Stage>(.growing)
    /// What the client is told behind what could be kept.
    private let words = Mutex<[UInt8]>([])

    enum Failure: Error, Equatable {
        case system(SystemError)
        case quota(limit: Int)

        var message: String {
            switch self {
            case .system(let error): "the answers cannot be kept until they are sent: \(error)"
            case .quota(let limit):
                "the answers of all batch requests together would take more than \(limit) bytes "
                    + "(batch.spool_bytes); try again later, or with fewer records"
            }
        }
    }

    init(in directory: String, quota: SpoolQuota) throws(Failure) {
        self.directory = directory
        self.quota = quota
        do { descriptor = try NamelessFile.create(in: directory) } catch { throw .system(error) }
    }

    deinit { quota.giveBack(byteCount - released.load(ordering: .relaxed)) }

    /// Bytes written so far.
    var byteCount: Int { written.load(ordering: .acquiring) }

    /// Ask before `byteCount`: what was complete then, is.
    var stage: Stage { currentStage.load(ordering: .acquiring) }

    // MARK: The one who writes

    func append(_ buffer: borrowing ByteBuffer) throws(Failure) {
        let bytes = buffer.bytes
        reclaim()
        guard quota.take(bytes.count) else { throw .quota(limit: quota.limit) }
        var done = 0
        let number = descriptor.number
        let start = written.load(ordering: .relaxed)
        while done < bytes.count {
            // Safe because pwrite reads only the bytes of the span, which live through the call.
            let count = unsafe bytes.extracting(done..<bytes.count).withUnsafeBytes {
                unsafe pwrite(number, $0.baseAddress, $0.count, off_t(start + done))
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 {
                let error = SystemError("write", on: directory)
                quota.giveBack(bytes.count)
                throw .system(error)
            }
            done += count
        }
        written.store(start + bytes.count, ordering: .releasing)
    }

    /// Nothing more comes.
    func end() { currentStage.store(.complete, ordering: .releasing) }

    /// Nothing more comes, and it is not the end: `lastWords` say why. There may be no room for them on the
    /// disk.
    func breakOff(lastWords: [UInt8]) {
        words.withLock { $0 = lastWords }
        currentStage.store(.failed, ordering: .releasing)
    }

    private static let reclaimedBytesMin = 1 << 20

    /// Gives the room back that the reader is done with, where the file system can.
    private func reclaim() {
        let (from, to) = (released.load(ordering: .relaxed), taken.load(ordering: .relaxed))
        guard to - from >= Self.reclaimedBytesMin else { return }
        guard descriptor.punchHole(from..<to) else { return }
        released.store(to, ordering: .relaxed)
        quota.giveBack(to - from)
    }

    // MARK: The one who reads

    /// Appends up to `count` bytes from `offset` on to `buffer`; false when they cannot be read.
    func read(into buffer: inout ByteBuffer, from offset: Int, count: Int) -> Bool {
        let number = descriptor.number
        var got = -1
        repeat {
            // Safe because pread writes at most as many bytes as are free.
            unsafe buffer.withFreeSpace(count) { start in
                got = unsafe pread(number, start, count, off_t(offset))
                return max(got, 0)
            }
        } while got < 0 && errno == EINTR
        return got > 0
    }

    /// Why it ends in the middle, where it does.
    var lastWords: [UInt8] { words.withLock { $0 } }

    /// Nothing in front of `offset` is read again.
    func release(upTo offset: Int) { taken.store(offset, ordering: .relaxed) }
}
