// SPDX-License-Identifier: Apache-2.0

/// Rows out of `--row name=value,name=value`; an empty value is a missing one.
final class AssignmentRowSource: RowSource {
    private let matcher: FeatureMatcher
    private let texts: [String]
    private var index = 0
    let ignoredColumns: [String] = []

    init(_ texts: [String], matcher: FeatureMatcher) {
        self.texts = texts
        self.matcher = matcher
    }

    func next() throws(ControlError) -> [InputCell]? {
        guard index < texts.count else { return nil }
        defer { index += 1 }
        let place = texts.count == 1 ? "--row" : "--row (number \(index + 1))"
        var cells = [InputCell?](repeating: nil, count: matcher.features.count)
        for assignment in texts[index].split(separator: ",") {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw .invalidRows(
                    place: place,
                    reason:
                        "\"\(assignment)\" is not NAME=VALUE (a value with a comma can be given with --json)")
            }
            guard let position = matcher.position(of: String(parts[0])) else {
                throw matcher.unknown(String(parts[0]), place)
            }
            let feature = matcher.features[position]
            guard cells[position] == nil else {
                throw .invalidRows(place: place, reason: "\(feature.name) is given twice")
            }
            if parts[1].isEmpty {
                cells[position] = .missing
            } else {
                guard let cell = InputCell(Array(parts[1].utf8).span, for: feature) else {
                    throw matcher.unsuitable("\"\(parts[1])\"", feature, place)
                }
                cells[position] = cell
            }
        }
        let missing = cells.indices.filter { cells[$0] == nil }.map { matcher.features[$0].name }
        guard missing.isEmpty else {
            throw .invalidRows(
                place: place,
                reason:
                    "missing: \(missing.prefix(8).joined(separator: ", ")); write NAME= for a value that is "
                    + "not known")
        }
        return cells.compactMap { $0 }
    }
}
