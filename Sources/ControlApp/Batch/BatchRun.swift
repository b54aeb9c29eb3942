// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Serving

/// One run over a file: several threads take chunks in turn, answer them side by side, and write them in
/// the order of the input.
///
/// State: the input is used between `inputGate`'s wait and signal, the output by the one whose turn it is.
/// Memory is bounded by the threads: each holds one chunk and its answers.
final class BatchRun: @unchecked Sendable {
    // Safe because of the gates named above.
    private let plan: BatchPlan
    private let threadCount: Int
    private let progress: BatchProgress?

    private let inputGate = DispatchSemaphore(value: 1)
    private var reader: BatchReader
    private var nextTicket = 0
    private var isExhausted = false

    /// The turn to write goes round: at most `threadCount` tickets are out at a time.
    private let turns: [DispatchSemaphore]
    private var output: BatchOutput
    private var failure: BatchFailure?
    private var counts = BatchCounts()
    private var headerByteCount = 0

    /// Answers beyond this are written before the chunk is done.
    private static let outputBytesMax = 1 << 20

    init(
        _ plan: BatchPlan, _ reader: consuming BatchReader, _ output: consuming BatchOutput, threads: Int,
        progress: BatchProgress?
    ) {
        self.plan = plan
        self.reader = reader
        self.output = output
        self.progress = progress
        threadCount = threads
        turns = (0..<threads).map { _ in DispatchSemaphore(value: 0) }
        // Signalled and not made with 1: Dispatch refuses to free a semaphore below its first value.
        turns[0].signal()
    }

    struct Outcome {
        var counts: BatchCounts
        var headerByteCount: Int
        var byteCount: Int
        /// Of the output; nil for standard output.
        var sha256: String?
    }

    /// Answers everything.
    func run() throws(BatchFailure) -> Outcome {
        var header = ByteBuffer()
        plan.appendHeader(to: &header)
        headerByteCount = header.count
        try output.write(header.bytes)
        if threadCount == 1 {
            work()
        } else {
            DispatchQueue.concurrentPerform(iterations: threadCount) { _ in work() }
        }
        progress?.finish()
        if let failure { throw failure }
        let sha256 = try output.finish()
        return Outcome(
            counts: counts, headerByteCount: headerByteCount, byteCount: output.byteCount, sha256: sha256)
    }

    private func work() {
        var worker = BatchWorker(plan)
        var chunk = ByteBuffer(capacity: BatchReader.chunkBytes)
        var answers = ByteBuffer(capacity: BatchReader.chunkBytes)
        while let ticket = take(&chunk) {
            var isMyTurn = false
            var failure = ticket.failure
            var counts = BatchCounts()
            var (offset, line) = (0, ticket.line)
            while failure == nil && offset < chunk.count {
                do throws(BatchError) {
                    counts.add(
                        try worker.answer(chunk.bytes, from: &offset, line: &line, into: &answers))
                } catch {
                    failure = BatchFailure(error, in: ticket.place)
                }
                if answers.count > Self.outputBytesMax {
                    if !isMyTurn { turns[ticket.number % threadCount].wait() }
                    isMyTurn = true
                    write(&answers)
                }
            }
            if !isMyTurn { turns[ticket.number % threadCount].wait() }
            write(&answers)
            self.counts.add(counts)
            if self.failure == nil { self.failure = failure }
            let isOver = self.failure != nil
            progress?.advance(
                records: self.counts.records, errors: self.counts.errors, bytes: ticket.position)
            turns[(ticket.number + 1) % threadCount].signal()
            if isOver { return }
        }
    }

    private func write(_ answers: inout ByteBuffer) {
        defer { answers.clear() }
        guard failure == nil else { return }
        do throws(BatchFailure) {
            try output.write(answers.bytes)
        } catch {
            failure = error
        }
    }

    private struct Ticket {
        var number: Int
        var line: Int
        var position: Int
        var place: String
        var failure: BatchFailure?
    }

    /// The next chunk, with the right to write in its turn; nil when there are no more.
    private func take(_ chunk: inout ByteBuffer) -> Ticket? {
        inputGate.wait()
        defer { inputGate.signal() }
        if isExhausted { return nil }
        var ticket = Ticket(number: nextTicket, line: 0, position: 0, place: reader.name, failure: nil)
        do throws(BatchFailure) {
            guard let line = try reader.next(into: &chunk) else {
                isExhausted = true
                return nil
            }
            ticket.line = line
        } catch {
            isExhausted = true
            chunk.clear()
            ticket.failure = error
        }
        ticket.position = reader.position
        nextTicket += 1
        return ticket
    }
}
