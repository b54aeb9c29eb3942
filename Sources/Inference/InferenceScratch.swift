// SPDX-License-Identifier: Apache-2.0
internal import Preprocess
internal import Tabular

/// Memory that kernels work in, kept between requests; one a thread, any model.
package struct InferenceScratch: ~Copyable {
    /// Rows after preprocessing, as the estimator reads them.
    var prepared = RowBlock()
    var preprocessing = PreprocessingScratch()
    /// Rows of a block as the trees' slots see them, or a network's activations.
    var current: [Float] = []
    var next: [Float] = []

    package init() {}

    /// Gives memory beyond `cells` cells a block back; for an owner that goes idle after a large request.
    package mutating func releaseMemory(above cells: Int) {
        prepared.reset(columnCount: 0, numberType: .float32)
        prepared.releaseMemory(above: cells)
        if current.capacity > cells { current = [] }
        if next.capacity > cells { next = [] }
    }
}
