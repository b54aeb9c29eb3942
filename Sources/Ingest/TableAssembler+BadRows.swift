// SPDX-License-Identifier: Apache-2.0
import Tabular

/// What is wrong with rows, in words and for programs.
extension TableAssembler {
    private var takesBadRows: Bool { settings.badRowPartMax != nil || settings.schema != nil }

    func code(_ problem: ColumnBuilder.Problem) -> String {
        switch problem {
        case .wrongType: "wrong_type"
        case .belowMinimum: "below_min"
        case .aboveMaximum: "above_max"
        case .newValue: "new_value"
        case .notUTF8: "not_utf8"
        case .infinite: "infinite"
        case .tooManyCategories: "too_many_categories"
        }
    }

    /// What is wrong, in words; thrown where bad rows are not taken.
    func explain(
        _ problem: ColumnBuilder.Problem, _ column: Int, _ found: String, _ path: String, _ line: Int
    ) throws(IngestError) -> String {
        let rule = settings.schema?.schema[names[column]]
        let reason: String
        switch problem {
        case .wrongType(let wanted): reason = "\"\(found)\" is not \(wanted)"
        case .belowMinimum: reason = "\(found) is below the least, \(rule?.minimum ?? 0)"
        case .aboveMaximum: reason = "\(found) is above the greatest, \(rule?.maximum ?? 0)"
        case .newValue: reason = "\"\(found)\" is none of the allowed values"
        case .notUTF8: reason = "the text is not UTF-8; convert the file, for instance with iconv"
        case .infinite:
            reason = "\"\(found)\" is not a finite number; write it as a number, or use --missing \(found)"
        case .tooManyCategories:
            throw .tooManyCategories(
                path: path, column: names[column], limit: settings.categoryCountMax, example: found)
        }
        if case .notUTF8 = problem, settings.badRowPartMax == nil {
            throw .csv(
                path: path,
                CSVError(line: line, column: column + 1, name: names[column], reason: .notUTF8))
        }
        guard takesBadRows else {
            throw .cell(path: path, line: line, column: names[column], reason: reason)
        }
        return reason
    }

    /// Counts what a row has otherwise than the schema says.
    mutating func note(
        _ problem: ColumnBuilder.Problem, _ column: Int, _ found: String, _ line: Int
    ) {
        let rule = settings.schema?.schema[names[column]]
        let kind: SchemaAnomaly.Kind
        let expected: String
        switch problem {
        case .belowMinimum: (kind, expected) = (.belowMinimum, "min \(rule?.minimum ?? 0)")
        case .aboveMaximum: (kind, expected) = (.aboveMaximum, "max \(rule?.maximum ?? 0)")
        case .newValue:
            let values = rule?.values ?? []
            (kind, expected) = (
                .newValue,
                "values \(values.prefix(20).joined(separator: ", "))" + (values.count > 20 ? ", …" : "")
            )
        default: (kind, expected) = (.wrongType, "type \(rule?.type.rawValue ?? "number")")
        }
        let isNew = { (anomaly: SchemaAnomaly) in
            anomaly.column == rule?.name && anomaly.kind == kind
                && (kind != .newValue || anomaly.found == found)
        }
        if let index = anomalies.firstIndex(where: isNew) {
            anomalies[index].rowCount += 1
        } else if anomalies.count < 1_000 {
            anomalies.append(
                SchemaAnomaly(
                    column: names[column], kind: kind, expected: expected, found: found, rowCount: 1,
                    firstLine: line))
        }
    }
}
