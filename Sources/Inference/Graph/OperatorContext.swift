// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat

/// Where a node finds a value.
enum ValueReference: Sendable, Equatable {
    /// An optional input left out, or an output that nobody reads.
    case none
    case slot(Int)
    case constant(Int)
}

/// The memory that graphs are run in, kept from request to request; one a thread, any graph.
///
/// A slot holds one value after the other; the memory of the last is used for the next of its type.
final class GraphFrame {
    fileprivate(set) var slots: [Tensor] = []
    /// What chains of layers work in.
    fileprivate var layerMemory = LayerMemory()

    func reserve(_ count: Int) {
        while slots.count < count { slots.append(Tensor(shape: Shape(0), elements: .float32([]))) }
    }

    func set(_ slot: Int, _ tensor: Tensor) { slots[slot] = tensor }

    /// Gives memory beyond `elements` a slot back.
    func releaseMemory(above elements: Int) {
        for index in slots.indices where slots[index].elements.count > elements {
            slots[index] = Tensor(shape: Shape(0), elements: .float32([]))
        }
        layerMemory.release(above: elements)
    }
}

/// One node's view of the values: what it reads and where it writes.
struct OperatorContext {
    private let frame: GraphFrame
    private let constants: [Tensor]
    private let inputs: [ValueReference]
    private let outputs: [ValueReference]
    /// Inputs that stand in for those of the node: converted to a wider type.
    var replacements: [Tensor?]?

    init(
        frame: GraphFrame, constants: [Tensor], inputs: [ValueReference], outputs: [ValueReference]
    ) {
        self.frame = frame
        self.constants = constants
        self.inputs = inputs
        self.outputs = outputs
    }

    var inputCount: Int { inputs.count }
    var outputCount: Int { outputs.count }

    /// Nil for an optional input that was left out.
    func optionalInput(_ index: Int) -> Tensor? {
        if let replacements { return index < replacements.count ? replacements[index] : nil }
        guard index < inputs.count else { return nil }
        switch inputs[index] {
        case .none: return nil
        case .slot(let slot): return frame.slots[slot]
        case .constant(let constant): return constants[constant]
        }
    }

    func input(_ index: Int) throws(OperatorError) -> Tensor {
        guard let tensor = optionalInput(index) else { throw OperatorError("input \(index) is missing") }
        return tensor
    }

    func wants(_ output: Int) -> Bool { output < outputs.count && outputs[output] != .none }

    func set(_ output: Int, _ tensor: Tensor) {
        guard output < outputs.count, case .slot(let slot) = outputs[output] else { return }
        frame.slots[slot] = tensor
    }

    func set<Element: TensorElement>(_ output: Int, _ shape: Shape, _ array: [Element]) {
        set(output, Tensor(shape: shape, elements: Element.elements(array)))
    }

    func output(_ index: Int) -> Tensor? {
        guard index < outputs.count, case .slot(let slot) = outputs[index] else { return nil }
        return frame.slots[slot]
    }

    func withLayerMemory(_ body: (inout LayerMemory) -> Void) { body(&frame.layerMemory) }

    /// Memory for an output of `shape`, to be filled and set: that of the value that stood in its slot
    /// before where it is large enough. Every element must be written.
    func memory<Element: TensorElement>(
        _: Element.Type, _ output: Int, _ shape: Shape
    ) throws(OperatorError) -> [Element] {
        guard let count = shape.checkedCount else {
            throw OperatorError("a result of shape \(shape) is too large")
        }
        guard output < outputs.count, case .slot(let slot) = outputs[output] else {
            return Array(repeating: Element.filler, count: count)
        }
        if var array = Element.array(of: frame.slots[slot].elements), array.count >= count {
            // Taken out of the slot, so that writing to it copies nothing.
            frame.slots[slot].elements = .float32([])
            if array.count > 4 * count + 1_024 { array.removeLast(array.count - count) }
            return array
        }
        return Array(repeating: Element.filler, count: count)
    }
}

/// An operator with its attributes, ready to run; immutable.
protocol OperatorKernel: Sendable {
    func run(_ context: inout OperatorContext) throws(OperatorError)
    /// Whether each place of the first axis of the answer depends on that place of the first input alone.
    var answersRowsAlone: Bool { get }
}

extension OperatorKernel {
    var answersRowsAlone: Bool { false }
}
