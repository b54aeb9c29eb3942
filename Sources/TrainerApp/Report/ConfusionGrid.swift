// SPDX-License-Identifier: Apache-2.0
import Training

/// Rows by true and predicted class as SVG: a square for each pair, shaded by its share of the true class.
struct ConfusionGrid {
    let matrix: ConfusionMatrix
    /// The classes' names.
    let labels: [String]

    /// Room for the names beside and above the squares.
    private static let (left, top) = (110.0, 34.0)
    /// Smaller squares hold no number.
    private static let numberedSize = 26.0

    /// Of a square, in pixels.
    private var size: Double { min(84.0, 400.0 / Double(matrix.classCount)) }
    private var classes: Range<Int> { 0..<matrix.classCount }

    var svg: String {
        var marks = ""
        for truth in classes {
            marks += word(
                clipped(labels[truth], 14), x: Self.left - 8, y: middle(truth) + 4, anchor: "end")
            for predicted in classes { marks += square(truth, predicted) }
        }
        for predicted in classes where size >= Self.numberedSize {
            marks += word(
                clipped(labels[predicted], Int(size / 7)), x: Self.left + (Double(predicted) + 0.5) * size,
                y: Self.top - 8, anchor: "middle")
        }
        let width = max(440, Self.left + Double(matrix.classCount) * size + 8)
        let height = Self.top + Double(matrix.classCount) * size + 8
        return "<svg viewBox=\"0 0 \(pixel(width)) \(pixel(height))\" role=\"img\" "
            + "aria-label=\"confusion matrix\">\(marks)</svg>"
    }

    /// Of a line of squares.
    private func middle(_ truth: Int) -> Double { Self.top + (Double(truth) + 0.5) * size }

    private func word(_ text: String, x: Double, y: Double, anchor: String) -> String {
        "<text class=\"word\" x=\"\(pixel(x))\" y=\"\(pixel(y))\" text-anchor=\"\(anchor)\">"
            + "\(escaped(text))</text>"
    }

    private func square(_ truth: Int, _ predicted: Int) -> String {
        let weight = matrix[truth, predicted]
        let share = weight / max(matrix.trueWeight(truth), 1)
        let x = Self.left + Double(predicted) * size
        let y = Self.top + Double(truth) * size
        let kind = truth == predicted ? "a" : "b"
        let mark =
            "<rect x=\"\(pixel(x + 1))\" y=\"\(pixel(y + 1))\" width=\"\(pixel(size - 2))\" "
            + "height=\"\(pixel(size - 2))\" rx=\"2\" fill=\"var(--\(kind))\" "
            + "fill-opacity=\"\(rounded(0.04 + 0.5 * share, digits: 3))\">"
            + "<title>\(escaped(labels[truth])) taken for \(escaped(labels[predicted])): "
            + "\(brief(weight)) rows, \(rounded(100 * share, digits: 1)) %</title></rect>"
        guard size >= Self.numberedSize else { return mark }
        return mark + "<text class=\"cell\" x=\"\(pixel(x + size / 2))\" y=\"\(pixel(middle(truth) + 4))\" "
            + "text-anchor=\"middle\">\(grouped(Int(weight)))</text>"
    }
}
