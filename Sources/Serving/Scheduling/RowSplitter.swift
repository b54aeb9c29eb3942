// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
package import Inference
internal import Synchronization
internal import Tabular

/// Answers large blocks of rows by several threads, a part each at a time; a row's answer is the same as
/// without. See docs/internals/scheduling.md.
package struct RowSplitter: Sendable {
    /// Threads that may answer one request, the caller's among them.
    package let threads: Int

    /// What a block must be expected to take, in nanoseconds, before a second thread is asked: some hundred
    /// times what waking it costs.
    package static let costMin: UInt64 = 1_000_000
    /// Parts for each thread, so that one that is held up, or begins late, leaves the rest to the others. By
    /// two threads 100,000 rows of a network gain 1.88 times with 16, 1.83 with 4.
    private static let partsPerThread = 16
    /// Parts are whole blocks of the kernels.
    private static let rowStep = 64

    package init(threads: Int) { self.threads = max(1, threads) }

    /// `model.predict` for the workspace's rows, which is expected to take `cost` nanoseconds.
    package func predict(_ model: CompiledModel, _ workspace: Workspace, cost: UInt64) {
        let rowCount = workspace.rows.rowCount
        guard model.answersRowsAlone, let ranges = parts(rowCount, cost: cost) else {
            return model.predict(
                workspace.rows, into: &workspace.predictions, scratch: &workspace.scratch)
        }
        let parts = ranges.map { Part($0) }
        let shared = SharedWorkspace(workspace)
        share(parts.count) { numbers in
            var scratch = InferenceScratch()
            while let number = numbers.next() {
                let part = parts[number]
                model.predict(
                    shared.workspace.rows, range: part.range, into: &part.predictions, scratch: &scratch)
            }
        }
        model.begin(&workspace.predictions, rows: rowCount)
        for part in parts { workspace.predictions.insert(part.predictions, at: part.range.lowerBound) }
    }

    /// `model.predict` for tensors, whose first axis are the rows, into the workspace's predictions.
    ///
    /// - Throws: what an operator cannot do with these tensors.
    package func predict(
        _ model: CompiledModel, _ tensors: [Tensor], _ workspace: Workspace, cost: UInt64
    ) throws(GraphError) {
        if try predictParts(model, tensors, workspace, cost: cost) { return }
        try model.predict(tensors, into: &workspace.predictions, scratch: &workspace.scratch)
    }

    /// The same by several threads; false where it is not worth it, or the graph's rows need each other.
    private func predictParts(
        _ model: CompiledModel, _ tensors: [Tensor], _ workspace: Workspace, cost: UInt64
    ) throws(GraphError) -> Bool {
        guard model.answersRowsAlone, tensors.count == 1, let input = tensors.first, input.shape.rank > 0,
            let parts = parts(input.shape[0], cost: cost)
        else { return false }
        // One row shows how large an answer is.
        var memory: [Float] = []
        guard let first = input.rows(0..<1, memory: &memory) else { return false }
        try model.predict([first], into: &workspace.predictions, scratch: &workspace.scratch)
        let failure = Mutex<GraphError?>(nil)
        let isFilled = Mutex(true)
        let isAnswered = workspace.predictions.fillTensors(rowCount: input.shape[0]) { outputs in
            share(parts.count) { numbers in
                var scratch = InferenceScratch()
                var predictions = Predictions()
                // Holds the numbers of the part, so that the next one needs no new pages.
                var memory: [Float] = []
                while let number = numbers.next() {
                    do throws(GraphError) {
                        var isPut = false
                        if let part = input.rows(parts[number], memory: &memory) {
                            try model.predict([part], into: &predictions, scratch: &scratch)
                            part.giveMemory(to: &memory)
                            isPut = outputs.put(predictions.tensors, rows: parts[number])
                        }
                        if !isPut { isFilled.withLock { $0 = false } }
                    } catch {
                        failure.withLock { $0 = $0 ?? error }
                    }
                }
            }
            return isFilled.withLock { $0 } && failure.withLock { $0 == nil }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return isAnswered
    }

    /// Parts of `rowCount` rows, nil where that is not worth it.
    private func parts(_ rowCount: Int, cost: UInt64) -> [Range<Int>]? {
        guard threads > 1, cost >= Self.costMin else { return nil }
        let steps = (rowCount + Self.rowStep - 1) / Self.rowStep
        let count = min(threads * Self.partsPerThread, steps)
        guard count > 1 else { return nil }
        return (0..<count).map { part in
            steps * part / count * Self.rowStep..<min(rowCount, steps * (part + 1) / count * Self.rowStep)
        }
    }

    /// Runs `work` on several threads, which take the numbers up to `count` from one counter.
    private func share(_ count: Int, _ work: @Sendable (borrowing Numbers) -> Void) {
        let numbers = Numbers(count)
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in work(numbers) }
    }
}

/// The numbers of the parts, each of which one thread takes.
private struct Numbers: ~Copyable, Sendable {
    private let count: Int
    private let taken = Atomic<Int>(0)

    init(_ count: Int) { self.count = count }

    /// Nil when all are taken.
    borrowing func next() -> Int? {
        let number = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }
}

/// Rows of a block, and their answers.
// Safe because it is used by the one thread that took its number, and by the owner afterwards.
private final class Part: @unchecked Sendable {
    let range: Range<Int>
    var predictions = Predictions()

    init(_ range: Range<Int>) { self.range = range }
}

/// Whose rows several threads read.
// Safe because they only read, while the owner waits.
private struct SharedWorkspace: @unchecked Sendable {
    let workspace: Workspace

    init(_ workspace: Workspace) { self.workspace = workspace }
}
