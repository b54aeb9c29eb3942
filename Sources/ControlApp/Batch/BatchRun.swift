// SPDX-License-Identifier: Apache-2.0
import Base
import Dispatch
import Serving
import Synchronization

/// One run over a file: several threads take chunks in turn, answer them side by side, and write them in
/// the order of the input.
///
/// State: input and output are shared, each behind a lock. Whoever has answered the chunk that is next writes
/// it, and those that wait behind it; the others leave theirs to wait and go on, for to sleep at each chunk
/// takes a tenth of the time. Memory is bounded by the threads: each holds one chunk and its answers, and
/// twice as many answers wait.
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
        /// Everything before has been written.
        var nextTicket = 0
        /// By ticket, what is answered and whose turn has not come.
        var waiting: [Int: ChunkAnswers] = [:]
        /// By ticket, threads that cannot go on before their turn.
        var sleepers: [Int: DispatchSemaphore] = [:]
        var spare: [ChunkAnswers] = []
    }

    private let plan: BatchPlan
    private let threadCount: Int
    private let progress: BatchProgress?
    private let input: Mutex<Input>
    private let output: Mutex<Output>
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
        var done = ChunkAnswers()
        while let ticket = take(&chunk) {
            done.position = ticket.position
            done.failure = ticket.failure
            var (offset, line) = (0, ticket.line)
            while done.failure == nil && offset < chunk.count {
                do throws(BatchError) {
                    done.counts.add(
                        try worker.answer(chunk.bytes, from: &offset, line: &line, into: &done.answers))
                } catch {
                    done.failure = BatchFailure(error, in: ticket.place)
                }
                if done.answers.count > Self.outputBytesMax {
                    awaitTurn(ticket.number)
                    write(&done.answers)
                    done.answers.clear()
                }
            }
            worker.moveErrors(to: &done.errors)
            guard let next = finish(done, ticket.number) else { return }
            done = next
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

    /// Sleeps until everything before this ticket has been written.
    private func awaitTurn(_ ticket: Int) {
        let turn = output.withLock { output -> DispatchSemaphore? in
            if output.nextTicket == ticket { return nil }
            let turn = DispatchSemaphore(value: 0)
            output.sleepers[ticket] = turn
            return turn
        }
        turn?.wait()
    }

    /// Writes the chunk's answers and those that waited for them, or leaves them to wait. Returns where the
    /// next chunk's answers go; nil when no more is to be done.
    private func finish(_ done: ChunkAnswers, _ ticket: Int) -> ChunkAnswers? {
        let isEarly = output.withLock { $0.nextTicket != ticket && $0.waiting.count >= 2 * threadCount }
        if isEarly { awaitTurn(ticket) }
        return output.withLock { output in
            guard output.nextTicket == ticket else {
                output.waiting[ticket] = done
                return output.failure == nil ? output.spare.popLast() ?? ChunkAnswers() : nil
            }
            settle(done, &output)
            while let next = output.waiting.removeValue(forKey: output.nextTicket) {
                settle(next, &output)
                output.spare.append(next)
            }
            output.sleepers.removeValue(forKey: output.nextTicket)?.signal()
            return output.failure == nil ? done : nil
        }
    }

    /// Ends the turn of a chunk; after a failure nothing is written any more.
    private func settle(_ done: ChunkAnswers, _ output: inout Output) {
        if output.failure == nil {
            do throws(BatchFailure) {
                try output.answers.write(done.answers.bytes)
                try output.errors?.write(done.errors.bytes)
            } catch {
                output.failure = error
            }
        }
        output.counts.add(done.counts)
        if output.failure == nil { output.failure = done.failure }
        output.nextTicket += 1
        progress?.advance(
            records: output.counts.records, errors: output.counts.errors, bytes: done.position)
        done.clear()
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
