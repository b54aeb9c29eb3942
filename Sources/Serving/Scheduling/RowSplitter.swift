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
        guard model.answersRowsAlone, let parts = parts(rowCount, cost: cost) else {
            return model.predict(
                workspace.rows, into: &workspace.predictions, scratch: &workspace.scratch)
        }
        share(Job(model, parts, rows: workspace, tensors: nil))
        model.begin(&workspace.predictions, rows: rowCount)
        for part in parts { workspace.predictions.insert(part.predictions, at: part.range.lowerBound) }
    }

    /// `model.predict` for tensors, whose first axis are the rows, into the workspace's predictions.
    ///
    /// - Throws: what an operator cannot do with these tensors.
    package func predict(
        _ model: CompiledModel, _ tensors: [Tensor], _ workspace: Workspace, cost: UInt64
    ) throws(GraphError) {
        if model.answersRowsAlone, tensors.count == 1, tensors[0].shape.rank > 0,
            let parts = parts(tensors[0].shape[0], cost: cost)
        {
            let job = Job(model, parts, rows: nil, tensors: tensors)
            share(job)
            if let error = job.failure.withLock({ $0 }) { throw error }
            if workspace.predictions.joinTensors(parts.map { $0.predictions.tensors }) { return }
        }
        try model.predict(tensors, into: &workspace.predictions, scratch: &workspace.scratch)
    }

    /// Parts of `rowCount` rows, nil where that is not worth it.
    private func parts(_ rowCount: Int, cost: UInt64) -> [Part]? {
        guard threads > 1, cost >= Self.costMin else { return nil }
        let steps = (rowCount + Self.rowStep - 1) / Self.rowStep
        let count = min(threads * Self.partsPerThread, steps)
        guard count > 1 else { return nil }
        return (0..<count).map { part in
            let first = min(rowCount, steps * part / count * Self.rowStep)
            return Part(first..<min(rowCount, steps * (part + 1) / count * Self.rowStep))
        }
    }

    private func share(_ job: Job) {
        DispatchQueue.concurrentPerform(iterations: min(threads, job.parts.count)) { _ in job.work() }
    }
}

/// Rows of a block, and their answers.
private final class Part {
    let range: Range<Int>
    var predictions = Predictions()

    init(_ range: Range<Int>) { self.range = range }
}

/// One block on its way through several threads.
///
/// Safe because the rows are only read while their owner waits, and each part is used by the one thread that
/// took its number, and by the owner afterwards.
private final class Job: @unchecked Sendable {
    let parts: [Part]
    let failure = Mutex<GraphError?>(nil)
    private let model: CompiledModel
    private let rows: Workspace?
    private let tensors: [Tensor]?
    private let next = Atomic<Int>(0)

    init(_ model: CompiledModel, _ parts: [Part], rows: Workspace?, tensors: [Tensor]?) {
        self.model = model
        self.parts = parts
        self.rows = rows
        self.tensors = tensors
    }

    /// Takes one part after the other, until none is left.
    func work() {
        var scratch = InferenceScratch()
        var memory: [Float] = []
        while true {
            let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if number >= parts.count { return }
            answer(parts[number], &scratch, &memory)
        }
    }

    /// `memory` holds the numbers of the part's tensor, so that the next part needs no new pages.
    private func answer(_ part: Part, _ scratch: inout InferenceScratch, _ memory: inout [Float]) {
        if let rows {
            return model.predict(
                rows.rows, range: part.range, into: &part.predictions, scratch: &scratch)
        }
        do throws(GraphError) {
            guard let tensor = tensors?.first?.rows(part.range, memory: &memory) else { return }
            try model.predict([tensor], into: &part.predictions, scratch: &scratch)
            tensor.giveMemory(to: &memory)
        } catch {
            failure.withLock { $0 = $0 ?? error }
        }
    }
}
