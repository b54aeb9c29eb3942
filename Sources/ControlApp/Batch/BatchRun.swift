// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Serving
import Synchronization

/// One run over a file: several threads take chunks in turn, answer them side by side, and write them in
/// the order of the input.
///
/// State: input and output are shared, each behind a lock; `turns` decides who writes next. Memory is bounded
/// by the threads: each holds one chunk and its answers.
final class BatchRun: Sendable {
    private struct Input: ~Copyable, Sendable {
        var reader: BatchReader
        var nextTicket = 0
        var isExhausted = false
    }

    private struct Output: ~Copyable, Sendable {
        var answers: BatchOutput
        /// Of answers to bad records, where they have a file of their own.
        var errors: BatchOutput?
        var failure: BatchFailure?
        var counts = BatchCounts()
    }

    private let plan: BatchPlan
    private let threadCount: Int
    private let progress: BatchProgress?
    private let input: Mutex<Input>
    private let output: Mutex<Output>
    /// The turn to write goes round: at most `threadCount` tickets are out at a time.
    private let turns: [DispatchSemaphore]

    /// Answers beyond this are written before the chunk is done.
    private static let outputBytesMax = 1 << 20

    /// - Parameter errors: where answers to bad records go when the plan keeps them apart.
    init(
        _ plan: BatchPlan, _ reader: consuming BatchReader, _ output: consuming BatchOutput,
        errors: consuming BatchOutput?, threads: Int, progress: BatchProgress?
    ) {
        self.plan = plan
        input = Mutex(Input(reader: reader))
        self.output = Mutex(Output(answers: output, errors: errors))
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
        write(&header)
        let headerByteCount = header.count
        if threadCount == 1 {
            work()
        } else {
            DispatchQueue.concurrentPerform(iterations: threadCount) { _ in work() }
        }
        progress?.finish()
        return try output.withLock { output throws(BatchFailure) in
            if let failure = output.failure { throw failure }
            _ = try output.errors?.finish()
            let sha256 = try output.answers.finish()
            return Outcome(
                counts: output.counts, headerByteCount: headerByteCount,
                byteCount: output.answers.byteCount, sha256: sha256)
        }
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
                    answers.clear()
                }
            }
            if !isMyTurn { turns[ticket.number % threadCount].wait() }
            write(&answers)
            answers.clear()
            worker.moveErrors(to: &answers)
            let isOver = finish(counts, failure, errors: answers, ticket)
            answers.clear()
            turns[(ticket.number + 1) % threadCount].signal()
            if isOver { return }
        }
    }

    /// In the chunk's turn.
    private func write(_ answers: inout ByteBuffer) {
        output.withLock { output in
            guard output.failure == nil else { return }
            do throws(BatchFailure) {
                try output.answers.write(answers.bytes)
            } catch {
                output.failure = error
            }
        }
    }

    /// Ends the chunk's turn; true when no more is to be done.
    private func finish(
        _ counts: BatchCounts, _ failure: BatchFailure?, errors: borrowing ByteBuffer, _ ticket: Ticket
    ) -> Bool {
        let (all, isOver) = output.withLock { output in
            if output.failure == nil {
                do throws(BatchFailure) {
                    try output.errors?.write(errors.bytes)
                } catch {
                    output.failure = error
                }
            }
            output.counts.add(counts)
            if output.failure == nil { output.failure = failure }
            return (output.counts, output.failure != nil)
        }
        progress?.advance(records: all.records, errors: all.errors, bytes: ticket.position)
        return isOver
    }

    private struct Ticket: Sendable {
        var number: Int
        var line: Int
        var position: Int
        var place: String
        var failure: BatchFailure?
    }

    /// The next chunk, with the right to write in its turn; nil when there are no more.
    private func take(_ chunk: inout ByteBuffer) -> Ticket? {
        input.withLock { input in
            if input.isExhausted { return nil }
            var ticket = Ticket(
                number: input.nextTicket, line: 0, position: 0, place: input.reader.name, failure: nil)
            do throws(BatchFailure) {
                guard let line = try input.reader.next(into: &chunk) else {
                    input.isExhausted = true
                    return nil
                }
                ticket.line = line
            } catch {
                input.isExhausted = true
                chunk.clear()
                ticket.failure = error
            }
            ticket.position = input.reader.position
            input.nextTicket += 1
            return ticket
        }
    }
}
