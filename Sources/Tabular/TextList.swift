// SPDX-License-Identifier: Apache-2.0

/// The texts of a block of rows: one run of bytes, and where each text ends.
///
/// State: owned by its block. Empty, and without memory, for blocks of models that read no text.
struct TextList: ~Copyable {
    /// The columns whose cells are numbers of texts, ascending.
    private(set) var columns: [Int] = []
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    var isEmpty: Bool { ends.isEmpty }

    func holds(_ number: Int) -> Bool { number >= 0 && number < ends.count }

    subscript(number: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let start = number == 0 ? 0 : ends[number - 1]
            return bytes.span.extracting(start..<ends[number])
        }
    }

    mutating func addColumn(_ column: Int) {
        if let last = columns.last, last >= column {
            if columns.contains(column) { return }
            columns.append(column)
            columns.sort()
        } else {
            columns.append(column)
        }
    }

    /// Adds a text and returns its number.
    mutating func append(_ text: Span<UInt8>) -> Int {
        for index in text.indices { bytes.append(text[index]) }
        ends.append(bytes.count)
        return ends.count - 1
    }

    mutating func removeAll() {
        columns.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    mutating func releaseMemory(above limit: Int) {
        guard bytes.capacity > limit, bytes.count <= limit else { return }
        bytes = Array(bytes)
        ends = Array(ends)
    }
}
