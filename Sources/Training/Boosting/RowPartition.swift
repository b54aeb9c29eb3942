// SPDX-License-Identifier: Apache-2.0

/// The rows of a tree, grouped by leaf, and how the rows of one leaf are divided.
///
/// Chunks of the rows are divided by different threads, each into its own part of a second array: those that
/// go left from the front, those that go right from the back. Then they are copied to their places, each side
/// in its old order.
@safe final class RowPartition: Sendable {
    let rows: NumberMemory<UInt32>
    private let divided: NumberMemory<UInt32>
    /// The histograms follow while the numbers of the divided rows are in the cache: so many rows at a time.
    static let stepRows = 2_048

    init(rowCount: Int) {
        rows = NumberMemory(count: rowCount, repeating: 0)
        divided = NumberMemory(count: rowCount, repeating: 0)
    }

    /// Divides the rows of `chunk`; `directions` says 1 for bins that go left. Calls `body` after each step
    /// with the rows that went to the side `followsLeft`. Returns how many went left.
    func divide(
        _ chunk: Range<Int>, _ column: UnsafePointer<UInt8>, _ directions: [UInt8], followsLeft: Bool,
        _ body: (UnsafePointer<UInt32>, Int) -> Void
    ) -> Int {
        precondition(directions.count == 256, "a direction for each bin")
        var left = chunk.lowerBound
        var right = chunk.upperBound - 1
        var first = chunk.lowerBound
        // Safe because left and right start at the chunk's ends and come one step closer to each other with
        // each of its rows; bins are below 256.
        while first < chunk.upperBound {
            let end = min(first + RowPartition.stepRows, chunk.upperBound)
            let (oldLeft, oldRight) = (left, right)
            unsafe directions.withUnsafeBufferPointer { directions in
                guard let directions = directions.baseAddress else { return }
                let source = unsafe rows.start
                let target = unsafe divided.start
                for index in first..<end {
                    let row = unsafe source[index]
                    let isLeft = unsafe Int(directions[Int(column[Int(row)])])
                    unsafe target[left] = row
                    unsafe target[right] = row
                    left = left &+ isLeft
                    right = right &- (1 &- isLeft)
                }
            }
            if followsLeft {
                if left > oldLeft { unsafe body(UnsafePointer(divided.start + oldLeft), left - oldLeft) }
            } else if oldRight > right {
                unsafe body(UnsafePointer(divided.start + right + 1), oldRight - right)
            }
            first = end
        }
        return left - chunk.lowerBound
    }

    /// Copies a divided chunk to its places: `leftCount` rows from `left` on, the others from `right` on.
    func place(_ chunk: Range<Int>, leftCount: Int, left: Int, right: Int) {
        // Safe because the sides of all chunks together fill the leaf's range once.
        unsafe (rows.start + left).update(from: divided.start + chunk.lowerBound, count: leftCount)
        let rightCount = chunk.count - leftCount
        let source = unsafe divided.start + chunk.upperBound - 1
        let target = unsafe rows.start + right
        for index in 0..<rightCount { unsafe target[index] = source[-index] }
    }
}
