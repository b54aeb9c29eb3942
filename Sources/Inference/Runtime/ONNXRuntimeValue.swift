// SPDX-License-Identifier: Apache-2.0
private import CONNXRuntime
internal import ModelFormat

/// A view of a value that ONNX Runtime answered; whoever ran the session releases it.
@safe struct ONNXRuntimeValue: ~Copyable {
    private let library: ONNXRuntimeLibrary
    // Safe because the maker keeps the value until this view is gone.
    private let value: UnsafeMutableRawPointer

    init(library: ONNXRuntimeLibrary, value: UnsafeMutableRawPointer) {
        self.library = library
        // Safe because the maker keeps the value for as long as this view lives.
        unsafe self.value = value
    }

    /// Adds a tensor, or the scores that `ZipMap` made a list of dictionaries of, to what was answered.
    func append(
        to outputs: inout ONNXRuntimeOutputs, output: Int, name: String
    ) throws(ONNXRuntimeError) {
        var kind: Int32 = 0
        // Safe because the library writes one number.
        try unsafe library.check(modeld_ort_kind(library.api, value, &kind))
        if kind == Int32(modeld_ort_tensor) {
            let tensor = try tensor(name)
            return try outputs.append(tensor, to: output, name: name)
        }
        guard kind == Int32(modeld_ort_sequence) else {
            throw .failed(reason: "the output \"\(name)\" is neither a tensor nor a list of dictionaries")
        }
        try outputs.append(try scores(name), to: output, name: name)
    }

    private func tensor(_ name: String) throws(ONNXRuntimeError) -> Tensor {
        var code: Int32 = 0
        var rank = 0
        var sizes = [Int64](repeating: 0, count: Shape.rankMax)
        // Safe because the library writes at most as many sizes as the array has.
        let status = unsafe sizes.withUnsafeMutableBufferPointer { sizes in
            unsafe modeld_ort_describe(library.api, value, &code, sizes.baseAddress, sizes.count, &rank)
        }
        try unsafe library.check(status)
        guard rank <= Shape.rankMax, let type = ElementType(rawValue: Int(code)) else {
            throw .failed(reason: "the output \"\(name)\" has \(rank) axes of element type \(code)")
        }
        let shape = Shape(sizes.prefix(rank).map(Int.init))
        guard let count = shape.checkedCount else {
            throw .failed(reason: "the output \"\(name)\" has the shape \(shape), which is too large")
        }
        if type == .string { return Tensor(shape: shape, elements: .string(try texts(count))) }
        guard count > 0 else { return Tensor(shape: shape, elements: .empty(type)) }
        var start: UnsafeMutableRawPointer?
        try unsafe library.check(modeld_ort_elements(library.api, value, &start))
        guard let start = unsafe start else { throw .failed(reason: "the output \"\(name)\" is nowhere") }
        let memory = UnsafeRawPointer(start)
        return Tensor(shape: shape, elements: unsafe Self.elements(of: type, at: memory, count: count))
    }

    private static func elements(
        of type: ElementType, at start: UnsafeRawPointer, count: Int
    ) -> TensorElements {
        // Safe because the library has `count` elements of the type there.
        func array<Element: BitwiseCopyable>(_: Element.Type) -> [Element] {
            unsafe Array(unsafeUninitializedCapacity: count) { buffer, initialized in
                unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
                    from: UnsafeRawBufferPointer(start: start, count: count * MemoryLayout<Element>.stride))
                initialized = count
            }
        }
        return switch type {
        case .float32: .float32(array(Float.self))
        case .float64: .float64(array(Double.self))
        case .float16: .float16(array(Float16.self))
        case .bfloat16: .bfloat16(array(UInt16.self).map { BFloat16(bits: $0) })
        case .int8: .int8(array(Int8.self))
        case .int16: .int16(array(Int16.self))
        case .int32: .int32(array(Int32.self))
        case .int64: .int64(array(Int64.self))
        case .uint8: .uint8(array(UInt8.self))
        case .uint16: .uint16(array(UInt16.self))
        case .uint32: .uint32(array(UInt32.self))
        case .uint64: .uint64(array(UInt64.self))
        case .bool: .bool(array(UInt8.self).map { $0 != 0 })
        case .string: .string([])
        }
    }

    private func texts(_ count: Int) throws(ONNXRuntimeError) -> [String] {
        guard count > 0 else { return [] }
        var byteCount = 0
        // Safe because the library writes as many bytes and offsets as it is told that there is room for.
        try unsafe library.check(modeld_ort_string_bytes(library.api, value, &byteCount))
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var offsets = [Int](repeating: 0, count: count)
        let status = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe offsets.withUnsafeMutableBufferPointer { offsets in
                unsafe modeld_ort_string_content(
                    library.api, value, bytes.baseAddress, bytes.count, offsets.baseAddress, offsets.count)
            }
        }
        try unsafe library.check(status)
        return try (0..<count).map { index throws(ONNXRuntimeError) in
            let end = index + 1 < count ? offsets[index + 1] : byteCount
            guard offsets[index] <= end, end <= byteCount else {
                throw .failed(reason: "the texts of an output have no places")
            }
            return String(decoding: bytes[offsets[index]..<end], as: UTF8.self)
        }
    }

    // MARK: Scores

    /// `[rows, classes]` from a list of dictionaries, in the order of their keys.
    private func scores(_ name: String) throws(ONNXRuntimeError) -> Tensor {
        var rowCount = 0
        // Safe because the library writes one number, and gives values that are released here.
        try unsafe library.check(modeld_ort_count(library.api, value, &rowCount))
        var scores: [Float] = []
        var width = 0
        for row in 0..<rowCount {
            var element: UnsafeMutableRawPointer?
            try unsafe library.check(
                modeld_ort_element(library.api, value, Int32(row), library.allocator, &element))
            defer { unsafe modeld_ort_release(library.api, modeld_ort_release_value, element) }
            var numbers: UnsafeMutableRawPointer?
            try unsafe library.check(
                modeld_ort_element(library.api, element, 1, library.allocator, &numbers))
            defer { unsafe modeld_ort_release(library.api, modeld_ort_release_value, numbers) }
            guard let numbers = unsafe numbers else { throw .failed(reason: "a dictionary has no values") }
            let tensor = try unsafe ONNXRuntimeValue(library: library, value: numbers).tensor(name)
            guard case .float32(let row) = tensor.elements, scores.isEmpty || row.count == width else {
                throw .failed(reason: "the output \"\(name)\" is no list of scores")
            }
            width = row.count
            scores += row
        }
        return Tensor(shape: Shape(rowCount, width), elements: .float32(scores))
    }
}

/// What a session answered so far: one tensor an output, rows one below the other.
struct ONNXRuntimeOutputs {
    private var collected: [Tensor?]

    init(count: Int) { collected = Array(repeating: nil, count: count) }

    mutating func append(_ tensor: Tensor, to output: Int, name: String) throws(ONNXRuntimeError) {
        guard var sum = collected[output] else {
            collected[output] = tensor
            return
        }
        let (shape, rank) = (tensor.shape, tensor.shape.rank)
        guard rank == sum.shape.rank, rank > 0, tensor.type == sum.type,
            (1..<rank).allSatisfy({ shape[$0] == sum.shape[$0] })
        else {
            throw .failed(
                reason: "the output \"\(name)\" has another shape for another row; send one row a request")
        }
        // Not held twice while it grows.
        collected[output] = nil
        var appender = ElementAppender(sum: sum.elements)
        sum.elements = .float32([])
        do {
            try tensor.elements.accept(&appender)
        } catch {
            throw .failed(reason: error.reason)
        }
        sum.elements = appender.sum
        sum.shape[0] += shape[0]
        collected[output] = sum
    }

    /// - Parameter rows: what the first axis of each must have come to; nil: anything.
    func tensors(rows: Int?) throws(ONNXRuntimeError) -> [Tensor] {
        try collected.map { tensor throws(ONNXRuntimeError) in
            guard let tensor else { throw .failed(reason: "there is no row") }
            guard rows == nil || (tensor.shape.rank > 0 && tensor.shape[0] == rows) else {
                throw .failed(reason: "an output has not one entry a row")
            }
            return tensor
        }
    }
}

private struct ElementAppender: ElementVisitor {
    var sum: TensorElements

    mutating func visit<Element: TensorElement>(_ array: [Element]) throws(OperatorError) {
        guard var elements = Element.array(of: sum) else { throw OperatorError("the types differ") }
        sum = .float32([])
        elements += array
        sum = Element.elements(elements)
    }
}
