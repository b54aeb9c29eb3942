// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Inference
internal import Registry
internal import Synchronization
internal import Tabular
internal import Telemetry

/// Asks shadows what others have answered, compares and counts; nobody gets the answers.
///
/// State: the queue is small and shared (`Mutex`); a thread of its own works it off while there is something,
/// after all others.
final class ShadowRunner: Sendable {
    /// A request that was answered, copied.
    private struct Copy: Sendable {
        let shadow: LoadedModel
        let answering: LoadedModel
        /// Row by row, as wide as the schema.
        let cells: [Double]
        let answers: [Double]
    }

    private struct State {
        var copies: [Copy] = []
        var isRunning = false
    }

    /// Copies that may wait.
    static let copiesMax = 256
    /// Larger requests are not copied.
    static let cellsMax = 1 << 16
    private static let niceness: CInt = 15
    /// Answers differ when they are further apart than this part of the greater of them and 1.
    private static let tolerance = 1e-6

    private let metrics: MetricRegistry
    private let state = Mutex(State())

    init(_ metrics: MetricRegistry) { self.metrics = metrics }

    /// Copies what the workspace was asked and answered, if there is room.
    func submit(_ shadow: LoadedModel, answering: LoadedModel, _ workspace: Workspace) {
        let isFull = state.withLock { $0.copies.count >= Self.copiesMax }
        guard !isFull, workspace.rows.cellCount <= Self.cellsMax else {
            return metrics.shadow(model: shadow.name, version: shadow.versionText).count(.dropped)
        }
        let copy = Copy(
            shadow: shadow, answering: answering, cells: Self.cells(workspace.rows),
            answers: Self.cells(workspace.predictions.values))
        let starts = state.withLock { state in
            state.copies.append(copy)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        do {
            try PosixThread.detach { [self] in
                PosixThread.yieldToOthers(niceness: Self.niceness, isBackground: true)
                run()
            }
        } catch {
            // Out of threads: the next copy tries again.
            state.withLock { $0.isRunning = false }
        }
    }

    private static func cells(_ block: borrowing RowBlock) -> [Double] {
        var cells: [Double] = []
        cells.reserveCapacity(block.cellCount)
        for row in 0..<block.rowCount {
            for column in 0..<block.columnCount { cells.append(block.value(row: row, column: column)) }
        }
        return cells
    }

    // MARK: On its thread

    private func run() {
        var rows = RowBlock()
        var predictions = Predictions()
        var scratch = InferenceScratch()
        while true {
            let next = state.withLock { state -> Copy? in
                if state.copies.isEmpty {
                    state.isRunning = false
                    return nil
                }
                return state.copies.removeFirst()
            }
            guard let copy = next else { return }
            let counts = metrics.shadow(model: copy.shadow.name, version: copy.shadow.versionText)
            let schema = copy.shadow.model.schema
            guard copy.shadow.model.tensorInputs == nil,
                schema.features == copy.answering.model.schema.features,
                schema.count > 0
            else {
                counts.count(.incompatible)
                continue
            }
            rows.reset(columnCount: schema.count, numberType: copy.shadow.model.inputType)
            let rowCount = copy.cells.count / schema.count
            rows.appendRows(rowCount)
            for (place, value) in copy.cells.enumerated() {
                rows.set(value, row: place / schema.count, column: place % schema.count)
            }
            copy.shadow.model.predict(rows, into: &predictions, scratch: &scratch)
            compare(Self.cells(predictions.values), copy.answers, rowCount: rowCount, counts)
        }
    }

    private func compare(
        _ answers: [Double], _ expected: [Double], rowCount: Int, _ counts: ShadowMetrics
    ) {
        guard answers.count == expected.count, rowCount > 0 else { return counts.count(.incompatible) }
        let width = answers.count / rowCount
        var different = 0
        for row in 0..<rowCount {
            let cells = row * width..<(row + 1) * width
            if !cells.allSatisfy({ Self.isSame(answers[$0], expected[$0]) }) { different += 1 }
        }
        counts.count(different == 0 ? .same : .different)
        counts.count(rows: rowCount, different: different)
    }

    private static func isSame(_ left: Double, _ right: Double) -> Bool {
        if left == right || (left.isNaN && right.isNaN) { return true }
        return abs(left - right) <= tolerance * max(abs(left), abs(right), 1)
    }
}
