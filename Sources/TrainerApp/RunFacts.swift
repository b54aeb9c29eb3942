// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc

/// What one run took, where, and when: for the manifest and the card. Never inside of a model file, which is
/// the same for the same data, options and seed.
struct RunFacts {
    /// By the names of the manifest.
    let all: [(name: String, value: String)]

    /// - Parameter threads: that the algorithm was given; nil for as many as there are processors.
    init(started: MonotonicInstant, threads: Int?) {
        var usage = rusage()
        // Safe because getrusage only writes the structure that it is given.
        _ = unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let wall = Double(MonotonicInstant.now.nanoseconds(since: started)) / 1e9
        let processors = Processors.count
        all = [
            ("run.created", CalendarTime.text(CalendarTime.nanoseconds)),
            ("run.seconds", RunFacts.rounded(wall)),
            ("run.cpu_seconds", RunFacts.rounded(seconds(usage.ru_utime) + seconds(usage.ru_stime))),
            ("run.peak_memory_bytes", "\(usage.ru_maxrss * 1_024)"),
            ("run.threads", "\(threads ?? processors)"),
            ("run.processors", "\(processors)"),
            ("run.system", RunFacts.system),
        ]
    }

    private static func rounded(_ seconds: Double) -> String { "\((seconds * 1_000).rounded() / 1_000)" }

    /// The kernel and the machine's architecture.
    private static var system: String {
        var names = utsname()
        // Safe because uname only writes the structure that it is given.
        guard unsafe uname(&names) == 0 else { return "unknown" }
        func text<Characters>(_ characters: Characters) -> String {
            // Safe because the field is bytes, and what follows the first zero is not looked at.
            unsafe withUnsafeBytes(of: characters) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return "\(text(names.sysname)) \(text(names.release)) \(text(names.machine))"
    }
}
