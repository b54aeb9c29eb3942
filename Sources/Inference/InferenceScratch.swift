// SPDX-License-Identifier: Apache-2.0
internal import Preprocess
internal import Tabular

/// Memory that kernels work in, kept between requests; one a thread, any model.
package struct InferenceScratch: ~Copyable {
    /// Rows after preprocessing, as the estimator reads them.
    var prepared = RowBlock()
    var preprocessing = PreprocessingScratch()
    var memory = KernelMemory()
    var explanation = ExplanationMemory()
    /// Made by the first operator graph.
    lazy var graphFrame = GraphFrame()

    package init() {}

    /// Gives memory beyond `cells` cells a block back; for an owner that goes idle after a large request.
    package mutating func releaseMemory(above cells: Int) {
        prepared.reset(columnCount: 0, numberType: .float32)
        prepared.releaseMemory(above: cells)
        memory.release(above: cells)
        explanation.release(above: cells)
        graphFrame.releaseMemory(above: cells)
    }
}

/// What kernels keep while they run: rows of a block as the trees' slots see them and their sums, the wide
/// ones where trees compare or add up in Float64; what layers of a network answered.
struct KernelMemory {
    var current: [Float] = []
    var next: [Float] = []
    var wideCurrent: [Double] = []
    var wideNext: [Double] = []
    var layers = LayerMemory()

    fileprivate mutating func release(above cells: Int) {
        if current.capacity > cells { current = [] }
        if next.capacity > cells { next = [] }
        if wideCurrent.capacity > cells { wideCurrent = [] }
        if wideNext.capacity > cells { wideNext = [] }
        layers.release(above: cells)
    }
}
