// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Tabular

/// Binary tensors are read as a loop over their elements would read them.
@Suite struct RowBlockBytesTests {
    private static let numbers = Datatype.allCases.filter { $0.byteWidth != nil }

    @Test(arguments: numbers, [NumberType.float32, .float64])
    func filledColumns_areThoseOfALoop(_ datatype: Datatype, _ type: NumberType) throws {
        var random = SystemRandomNumberGenerator()
        let width = try #require(datatype.byteWidth)
        for (columns, rows) in [(0..<5, 7), (0..<5, 4), (1..<3, 7), (4..<5, 1), (2..<2, 7), (0..<5, 0)] {
            let bytes = (0..<rows * columns.count * width).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var filled = block(type)
            var expected = block(type)
            filled.fill(columns, rows: rows, from: bytes.span, datatype)
            var offset = 0
            for row in 0..<rows {
                for column in columns {
                    let bits = (0..<width).reduce(UInt64(0)) {
                        $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1)
                    }
                    expected.set(datatype.number(bits: bits), row: row, column: column)
                    offset += width
                }
            }
            for row in 0..<7 {
                for column in 0..<5 {
                    let (found, wanted) = (
                        filled.value(row: row, column: column), expected.value(row: row, column: column)
                    )
                    #expect(found == wanted || (found.isNaN && wanted.isNaN))
                }
            }
        }
    }

    private func block(_ type: NumberType) -> RowBlock {
        var block = RowBlock()
        block.reset(columnCount: 5, numberType: type)
        block.appendRows(7)
        return block
    }
}
