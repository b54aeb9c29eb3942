// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Holds a thread that does jobs to its part of a processor: after work it rests.
///
/// State: owned by the thread.
struct JobPace {
    private let percent: UInt64
    /// Processor time of the thread that was answered with a rest, in nanoseconds.
    private var seen = 0 as UInt64
    /// Nanoseconds of rest that are due.
    private var due = 0 as UInt64

    /// Shorter ones are saved up: waking costs a thread some microseconds.
    private static let restMin = 1_000_000 as UInt64
    /// No longer, lest others take a range over whose lease was not renewed.
    private static let restMax = 10_000_000_000 as UInt64

    /// - Parameter percent: of a processor, 1 to 100.
    init(percent: Int) {
        self.percent = UInt64(min(max(percent, 1), 100))
        if percent < 100 { seen = Self.processorNanoseconds() }
    }

    /// How many nanoseconds the calling thread has to rest now, after what it has worked since the last call.
    mutating func rest() -> UInt64 {
        if percent == 100 { return 0 }
        let now = Self.processorNanoseconds()
        defer { seen = now }
        return rest(after: now - seen)
    }

    /// Likewise after so many nanoseconds of work.
    mutating func rest(after worked: UInt64) -> UInt64 {
        due = min(due + worked * (100 - percent) / percent, Self.restMax)
        guard due >= Self.restMin else { return 0 }
        defer { due = 0 }
        return due
    }

    /// What the calling thread has had of processors.
    private static func processorNanoseconds() -> UInt64 {
        var time = timespec()
        // Safe because the kernel only writes the struct.
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
