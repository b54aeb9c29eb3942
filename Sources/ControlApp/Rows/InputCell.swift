// SPDX-License-Identifier: Apache-2.0
import Base

/// One value of a row, as a server takes it.
enum InputCell: Equatable, Sendable {
    case missing
    case number(Double)
    case text(String)

    /// The cell for `feature` out of a text (CSV, `--row`); nil when it is not the number that it has to be.
    init?(_ text: Span<UInt8>, for feature: InputFeature) {
        if feature.isText {
            guard let string = String(validating: text) else { return nil }
            self = .text(string)
        } else {
            guard let number = parseDouble(text), number.isFinite else { return nil }
            self = .number(number)
        }
    }

    /// The cell for `feature` out of JSON; nil when the kinds do not fit. A category that is written as a
    /// number travels as that text; `true` and `false` are 1 and 0 for a number.
    init?(_ value: JSONValue, for feature: InputFeature) {
        switch (value, feature.isText) {
        case (.null, _): self = .missing
        case (.string(let text), true): self = .text(text)
        case (.integer(let number), true): self = .text(String(number))
        case (.bool(let flag), true): self = .text(flag ? "true" : "false")
        case (.integer(let number), false): self = .number(Double(number))
        case (.number(let number), false): self = .number(number)
        case (.bool(let flag), false): self = .number(flag ? 1 : 0)
        default: return nil
        }
    }

    /// Appends the cell as an element of a tensor's `data`.
    func write(into buffer: inout ByteBuffer) {
        switch self {
        case .missing: buffer.append("null")
        case .number(let number): buffer.append(shortest: number)
        case .text(let text): buffer.append(quoted: text)
        }
    }
}

/// Rows in the order of the model's features, one after the other.
protocol RowSource: AnyObject {
    /// The next row with one cell a feature; nil after the last.
    func next() throws(ControlError) -> [InputCell]?
    /// Columns of the input that the model does not need, known once the first row has been read.
    var ignoredColumns: [String] { get }
}
