// SPDX-License-Identifier: Apache-2.0

/// How an image lies in memory while layers work on it: line by line, the channels of a place side by side,
/// with zeros around it that windows may reach.
///
/// ```
/// | 0 0 0 0 0 |  top          one cell: `channels` numbers
/// | 0 a b c 0 |
/// | 0 d e f 0 |
/// | 0 0 0 0 0 |  bottom
///   left    right
/// ```
package struct PlaneLayout: Sendable, Equatable {
    package var height: Int
    package var width: Int
    package var channels: Int
    /// Lines and columns of zeros.
    package var top = 0
    package var left = 0
    package var bottom = 0
    package var right = 0

    package init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    package var isPadded: Bool { top + left + bottom + right > 0 }
    package var columns: Int { left + width + right }
    package var lines: Int { top + height + bottom }
    /// Numbers of one image.
    package var count: Int { lines * columns * channels }

    /// Where the channels of a place begin.
    package func place(line: Int, column: Int) -> Int {
        ((line + top) * columns + column + left) * channels
    }
}

/// A window that moves over an image: sizes, steps and gaps along its lines and columns.
package struct PlaneWindow: Sendable {
    package var height: Int
    package var width: Int
    package var lineStride: Int
    package var columnStride: Int
    package var lineDilation: Int
    package var columnDilation: Int

    package init(
        height: Int, width: Int, lineStride: Int, columnStride: Int, lineDilation: Int, columnDilation: Int
    ) {
        self.height = height
        self.width = width
        self.lineStride = lineStride
        self.columnStride = columnStride
        self.lineDilation = lineDilation
        self.columnDilation = columnDilation
    }

    /// Lines and columns from the first place to behind the last.
    package var reachedLines: Int { (height - 1) * lineDilation + 1 }
    package var reachedColumns: Int { (width - 1) * columnDilation + 1 }
}

/// Where windows begin and their answers go, for a block of images one after the other. Immutable.
package struct WindowPlaces: Sendable {
    package let input: PlaneLayout
    package let output: PlaneLayout
    package let images: Int
    let inputTable: [Int]
    let outputTable: [Int]
    /// Where in a window its runs begin, counted from its first number; a run is as long as neighbours go.
    let runs: [Int]
    let runLength: Int
    /// The same for single places, of `channels` numbers each.
    let places: [Int]

    /// - Precondition: the last window lies inside the input and its zeros.
    package init(_ window: PlaneWindow, input: PlaneLayout, output: PlaneLayout, images: Int) {
        let lastLine = (output.height - 1) * window.lineStride + window.reachedLines
        let lastColumn = (output.width - 1) * window.columnStride + window.reachedColumns
        precondition(
            images > 0 && output.height > 0 && output.width > 0 && lastLine <= input.lines
                && lastColumn <= input.columns, "windows inside the image and its zeros")
        self.input = input
        self.output = output
        self.images = images
        var inputTable: [Int] = []
        var outputTable: [Int] = []
        for image in 0..<images {
            for line in 0..<output.height {
                for column in 0..<output.width {
                    inputTable.append(
                        image * input.count
                            + (line * window.lineStride * input.columns + column * window.columnStride)
                            * input.channels)
                    outputTable.append(image * output.count + output.place(line: line, column: column))
                }
            }
        }
        self.inputTable = inputTable
        self.outputTable = outputTable
        let lines = (0..<window.height).map { $0 * window.lineDilation * input.columns * input.channels }
        let columns = (0..<window.width).map { $0 * window.columnDilation * input.channels }
        places = lines.flatMap { line in columns.map { line + $0 } }
        if window.columnDilation == 1 || window.width == 1 {
            runs = lines
            runLength = window.width * input.channels
        } else {
            runs = places
            runLength = input.channels
        }
    }

    /// Windows of one image.
    var windowCount: Int { output.height * output.width }
}
