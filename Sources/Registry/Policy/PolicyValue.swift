// SPDX-License-Identifier: Apache-2.0
internal import ModelFormat
internal import YAML

/// A value of `model.yaml` with the key that it stands under.
struct PolicyValue {
    let value: YAMLValue
    /// With the keys above: `limits.queue`.
    let key: String
    /// The last key alone.
    let name: String
    private let keyMark: YAMLMark?

    init(_ value: YAMLValue, key: String) {
        self.value = value
        self.key = key
        name = key
        keyMark = nil
    }

    private init(_ value: YAMLValue, key: String, name: String, mark: YAMLMark?) {
        self.value = value
        self.key = key
        self.name = name
        keyMark = mark
    }

    func defect(_ reason: String) -> PolicyDefect {
        let mark = keyMark ?? value.mark
        return PolicyDefect(key: key, reason, line: mark.line, column: mark.column)
    }

    // MARK: Inside

    func members() throws(PolicyDefect) -> [PolicyValue] {
        guard let entries = value.mapping else {
            throw defect("keys with values are needed here, not \(value.kindName)")
        }
        return entries.map {
            PolicyValue($0.value, key: "\(key).\($0.key)", name: $0.key, mark: $0.keyMark)
        }
    }

    func members(known: [String]) throws(PolicyDefect) -> [PolicyValue] {
        let members = try members()
        for (member, entry) in zip(members, value.mapping ?? []) where !known.contains(member.name) {
            throw PolicyFile.unknown(entry, among: known, under: "\(key).")
        }
        return members
    }

    func elements() throws(PolicyDefect) -> [PolicyValue] {
        guard let elements = value.sequence else {
            throw defect("a list is needed here, not \(value.kindName)")
        }
        return elements.enumerated().map {
            PolicyValue($1, key: "\(key)[\($0)]", name: "\($0)", mark: $1.mark)
        }
    }

    // MARK: Scalars

    func text() throws(PolicyDefect) -> String {
        guard let text = value.scalar, !value.isNull else {
            throw defect("a single value is needed here, not \(value.isNull ? "nothing" : value.kindName)")
        }
        return text
    }

    func target() throws(PolicyDefect) -> VersionTarget {
        let text = try text()
        guard let target = VersionTarget(text) else {
            throw defect("'\(text)' is no version, not latest and no alias (\(AliasName.rule))")
        }
        return target
    }

    func aliasName() throws(PolicyDefect) -> String {
        guard AliasName.isValid(name) else {
            throw defect("'\(name)' is no name for an alias: \(AliasName.rule), not latest, not all")
        }
        return name
    }

    func version() throws(PolicyDefect) -> ModelVersion {
        let text = try text()
        guard let version = ModelVersion(text) else {
            throw defect("'\(text)' is no version: versions are decimal numbers without a leading zero")
        }
        return version
    }

    func flag() throws(PolicyDefect) -> Bool {
        switch try text() {
        case "true": return true
        case "false": return false
        case let text: throw defect("cannot be '\(text)'; allowed: true, false")
        }
    }

    func count(_ range: ClosedRange<Int>) throws(PolicyDefect) -> Int {
        let text = try text()
        guard let count = Self.decimal(text), range.contains(count) else {
            throw defect(
                "cannot be '\(text)'; allowed: a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return count
    }

    func percent() throws(PolicyDefect) -> Double {
        let text = try text()
        guard let percent = Double(text), percent > 0, percent <= 100 else {
            throw defect("cannot be '\(text)'; allowed: a number above 0 and at most 100")
        }
        return percent
    }

    /// A duration with its unit, at most a day.
    func nanoseconds(allowsZero: Bool = false) throws(PolicyDefect) -> UInt64 {
        let units: [(name: String, size: Int)] = [
            ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ]
        let result = try scaled(
            units, form: "a whole number with its unit (ms, s, m, h), such as 50ms", allowsZero: allowsZero)
        guard result <= 86_400_000_000_000 else { throw defect("is longer than a day") }
        return UInt64(result)
    }

    func bytes() throws(PolicyDefect) -> Int {
        let units: [(name: String, size: Int)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1), ("", 1),
        ]
        return try scaled(units, form: "bytes such as 65536, 512KiB, 64MiB or 1GiB")
    }

    private func scaled(
        _ units: [(name: String, size: Int)], form: String, allowsZero: Bool = false
    ) throws(PolicyDefect) -> Int {
        let text = try text()
        for unit in units where text.hasSuffix(unit.name) {
            guard let number = Self.decimal(String(text.dropLast(unit.name.count))) else { continue }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit.size)
            if !overflow, product > 0 || allowsZero { return product }
        }
        throw defect("cannot be '\(text)'; allowed: \(form)")
    }

    /// A feature's value: a number, a category (text, or anything in quotes), or nothing when it is missing.
    func sample() throws(PolicyDefect) -> SampleValue {
        guard case .scalar(let text, let isPlain) = value.content else {
            throw defect("a row has single values, not \(value.kindName)")
        }
        if value.isNull { return .missing }
        if isPlain, let number = Double(text) { return .number(number) }
        return .category(text)
    }

    /// Digits only.
    private static func decimal(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
