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

    /// Joins the tensors of parts along their first axis; false, and nothing changed, where they are none of
    /// Float32.
    package mutating func joinTensors(_ parts: [[Tensor]]) -> Bool {
        guard let first = parts.first, !first.isEmpty, parts.allSatisfy({ $0.count == first.count }) else {
            return false
        }
        var joined: [Tensor] = []
        for output in first.indices {
            var shape = first[output].shape
            guard shape.rank > 0 else { return false }
            shape[0] = 0
            var elements: [Float] = []
            elements.reserveCapacity(parts.reduce(0) { $0 + $1[output].count })
            for part in parts {
                let tensor = part[output]
                guard case .float32(let numbers) = tensor.elements, tensor.shape.rank == shape.rank else {
                    return false
                }
                elements += numbers.prefix(tensor.count)
                shape[0] += tensor.shape[0]
            }
            joined.append(Tensor(shape: shape, elements: .float32(elements)))
        }
        tensors = joined
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
