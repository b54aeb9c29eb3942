// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// SIGTERM, SIGINT and SIGHUP as something to wait for. SIGPIPE is ignored: a client that has gone is an
/// error of its write, not the end of the process.
///
/// The three are blocked in every thread and taken by the one that waits, so that none is lost or comes at a
/// bad time: what nobody has waited for yet is pending. Dispatch's signal sources are not used here: until
/// one is registered, which takes a hop to another thread, its signal is ignored, and a SIGHUP right after
/// the start was lost in 44 of 150 starts of a busy machine.
struct ProcessSignals {
    enum Event: Equatable, Sendable {
        /// SIGTERM, SIGINT.
        case end
        /// SIGHUP.
        case reload
    }

    private static let numbers = [SIGTERM, SIGINT, SIGHUP]

    private let set: sigset_t

    /// Call on the main thread before there are others: they inherit what is blocked.
    init() {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        // Safe because the calls read and write only the local set.
        unsafe sigemptyset(&set)
        for number in Self.numbers { unsafe sigaddset(&set, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        // `nohup` and some shells hand SIGHUP and SIGINT down ignored, and those could not be waited for.
        for number in Self.numbers { signal(number, SIG_DFL) }
        self.set = set
    }

    /// Waits for the next one. Those that come after the last call stay pending, and change nothing.
    func next() -> Event {
        var set = set
        var number: CInt = 0
        // Safe because the call reads the local set and writes the local number.
        while unsafe sigwait(&set, &number) != 0 {}
        return number == SIGHUP ? .reload : .end
    }
}
