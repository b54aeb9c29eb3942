// SPDX-License-Identifier: Apache-2.0

/// Rows of numbers, row-major, in the one memory that a request's numbers are parsed into and a kernel reads.
///
/// Numbers arrive as correctly rounded Float64 and are narrowed to the block's `numberType` when they are
/// stored. Missing is NaN; a category is its index. The memory is kept between requests.
@safe package struct RowBlock: ~Copyable {
    package private(set) var numberType = NumberType.float32
    package private(set) var columnCount = 0
    package private(set) var rowCount = 0

    /// Cells that fit into the memory, counted as Float64.
    private var capacity: Int
    private var base: UnsafeMutableRawPointer
    private var texts = TextList()

    package init() {
        capacity = 64
        // Safe because the memory is owned by this value alone and freed in `deinit`.
        unsafe base = .allocate(byteCount: 64 * 8, alignment: 64)
    }

    deinit {
        // Safe because nothing can hold the memory after its only owner is gone.
        unsafe base.deallocate()
    }

    package var cellCount: Int { rowCount * columnCount }

    /// Starts an empty block of `columnCount` columns; earlier rows are forgotten.
    package mutating func reset(columnCount: Int, numberType: NumberType) {
        precondition(columnCount >= 0, "a block has no negative width")
        self.columnCount = columnCount
        self.numberType = numberType
        rowCount = 0
        if !texts.isEmpty { texts.removeAll() }
    }

    /// Appends `rows` rows of missing values. The caller has bounded `rows` before.
    package mutating func appendRows(_ rows: Int) {
        let first = cellCount
        let added = rows * columnCount
        reserve(first + added)
        // Safe because `reserve` made room for `first + added` cells of either type.
        switch numberType {
        case .float32:
            unsafe base.assumingMemoryBound(to: Float.self).advanced(by: first)
                .initialize(repeating: .nan, count: added)
        case .float64:
            unsafe base.assumingMemoryBound(to: Double.self).advanced(by: first)
                .initialize(repeating: .nan, count: added)
        }
        rowCount += rows
    }

    /// Appends rows of another block of the same width and type.
    package mutating func append(_ range: Range<Int>, of other: borrowing RowBlock) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= other.rowCount, "rows beyond the other block")
        precondition(
            other.columnCount == columnCount && other.numberType == numberType, "blocks of different kinds")
        let first = cellCount
        let added = range.count * columnCount
        reserve(first + added)
        let width = numberType == .float32 ? 4 : 8
        // Safe because `reserve` made room for `added` cells, and the range lies in the other block.
        unsafe base.advanced(by: first * width).copyMemory(
            from: other.base.advanced(by: range.lowerBound * columnCount * width), byteCount: added * width)
        rowCount += range.count
        if !other.texts.isEmpty { adoptTexts(of: other, range) }
    }

    /// Gives the last `range.count` rows, which are copies of another block's, their own copies of its texts.
    private mutating func adoptTexts(of other: borrowing RowBlock, _ range: Range<Int>) {
        let first = rowCount - range.count
        for column in other.texts.columns {
            texts.addColumn(column)
            for row in range {
                guard let text = other.text(row: row, column: column) else { continue }
                let number = texts.append(text)
                set(Double(number), row: first + row - range.lowerBound, column: column)
            }
        }
    }

    /// Stores free text at `row` and `column`: the block keeps it, and the cell holds its number.
    package mutating func setText(_ text: Span<UInt8>, row: Int, column: Int) {
        texts.addColumn(column)
        set(Double(texts.append(text)), row: row, column: column)
    }

    package mutating func setText(_ text: String, row: Int, column: Int) {
        setText(text.utf8Span.span, row: row, column: column)
    }

    /// The text of a cell; nil when it is missing, or holds no text of this block.
    @_lifetime(borrow self)
    package func text(row: Int, column: Int) -> Span<UInt8>? {
        guard let number = Int(exactly: value(row: row, column: column)), texts.holds(number) else {
            return nil
        }
        return texts[number]
    }

    /// Stores `value` at `row` and `column`, narrowed to the block's type.
    package mutating func set(_ value: Double, row: Int, column: Int) {
        precondition(
            row >= 0 && row < rowCount && column >= 0 && column < columnCount, "cell outside the block")
        let cell = row * columnCount + column
        // Safe because the precondition keeps the cell inside the initialised rows.
        switch numberType {
        case .float32: unsafe base.assumingMemoryBound(to: Float.self)[cell] = Float(value)
        case .float64: unsafe base.assumingMemoryBound(to: Double.self)[cell] = value
        }
    }

    /// The value at `row` and `column`, widened.
    package func value(row: Int, column: Int) -> Double {
        precondition(
            row >= 0 && row < rowCount && column >= 0 && column < columnCount, "cell outside the block")
        let cell = row * columnCount + column
        // Safe because the precondition keeps the cell inside the initialised rows.
        switch numberType {
        case .float32: return Double(unsafe base.assumingMemoryBound(to: Float.self)[cell])
        case .float64: return unsafe base.assumingMemoryBound(to: Double.self)[cell]
        }
    }

    /// All cells of a FP32 block.
    package var float32: Span<Float> {
        @_lifetime(borrow self)
        get {
            precondition(numberType == .float32, "the block holds FP64")
            // Safe because all `cellCount` cells are initialised and live as long as the borrow.
            let start = unsafe UnsafePointer(base.assumingMemoryBound(to: Float.self))
            return unsafe _overrideLifetime(Span(_unsafeStart: start, count: cellCount), borrowing: self)
        }
    }

    /// All cells of a FP64 block.
    package var float64: Span<Double> {
        @_lifetime(borrow self)
        get {
            precondition(numberType == .float64, "the block holds FP32")
            // Safe because all `cellCount` cells are initialised and live as long as the borrow.
            let start = unsafe UnsafePointer(base.assumingMemoryBound(to: Double.self))
            return unsafe _overrideLifetime(Span(_unsafeStart: start, count: cellCount), borrowing: self)
        }
    }

    /// All cells of a FP32 block, to be written.
    package var mutableFloat32: MutableSpan<Float> {
        @_lifetime(&self)
        mutating get {
            precondition(numberType == .float32, "the block holds FP64")
            // Safe because all `cellCount` cells are initialised and the span holds `self` exclusively.
            let start = unsafe base.assumingMemoryBound(to: Float.self)
            return unsafe _overrideLifetime(
                MutableSpan(_unsafeStart: start, count: cellCount), mutating: &self)
        }
    }

    /// All cells of a FP64 block, to be written.
    package var mutableFloat64: MutableSpan<Double> {
        @_lifetime(&self)
        mutating get {
            precondition(numberType == .float64, "the block holds FP32")
            // Safe because all `cellCount` cells are initialised and the span holds `self` exclusively.
            let start = unsafe base.assumingMemoryBound(to: Double.self)
            return unsafe _overrideLifetime(
                MutableSpan(_unsafeStart: start, count: cellCount), mutating: &self)
        }
    }

    /// Where the cells lie, for a caller that has checked their type and stays among them.
    mutating func cells<Cell>(of type: Cell.Type) -> UnsafeMutablePointer<Cell> {
        // Safe because the memory is aligned for either type; the rest is the caller's promise.
        unsafe base.assumingMemoryBound(to: Cell.self)
    }

    /// Gives memory beyond `cells` cells back; called when the owner goes idle after a large request.
    package mutating func releaseMemory(above cells: Int) {
        if capacity > cells && cellCount <= cells { reallocate(to: max(cells, 64)) }
        texts.releaseMemory(above: cells * 8)
    }

    private mutating func reserve(_ cells: Int) {
        if cells > capacity { reallocate(to: max(cells, capacity * 2)) }
    }

    private mutating func reallocate(to cells: Int) {
        // Safe because the new memory holds at least the initialised cells and the old is freed after the
        // copy.
        let moved = UnsafeMutableRawPointer.allocate(byteCount: cells * 8, alignment: 64)
        let width = numberType == .float32 ? 4 : 8
        unsafe moved.copyMemory(from: base, byteCount: cellCount * width)
        unsafe base.deallocate()
        unsafe base = moved
        capacity = cells
    }
}
