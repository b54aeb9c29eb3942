// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Work that is the same for every element type; `visit` is compiled once for each.
protocol ElementVisitor {
    associatedtype Result
    mutating func visit<Element: TensorElement>(_ array: [Element]) throws(OperatorError) -> Result
}

extension TensorElements {
    func accept<Visitor: ElementVisitor>(
        _ visitor: inout Visitor
    ) throws(OperatorError) -> Visitor.Result {
        switch self {
        case .float32(let array): try visitor.visit(array)
        case .uint8(let array): try visitor.visit(array)
        case .int8(let array): try visitor.visit(array)
        case .uint16(let array): try visitor.visit(array)
        case .int16(let array): try visitor.visit(array)
        case .int32(let array): try visitor.visit(array)
        case .int64(let array): try visitor.visit(array)
        case .string(let array): try visitor.visit(array)
        case .bool(let array): try visitor.visit(array)
        case .float16(let array): try visitor.visit(array)
        case .float64(let array): try visitor.visit(array)
        case .uint32(let array): try visitor.visit(array)
        case .uint64(let array): try visitor.visit(array)
        case .bfloat16(let array): try visitor.visit(array)
        }
    }

    /// No elements, of a type.
    static func empty(_ type: ElementType) -> TensorElements {
        switch type {
        case .float32: .float32([])
        case .uint8: .uint8([])
        case .int8: .int8([])
        case .uint16: .uint16([])
        case .int16: .int16([])
        case .int32: .int32([])
        case .int64: .int64([])
        case .string: .string([])
        case .bool: .bool([])
        case .float16: .float16([])
        case .float64: .float64([])
        case .uint32: .uint32([])
        case .uint64: .uint64([])
        case .bfloat16: .bfloat16([])
        }
    }
}

/// A list of runs of elements: where each begins in the source (-1: filler), all of one length. What most
/// operators that move elements come down to.
struct RunList {
    var starts: [Int]
    var length: Int

    var count: Int { starts.count * length }
}

/// Copies runs of a tensor one after the other.
private struct RunCopier: ElementVisitor {
    let runs: RunList
    /// One element of the tensor's type, instead of its filler.
    let fill: TensorElements?

    func visit<Element: TensorElement>(_ array: [Element]) throws(OperatorError) -> TensorElements {
        let fill = fill.flatMap { Element.array(of: $0) }?.first ?? Element.filler
        let source = array.span
        let length = runs.length
        let starts = runs.starts.span
        let result = [Element](filledCount: runs.count, filler: fill) { target in
            var place = 0
            if length == 1 {
                for index in starts.indices {
                    let start = starts[index]
                    if start >= 0 { target[index] = source[start] }
                }
                return
            }
            for index in starts.indices {
                let start = starts[index]
                if start >= 0 { for offset in 0..<length { target[place + offset] = source[start + offset] } }
                place += length
            }
        }
        return Element.elements(result)
    }
}

extension Array {
    /// An array of fillers that `body` then writes to.
    init(
        filledCount count: Int, filler: Element,
        _ body: (inout MutableSpan<Element>) -> Void
    ) {
        self = Array(repeating: filler, count: count)
        var span = mutableSpan
        body(&span)
    }
}

extension Tensor {
    /// The tensor of `shape` whose elements are the runs, one after the other.
    func gathered(
        _ runs: RunList, shape: Shape, fill: TensorElements? = nil
    ) throws(OperatorError) -> Tensor {
        guard shape.checkedCount == runs.count else { throw OperatorError("a result of \(shape) elements") }
        var copier = RunCopier(runs: runs, fill: fill)
        return Tensor(shape: shape, elements: try elements.accept(&copier))
    }
}
