// SPDX-License-Identifier: Apache-2.0
private import CPosix

extension FileDescriptor {
    /// Gives the disk back what the file holds in `range`; it reads as zeros then, and the file keeps its
    /// size.
    ///
    /// - Returns: false where the file system cannot.
    package borrowing func punchHole(_ range: Range<Int>) -> Bool {
        cposix_punch_hole(number, Int64(range.lowerBound), Int64(range.count)) == 0
    }
}
