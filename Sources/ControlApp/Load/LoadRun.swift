// SPDX-License-Identifier: Apache-2.0
import Base
import Glibc
import HTTP
import Net
import Synchronization

/// Which requests are sent, how many at once, and for how long.
struct LoadPlan: Sendable {
    var path: String
    var headers: [(String, String)]
    var body: [UInt8]
    var connections: Int
    var warmUp: Duration
    var duration: Duration
    /// Requests a second, sent at their moments whatever becomes of those before (open loop); nil: each
    /// connection sends the next when it has its answer (closed loop).
    var rate: Double?
    var timeout: Duration
}

/// What became of the requests of a run; those of the warm-up are left out.
struct LoadResult: Sendable {
    /// Of requests answered 200, nanoseconds: in an open loop from the moment that they were due.
    var latencies: [UInt64] = []
    /// Other answers, by status.
    var refusals: [Int: Int] = [:]
    /// Requests without an answer: the connection broke, or it took too long.
    var failures = 0
    /// The first of the refusals or failures, in words.
    var firstProblem: String?
    var seconds = 0.0

    mutating func add(_ other: LoadResult) {
        latencies += other.latencies
        refusals.merge(other.refusals, uniquingKeysWith: +)
        failures += other.failures
        firstProblem = firstProblem ?? other.firstProblem
    }

    mutating func addProblem(_ text: String) { firstProblem = firstProblem ?? text }
}

/// Sends the requests of a plan, each connection on a thread of its own.
enum LoadRun {
    static func perform(_ plan: LoadPlan, on address: Address) throws(SystemError) -> LoadResult {
        let total = Mutex(LoadResult())
        let start = MonotonicInstant.now
        var threads: [PosixThread] = []
        for index in 0..<plan.connections {
            threads.append(
                try PosixThread {
                    let result = Connection(plan, address, index: index, start: start).run()
                    total.withLock { $0.add(result) }
                })
        }
        for thread in threads { thread.join() }
        var result = total.withLock { $0 }
        let elapsed = MonotonicInstant.now.nanoseconds(since: start)
        result.seconds = Double(elapsed - min(elapsed, plan.warmUp.wholeNanoseconds)) / 1e9
        return result
    }

    private struct Connection: ~Copyable {
        private let plan: LoadPlan
        private let index: Int
        private let start: MonotonicInstant
        private var client: HTTPClient

        init(_ plan: LoadPlan, _ address: Address, index: Int, start: MonotonicInstant) {
            self.plan = plan
            self.index = index
            self.start = start
            client = HTTPClient(address, timeout: plan.timeout)
        }

        consuming func run() -> LoadResult {
            var result = LoadResult()
            let measured = start.nanoseconds + plan.warmUp.wholeNanoseconds
            let end = measured + plan.duration.wholeNanoseconds
            var round = 0
            while true {
                let due = dueTime(of: round)
                round += 1
                guard due < end else { return result }
                Self.sleep(until: due)
                // A closed loop is due when it is sent; an open one may be late, which counts.
                let begin = plan.rate == nil ? MonotonicInstant.now.nanoseconds : due
                guard begin < end else { return result }
                let isMeasured = begin >= measured
                do throws(HTTPClientError) {
                    let answer = try client.send(.post, plan.path, headers: plan.headers, body: plan.body)
                    guard isMeasured else { continue }
                    if answer.status == 200 {
                        result.latencies.append(MonotonicInstant.now.nanoseconds - begin)
                    } else {
                        result.refusals[answer.status, default: 0] += 1
                        result.addProblem("\(answer.status): \(answer.bodyText.prefix(200))")
                    }
                } catch {
                    client.close()
                    if isMeasured { result.failures += 1 }
                    result.addProblem(error.description)
                    // Nobody there: no use in asking as fast as possible.
                    if plan.rate == nil { Self.sleep(until: MonotonicInstant.now.nanoseconds + 10_000_000) }
                }
            }
        }

        /// Requests are dealt out to the connections in turn.
        private func dueTime(of round: Int) -> UInt64 {
            guard let rate = plan.rate else { return start.nanoseconds }
            let number = Double(round * plan.connections + index)
            return start.nanoseconds + UInt64(number * 1e9 / rate)
        }

        private static func sleep(until moment: UInt64) {
            guard moment > MonotonicInstant.now.nanoseconds else { return }
            var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
            // Safe because the call only reads the struct, which lives through it; woken early it is called
            // again.
            while unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
        }
    }
}
