// SPDX-License-Identifier: Apache-2.0
private import CONNXRuntime
import Glibc
package import ModelFormat

/// One model in ONNX Runtime. Immutable; any number of threads may run it at once, each on its own thread.
@safe package final class ONNXRuntimeSession: Sendable {
    let library: ONNXRuntimeLibrary
    // Safe because the session is released in `deinit` only, and may be run by any thread.
    private nonisolated(unsafe) let session: UnsafeMutableRawPointer
    private let inputNames: ONNXRuntimeNames
    private let outputNames: ONNXRuntimeNames

    /// - Parameters:
    ///   - bytes: the ONNX file; not needed any more afterwards.
    ///   - interface: the file's inputs and outputs, which `run` takes and answers in this order.
    package init(
        _ bytes: Span<UInt8>, interface: OperatorGraph, library: ONNXRuntimeLibrary
    ) throws(ONNXRuntimeError) {
        self.library = library
        inputNames = ONNXRuntimeNames(interface.inputs.map(\.name))
        outputNames = ONNXRuntimeNames(interface.outputs.map(\.name))
        // Safe because everything is made and released by the library, and the bytes are there for the call.
        var options: UnsafeMutableRawPointer?
        try unsafe library.check(modeld_ort_create_options(library.api, &options))
        defer { unsafe modeld_ort_release(library.api, modeld_ort_release_options, options) }
        var session: UnsafeMutableRawPointer?
        let status = unsafe bytes.withUnsafeBytes { bytes in
            unsafe modeld_ort_create_session(
                library.api, library.environment, bytes.baseAddress, bytes.count, options, &session)
        }
        try unsafe library.check(status)
        guard let session = unsafe session else { throw .failed(reason: "it made no session") }
        unsafe self.session = session
    }

    deinit {
        // Safe because nobody runs a session that nobody holds.
        unsafe modeld_ort_release(library.api, modeld_ort_release_session, session)
    }

    /// Runs the model on all of `inputs` at once.
    func run(_ inputs: [Tensor], into outputs: inout [Tensor]) throws(ONNXRuntimeError) {
        var collector = ONNXRuntimeOutputs(count: outputNames.count)
        try run(inputs, row: nil, into: &collector)
        outputs = try collector.tensors(rows: nil)
    }

    /// Runs the model on one row after the other, the first axis of every input, and puts the answers
    /// together along their first axes: a row's answer cannot depend on the rows beside it.
    func run(
        _ inputs: [Tensor], rowCount: Int, into outputs: inout [Tensor]
    ) throws(ONNXRuntimeError) {
        var collector = ONNXRuntimeOutputs(count: outputNames.count)
        for row in 0..<rowCount { try run(inputs, row: row, into: &collector) }
        outputs = try collector.tensors(rows: rowCount)
    }

    private func run(
        _ inputs: [Tensor], row: Int?, into collector: inout ONNXRuntimeOutputs
    ) throws(ONNXRuntimeError) {
        // Safe because each value is made by the library, is used in this function only, and is released at
        // its end; the arrays hold as many pointers as their counts say.
        var values: [UnsafeMutableRawPointer?] = unsafe []
        var answers: [UnsafeMutableRawPointer?] = unsafe Array(repeating: nil, count: outputNames.count)
        defer {
            for index in unsafe values.indices {
                unsafe modeld_ort_release(library.api, modeld_ort_release_value, values[index])
            }
            for index in unsafe answers.indices {
                unsafe modeld_ort_release(library.api, modeld_ort_release_value, answers[index])
            }
        }
        for input in inputs { unsafe values.append(try value(input, row: row)) }
        let status = unsafe values.withUnsafeBufferPointer { values in
            unsafe answers.withUnsafeMutableBufferPointer { answers in
                unsafe modeld_ort_run(
                    library.api, session, inputNames.pointers, values.baseAddress, values.count,
                    outputNames.pointers, answers.count, answers.baseAddress)
            }
        }
        try unsafe library.check(status)
        for index in 0..<outputNames.count {
            guard let answer = unsafe answers[index] else {
                throw .failed(reason: "it did not answer the output \"\(outputNames[index])\"")
            }
            let value = unsafe ONNXRuntimeValue(library: library, value: answer)
            try value.append(to: &collector, output: index, name: outputNames[index])
        }
    }

    /// A tensor, or one row of it, in memory of the library.
    private func value(_ tensor: Tensor, row: Int?) throws(ONNXRuntimeError) -> UnsafeMutableRawPointer {
        var shape = tensor.shape
        if row != nil { shape[0] = 1 }
        let count = shape.count
        let first = (row ?? 0) * count
        let sizes = shape.dimensions.map(Int64.init)
        // Safe because the library says where the memory of `count` elements of the tensor is that it made.
        var value: UnsafeMutableRawPointer?
        let status = unsafe sizes.withUnsafeBufferPointer { sizes in
            unsafe modeld_ort_create_tensor(
                library.api, library.allocator, sizes.baseAddress, sizes.count,
                Int32(tensor.type.rawValue), &value)
        }
        try unsafe library.check(status)
        guard let value = unsafe value else { throw .failed(reason: "it made no tensor") }
        do throws(ONNXRuntimeError) {
            if case .string(let texts) = tensor.elements {
                try unsafe fill(value, with: texts[first..<first + count])
            } else if count > 0 {
                var elements: UnsafeMutableRawPointer?
                try unsafe library.check(modeld_ort_elements(library.api, value, &elements))
                var copier = unsafe ElementCopier(target: elements, range: first..<first + count)
                do throws(OperatorError) {
                    try tensor.elements.accept(&copier)
                } catch {
                    throw .failed(reason: error.reason)
                }
            }
            return unsafe value
        } catch {
            unsafe modeld_ort_release(library.api, modeld_ort_release_value, value)
            throw error
        }
    }

    private func fill(
        _ value: UnsafeMutableRawPointer, with texts: ArraySlice<String>
    ) throws(ONNXRuntimeError) {
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw .failed(reason: "a text holds a NUL, which ONNX Runtime takes for its end")
        }
        let names = ONNXRuntimeNames(Array(texts))
        // Safe because the names live for the call, which copies them.
        try unsafe library.check(
            modeld_ort_fill_strings(library.api, value, names.pointers, names.count))
    }
}

/// Copies a range of elements to memory that has room for them.
@safe private struct ElementCopier: ElementVisitor {
    // Safe because the maker says that there is room for the elements of the range.
    private var target: UnsafeMutableRawPointer?
    private var range: Range<Int>

    init(target: UnsafeMutableRawPointer?, range: Range<Int>) {
        // Safe because the copier lives no longer than the memory.
        unsafe self.target = target
        self.range = range
    }

    mutating func visit<Element: TensorElement>(_ array: [Element]) throws(OperatorError) {
        // Safe because the range lies in the array, and the target has room for as many bytes.
        guard let target = unsafe target, range.upperBound <= array.count else {
            throw OperatorError("a tensor has fewer elements than its shape says")
        }
        let width = MemoryLayout<Element>.stride
        let memory = unsafe UnsafeMutableRawBufferPointer(start: target, count: range.count * width)
        unsafe array.withUnsafeBytes { bytes in
            unsafe memory.copyMemory(
                from: UnsafeRawBufferPointer(
                    rebasing: bytes[range.lowerBound * width..<range.upperBound * width]))
        }
    }
}

/// Names as C has them. Immutable.
@safe final class ONNXRuntimeNames: Sendable {
    let count: Int
    private let texts: [String]
    // Safe because the memory is this object's, does not change, and is given back in `deinit` only.
    nonisolated(unsafe) let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>

    init(_ texts: [String]) {
        self.texts = texts
        count = texts.count
        // Safe because the memory has a place for each text, and each place gets a copy of its own.
        unsafe pointers = .allocate(capacity: max(texts.count, 1))
        unsafe pointers.initialize(repeating: nil, count: max(texts.count, 1))
        for (index, text) in texts.enumerated() {
            unsafe pointers[index] = UnsafePointer(strdup(text))
        }
    }

    subscript(index: Int) -> String { texts[index] }

    deinit {
        // Safe because nobody has the pointers any more.
        for index in 0..<count { unsafe free(UnsafeMutablePointer(mutating: pointers[index])) }
        unsafe pointers.deallocate()
    }
}
