// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular

/// Rows out of a CSV file with a header: columns are found by name in any order, others are passed over.
///
/// The file is read in pieces, so that its size does not matter.
final class CSVRowSource: RowSource {
    private let matcher: FeatureMatcher
    private let input: InputStream
    private let options = CSVOptions()
    private var reader = CSVReader()
    private var chunk: [UInt8]
    private var offset = 0
    private var isAtEnd = false
    /// The CSV column of each feature; empty until the header has been read.
    private var columns: [Int] = []
    private(set) var ignoredColumns: [String] = []

    /// - Parameter beginning: what has already been read from `input`.
    init(_ input: InputStream, beginning: [UInt8], matcher: FeatureMatcher) {
        self.input = input
        self.matcher = matcher
        chunk = beginning
    }

    func next() throws(ControlError) -> [InputCell]? {
        guard try advance() else { return nil }
        if columns.isEmpty { try matchHeader() }
        var row: [InputCell] = []
        row.reserveCapacity(columns.count)
        for (feature, column) in zip(matcher.features, columns) {
            row.append(try cell(feature, column))
        }
        return row
    }

    private func advance() throws(ControlError) -> Bool {
        do throws(CSVError) {
            while !isAtEnd {
                if try reader.nextRow(in: chunk.span, from: &offset) { return true }
                let more = try? input.read()
                if let more, more.isEmpty {
                    isAtEnd = true
                    return try reader.finish()
                }
                guard let more else { break }
                chunk = more
                offset = 0
            }
        } catch {
            throw .invalidRows(place: input.name, reason: error.description)
        }
        if let failure = input.failure { throw .unreadable(failure) }
        return false
    }

    private func cell(_ feature: InputFeature, _ column: Int) throws(ControlError) -> InputCell {
        if options.isMissing(reader.field(column)) { return .missing }
        let found =
            feature.isText
            ? InputCell(reader.field(column), for: feature)
            : InputCell(trimmed(reader.field(column)), for: feature)
        if let found { return found }
        let words = feature.isText ? "text that is not UTF-8" : "\"\(String(copying: reader.field(column)))\""
        throw matcher.unsuitable(words, feature, "\(input.name), line \(reader.line)")
    }

    private func matchHeader() throws(ControlError) {
        let names = reader.header?.names ?? []
        let found = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let missing = matcher.features.map(\.name).filter { found[$0] == nil }
        guard missing.isEmpty else { throw matcher.missing(missing, "\(input.name), line 1") }
        columns = matcher.features.compactMap { found[$0.name] }
        ignoredColumns = names.filter { matcher.position(of: $0) == nil }
    }
}
