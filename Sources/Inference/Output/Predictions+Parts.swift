// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import Tabular

/// Answers that several threads made, put together.
extension Predictions {
    /// Takes over the answers of `part`, to the same model, as those of the rows from `row` on.
    package mutating func insert(_ part: borrowing Predictions, at row: Int) {
        Self.copy(part.margins, into: &margins, at: row)
        Self.copy(part.values, into: &values, at: row)
    }

    private static func copy(_ part: borrowing RowBlock, into whole: inout RowBlock, at row: Int) {
        precondition(
            part.columnCount == whole.columnCount && part.numberType == whole.numberType
                && row >= 0 && row + part.rowCount <= whole.rowCount, "rows of the same model")
        let first = row * whole.columnCount
        switch whole.numberType {
        case .float32:
            let source = part.float32
            var target = whole.mutableFloat32
            for index in source.indices { target[first + index] = source[index] }
        case .float64:
            let source = part.float64
            var target = whole.mutableFloat64
            for index in source.indices { target[first + index] = source[index] }
        }
    }

    /// Has `tensors`, which hold the answers to some rows, hold those to `rowCount` rows: `fill` puts all of
    /// them into their places, and says whether it could.
    ///
    /// - Returns: false, and nothing is changed, where the outputs are not all rows of Float32, or `fill`
    ///   could not.
    package mutating func fillTensors(rowCount: Int, _ fill: (SharedOutputs) -> Bool) -> Bool {
        let first = tensors
        guard !first.isEmpty, first.allSatisfy({ $0.type == .float32 && $0.shape.rank > 0 }) else {
            return false
        }
        let sizes = first.map { rowCount * $0.shape.product(1..<$0.shape.rank) }
        // Safe because each place has room for the rows of its output, and is used within the call.
        let filled = unsafe Self.arrays(sizes[...]) { places in
            let outputs = unsafe SharedOutputs(like: first, rowCount: rowCount, places: places)
            return fill(outputs)
        }
        guard let filled else { return false }
        tensors = zip(first, filled).map { tensor, numbers in
            var shape = tensor.shape
            shape[0] = rowCount
            return Tensor(shape: shape, elements: .float32(numbers))
        }
        return true
    }

    /// Arrays of these sizes, filled by `fill` through one pointer each; nil when it says that it could not.
    private static func arrays(
        _ sizes: ArraySlice<Int>, _ fill: ([UnsafeMutablePointer<Float>]) -> Bool
    ) -> [[Float]]? {
        // Safe because there is no pointer.
        guard let size = sizes.first else { return unsafe fill([]) ? [] : nil }
        var others: [[Float]]?
        // Safe because the pointers are used within the call, and the array counts as filled only where
        // `fill` says that all of it is.
        let array = unsafe [Float](unsafeUninitializedCapacity: size) { buffer, count in
            guard let place = buffer.baseAddress else { return }
            unsafe others = arrays(sizes.dropFirst()) { places in unsafe fill([place] + places) }
            count = others == nil ? 0 : size
        }
        guard let others else { return nil }
        return [array] + others
    }
}

/// Outputs that several threads fill, each the rows that it has answered.
// Safe because the memory outlives the call that hands this out, `put` checks its rows, and no two threads
// answer the same row.
@safe package struct SharedOutputs: @unchecked Sendable {
    private let shapes: [Shape]
    private let rowCount: Int
    private let places: [UnsafeMutablePointer<Float>]

    /// `places[i]` has room for `rowCount` rows of `tensors[i]`.
    fileprivate init(like tensors: [Tensor], rowCount: Int, places: [UnsafeMutablePointer<Float>]) {
        shapes = tensors.map(\.shape)
        self.rowCount = rowCount
        // Safe because the memory outlives this value.
        unsafe self.places = places
    }

    /// Copies the answers to `rows`; false where they are not one a row, or not as the first ones were.
    package func put(_ tensors: [Tensor], rows: Range<Int>) -> Bool {
        guard tensors.count == shapes.count, rows.lowerBound >= 0, rows.upperBound <= rowCount else {
            return false
        }
        for (output, tensor) in tensors.enumerated() {
            guard case .float32(let numbers) = tensor.elements, tensor.shape.rank == shapes[output].rank
            else {
                return false
            }
            let width = shapes[output].product(1..<shapes[output].rank)
            guard tensor.shape[0] == rows.count, tensor.count == rows.count * width else { return false }
            // Safe because these rows lie within the output, as was just checked, and the array holds the
            // tensor's numbers.
            unsafe numbers.withUnsafeBufferPointer { source in
                guard let start = source.baseAddress else { return }
                unsafe (places[output] + rows.lowerBound * width).update(from: start, count: tensor.count)
            }
        }
        return true
    }
}

extension Tensor {
    /// Some places of the first axis, nil where the numbers are not Float32. They are copied into `memory`,
    /// which is the tensor's afterwards.
    package func rows(_ range: Range<Int>, memory: inout [Float]) -> Tensor? {
        guard case .float32(let numbers) = elements, shape.rank > 0, range.upperBound <= shape[0] else {
            return nil
        }
        let width = shape.product(1..<shape.rank)
        var part = shape
        part[0] = range.count
        var copy: [Float] = []
        swap(&copy, &memory)
        copy.removeAll(keepingCapacity: true)
        copy += numbers[range.lowerBound * width..<range.upperBound * width]
        return Tensor(shape: part, elements: .float32(copy))
    }

    /// Gives the memory of Float32 numbers on, to `rows` of the next part.
    package func giveMemory(to memory: inout [Float]) {
        if case .float32(let numbers) = elements { memory = numbers }
    }
}

extension CompiledModel {
    /// Whether each row's answer depends on that row alone, so that threads may answer parts of a block. True
    /// but for operator graphs with operators that may look at several rows.
    package var answersRowsAlone: Bool {
        guard case .graph(let model) = kernel else { return true }
        guard case .native(let graph) = model.engine else { return false }
        return graph.answersRowsAlone && inputsAreRows
    }

    private var inputsAreRows: Bool {
        guard let inputs = tensorInputs, inputs.count == 1 else { return false }
        return inputs[0].datatype == .float32 && inputs[0].dimensions?.first == .some(nil)
    }
}
