// SPDX-License-Identifier: Apache-2.0
import Base
import Tabular
import YAML

/// The schema file.
extension TableSchema {
    /// - Parameter path: what errors call the file.
    package init(reading text: Span<UInt8>, path: String) throws(IngestError) {
        let document: YAMLValue?
        do { document = try YAMLDocument.parse(text) } catch {
            throw .schema(path: path, reason: "\(error)")
        }
        guard let document, let members = document.mapping else {
            throw .schema(path: path, reason: "1:1: a mapping with version and columns is expected")
        }
        let reader = SchemaReader(path: path)
        try reader.check(members, ["version", "columns", "other_columns"], at: document)
        guard document["version"]?.scalar == "1" else {
            throw reader.wrong(document["version"] ?? document, "version must be 1")
        }
        guard let list = document["columns"]?.sequence, !list.isEmpty else {
            throw reader.wrong(document["columns"] ?? document, "columns must be a list of columns")
        }
        columns = []
        for entry in list {
            let rule = try reader.rule(entry)
            if columns.contains(where: { $0.name == rule.name }) {
                throw reader.wrong(entry, "the column \"\(rule.name)\" is there twice")
            }
            columns.append(rule)
        }
        switch document["other_columns"]?.scalar {
        case nil, "refuse": ignoresOthers = false
        case "ignore": ignoresOthers = true
        case let word?:
            throw reader.wrong(
                document["other_columns"] ?? document, "other_columns is refuse or ignore, not \"\(word)\"")
        }
    }

    /// The file's text.
    ///
    /// - Parameter remarks: by column, what is written behind its name as a comment.
    package func text(remarks: [String: String] = [:]) -> String {
        var text = "# What modeltrain expects of the data; see docs/reference/table-schema.md.\nversion: 1\n"
        if ignoresOthers { text += "other_columns: ignore\n" }
        text += "columns:\n"
        for rule in columns {
            text += "  - name: \(Self.quoted(rule.name))"
            text += remarks[rule.name].map { "  # \($0)\n" } ?? "\n"
            text += "    type: \(rule.type.rawValue)\n"
            if let presence = rule.presence { text += "    presence: \(presence)\n" }
            let isDate = rule.type == .date
            if let minimum = rule.minimum {
                text += "    min: \(isDate ? Self.date(minimum) : "\(minimum)")\n"
            }
            if let maximum = rule.maximum {
                text += "    max: \(isDate ? Self.date(maximum) : "\(maximum)")\n"
            }
            if rule.isUnique { text += "    unique: true\n" }
            if let values = rule.values {
                text += "    values: [\(values.map(Self.quoted).joined(separator: ", "))]\n"
            }
        }
        return text
    }

    /// A scalar in double quotes where plain ones could be misread.
    static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy {
                $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x30 && $0 <= 0x39 || $0 == 0x5F
            }
        if isPlain && text != "null" { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    quoted += "\\x" + (digits.count == 1 ? "0" : "") + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    static func date(_ seconds: Double) -> String { DateText.format(seconds) }
}

/// Reads the parts of a schema file.
private struct SchemaReader {
    let path: String

    func wrong(_ value: YAMLValue, _ reason: String) -> IngestError {
        .schema(path: path, reason: "\(value.mark): \(reason)")
    }

    func check(
        _ members: [YAMLValue.Entry], _ allowed: [String], at place: YAMLValue
    ) throws(IngestError) {
        for member in members where !allowed.contains(member.key) {
            throw wrong(
                member.value, "\"\(member.key)\" is not known; there are \(allowed.joined(separator: ", "))")
        }
    }

    func rule(_ entry: YAMLValue) throws(IngestError) -> TableSchema.ColumnRule {
        guard let members = entry.mapping else {
            throw wrong(entry, "a column is a mapping with name and type")
        }
        try check(
            members, ["name", "type", "presence", "min", "max", "values", "unique"], at: entry)
        guard let name = entry["name"]?.scalar, !name.isEmpty else {
            throw wrong(entry, "a column has no name")
        }
        let types = TableSchema.ColumnType.allCases.map(\.rawValue).joined(separator: ", ")
        guard let type = entry["type"]?.scalar.flatMap({ TableSchema.ColumnType(rawValue: $0) }) else {
            throw wrong(entry["type"] ?? entry, "the type of \"\(name)\" must be one of \(types)")
        }
        var rule = TableSchema.ColumnRule(name: name, type: type)
        if let value = entry["presence"] {
            guard let part = value.scalar.flatMap(Double.init), part >= 0, part <= 1 else {
                throw wrong(value, "presence is a part of the rows, from 0 to 1")
            }
            rule.presence = part
        }
        rule.minimum = try bound(entry["min"], type)
        rule.maximum = try bound(entry["max"], type)
        if let values = entry["values"] {
            guard type == .category || type == .boolean, let list = values.sequence else {
                throw wrong(values, "values is a list, and goes with the type category")
            }
            var texts: [String] = []
            for value in list {
                guard let text = value.scalar else { throw wrong(value, "a value is a single text") }
                texts.append(text)
            }
            rule.values = texts
        }
        if let unique = entry["unique"] {
            guard let word = unique.scalar, ["true", "false"].contains(word) else {
                throw wrong(unique, "unique is true or false")
            }
            rule.isUnique = word == "true"
        }
        return rule
    }

    private func bound(
        _ value: YAMLValue?, _ type: TableSchema.ColumnType
    ) throws(IngestError) -> Double? {
        guard let value else { return nil }
        let text = value.scalar ?? ""
        switch type {
        case .number: if let number = parseDouble(text.utf8Span.span) { return number }
        case .date: if let seconds = DateText.parse(text) { return seconds }
        case .category, .boolean, .text, .ignored: break
        }
        throw wrong(value, "min and max are numbers, or dates of a column of dates")
    }
}
