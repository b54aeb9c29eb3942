// SPDX-License-Identifier: Apache-2.0
package import Base

/// What programs have decided about one model: the content of `.policy/<10 digits>.json`, which is never
/// changed once it is there (docs/reference/model-policy.md).
///
/// A member that is nil is left to `model.yaml`; one that is `.some(nil)` takes away what stands there.
package struct PolicyRevision: Sendable, Equatable {
    /// A name for a version, or, without one, the end of that name.
    package struct Alias: Sendable, Equatable {
        package var name: String
        package var version: ModelVersion?

        package init(_ name: String, _ version: ModelVersion?) {
            self.name = name
            self.version = version
        }
    }

    package var model: String
    /// From 0 to 9,999,999,999; the greatest counts.
    package var number: Int64
    /// RFC 3339; for people, as are the next three.
    package var time = ""
    package var actor = ""
    /// `promote`, `pin`, `split`, `roll back`.
    package var action = ""
    package var reason = ""
    package var versions: ModelPolicy.Versions?
    package var defaultTarget: VersionTarget??
    /// In the order of the file; a name stands once.
    package var aliases: [Alias] = []
    package var split: [ModelPolicy.Share]??
    package var shadow: ModelPolicy.Shadow??
    package var retired: [ModelVersion] = []

    package init(model: String, number: Int64) {
        self.model = model
        self.number = number
    }

    /// The directory of revisions below that of the model.
    package static let directory = ".policy"
    package static let numberMax: Int64 = 9_999_999_999
    /// Larger files are refused.
    package static let sizeLimit = 1 << 20

    /// The number as a file name: ten digits and `.json`.
    package static func fileName(_ number: Int64) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits + ".json"
    }

    /// The number of a file in `.policy/`; nil for one that is no revision.
    package static func number(ofFile name: String) -> Int64? {
        guard name.hasSuffix(".json"), name.utf8.count == 15 else { return nil }
        let digits = name.utf8.prefix(10)
        guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(name.prefix(10))
    }
}

// MARK: Reading

extension PolicyRevision {
    /// - Parameters:
    ///   - model: the model that the file was found under.
    ///   - number: that of the file's name.
    /// - Throws: what is wrong, with its place where the text is no JSON, else with its key.
    package static func parse(
        _ text: Span<UInt8>, model: String, number: Int64
    ) throws(PolicyDefect) -> PolicyRevision {
        let document: JSONValue
        do {
            document = try JSONValue.parse(text)
        } catch {
            let place = error.position(in: text)
            throw PolicyDefect(error.message, line: place.line, column: place.column)
        }
        guard let object = document.object else { throw PolicyDefect("an object is needed") }
        guard object["modeld_policy"]?.integer == 1 else {
            throw PolicyDefect(key: "modeld_policy", "must be 1, the version of this format")
        }
        guard object["model"]?.string == model else {
            throw PolicyDefect(key: "model", "must be '\(model)', the model that it was found under")
        }
        guard object["revision"]?.integer == number else {
            throw PolicyDefect(key: "revision", "must be \(number), as the file is called")
        }
        var revision = PolicyRevision(model: model, number: number)
        revision.time = object["time"]?.string ?? ""
        revision.actor = object["actor"]?.string ?? ""
        revision.action = object["action"]?.string ?? ""
        revision.reason = object["reason"]?.string ?? ""
        try revision.readDecisions(object)
        return revision
    }

    private mutating func readDecisions(_ object: JSONObject) throws(PolicyDefect) {
        if let value = object["versions"], value != .null { versions = try Self.versions(value) }
        if let value = object["default"] {
            defaultTarget = .some(value == .null ? nil : try Self.target(value, key: "default"))
        }
        for member in try Self.members(object["aliases"], key: "aliases") {
            let key = "aliases.\(member.key)"
            guard AliasName.isValid(member.key) else {
                throw PolicyDefect(key: key, "is no name for an alias: \(AliasName.rule)")
            }
            aliases.append(
                Alias(member.key, member.value == .null ? nil : try Self.version(member.value, key: key)))
        }
        if let value = object["split"] {
            split = .some(value == .null ? nil : try Self.split(value))
        }
        if let value = object["shadow"] {
            shadow = .some(value == .null ? nil : try Self.shadow(value))
        }
        if let value = object["retired"] { retired = try Self.list(value, key: "retired") }
    }

    private static func members(
        _ value: JSONValue?, key: String
    ) throws(PolicyDefect) -> [(key: String, value: JSONValue)] {
        guard let value else { return [] }
        guard let object = value.object else { throw PolicyDefect(key: key, "must be an object") }
        return object.members
    }

    private static func version(_ value: JSONValue, key: String) throws(PolicyDefect) -> ModelVersion {
        guard let number = value.integer, number >= 0 else {
            throw PolicyDefect(key: key, "must be the number of a version")
        }
        return ModelVersion(number)
    }

    private static func list(_ value: JSONValue, key: String) throws(PolicyDefect) -> [ModelVersion] {
        guard let elements = value.array else {
            throw PolicyDefect(key: key, "must be a list of versions")
        }
        var versions: [ModelVersion] = []
        for element in elements { versions.append(try version(element, key: key)) }
        return versions
    }

    private static func versions(_ value: JSONValue) throws(PolicyDefect) -> ModelPolicy.Versions {
        if value.string == "all" { return .all }
        if let count = value["latest"]?.integer, (1...1000).contains(count) { return .latest(Int(count)) }
        guard value.array?.isEmpty == false else {
            throw PolicyDefect(
                key: "versions",
                "must be \"all\", a list of versions, or {\"latest\": N} with N from 1 to 1000")
        }
        return .listed(try list(value, key: "versions"))
    }

    private static func target(_ value: JSONValue, key: String) throws(PolicyDefect) -> VersionTarget {
        if value.integer != nil { return .version(try version(value, key: key)) }
        guard let text = value.string, let target = VersionTarget(text) else {
            throw PolicyDefect(key: key, "must be a version, \"latest\" or the name of an alias")
        }
        return target
    }

    private static func split(_ value: JSONValue) throws(PolicyDefect) -> [ModelPolicy.Share] {
        var shares: [ModelPolicy.Share] = []
        for member in try members(value, key: "split") {
            let key = "split.\(member.key)"
            guard let target = VersionTarget(member.key) else {
                throw PolicyDefect(key: key, "must be a version, \"latest\" or the name of an alias")
            }
            guard let weight = member.value.integer, (0...1_000_000).contains(weight) else {
                throw PolicyDefect(key: key, "must be a whole number from 0 to 1000000")
            }
            shares.append(ModelPolicy.Share(target, Int(weight)))
        }
        return shares
    }

    private static func shadow(_ value: JSONValue) throws(PolicyDefect) -> ModelPolicy.Shadow {
        guard let to = value["to"] else { throw PolicyDefect(key: "shadow", "needs \"to\"") }
        let percent = value["percent"].map(\.double) ?? 100
        guard let percent, percent > 0, percent <= 100 else {
            throw PolicyDefect(key: "shadow.percent", "must be a number above 0 and at most 100")
        }
        return ModelPolicy.Shadow(try target(to, key: "shadow.to"), percent: percent)
    }
}

// MARK: Writing

extension PolicyRevision {
    /// Appends the JSON text; the same revision gives the same bytes.
    package func write(into buffer: inout ByteBuffer) {
        var object = JSONObject()
        object["modeld_policy"] = .integer(1)
        object["model"] = .string(model)
        object["revision"] = .integer(number)
        for (key, text) in [("time", time), ("actor", actor), ("action", action), ("reason", reason)]
        where !text.isEmpty {
            object[key] = .string(text)
        }
        if let versions { object["versions"] = Self.json(versions) }
        if let defaultTarget { object["default"] = defaultTarget.map(Self.json) ?? .null }
        if !aliases.isEmpty {
            var members = JSONObject()
            for alias in aliases { members[alias.name] = alias.version.map { .integer($0.number) } ?? .null }
            object["aliases"] = .object(members)
        }
        if let split { object["split"] = split.map(Self.json) ?? .null }
        if let shadow { object["shadow"] = shadow.map(Self.json) ?? .null }
        if !retired.isEmpty { object["retired"] = .array(retired.map { .integer($0.number) }) }
        JSONValue.object(object).writeIndented(into: &buffer)
        buffer.append("\n")
    }

    private static func json(_ versions: ModelPolicy.Versions) -> JSONValue {
        switch versions {
        case .all: return .string("all")
        case .listed(let listed): return .array(listed.map { .integer($0.number) })
        case .latest(let count):
            var object = JSONObject()
            object["latest"] = .integer(Int64(count))
            return .object(object)
        }
    }

    private static func json(_ target: VersionTarget) -> JSONValue {
        if case .version(let version) = target { return .integer(version.number) }
        return .string(target.description)
    }

    private static func json(_ split: [ModelPolicy.Share]) -> JSONValue {
        var object = JSONObject()
        for share in split { object[share.target.description] = .integer(Int64(share.weight)) }
        return .object(object)
    }

    private static func json(_ shadow: ModelPolicy.Shadow) -> JSONValue {
        var object = JSONObject()
        object["to"] = json(shadow.target)
        let whole = Int64(exactly: shadow.percent)
        object["percent"] = whole.map { .integer($0) } ?? .number(shadow.percent)
        return .object(object)
    }
}

extension JSONValue {
    /// With two spaces a level and a line for each member, as people read it.
    fileprivate func writeIndented(into buffer: inout ByteBuffer, indent: String = "") {
        let inner = indent + "  "
        switch self {
        case .object(let object) where !object.members.isEmpty:
            for (position, member) in object.members.enumerated() {
                buffer.append(position == 0 ? "{\n" : ",\n")
                buffer.append(inner)
                buffer.append(quoted: member.key)
                buffer.append(": ")
                member.value.writeIndented(into: &buffer, indent: inner)
            }
            buffer.append("\n\(indent)}")
        case .array(let elements) where !elements.isEmpty:
            for (position, element) in elements.enumerated() {
                buffer.append(position == 0 ? "[\n" : ",\n")
                buffer.append(inner)
                element.writeIndented(into: &buffer, indent: inner)
            }
            buffer.append("\n\(indent)]")
        default: write(into: &buffer)
        }
    }
}
