// SPDX-License-Identifier: Apache-2.0
internal import YAML

/// A configuration file, matched against the table of settings.
struct ConfigurationFile {
    struct Given {
        var setting: ConfigurationSetting
        var texts: [String]
        var source: ConfigurationSource
    }

    let path: String
    private(set) var given: [Given] = []
    private(set) var problems: [ConfigurationProblem] = []

    /// - Parameter path: the file's name, for messages; `text` is its content.
    init(path: String, text: Span<UInt8>) {
        self.path = path
        do throws(YAMLError) {
            guard let root = try YAMLDocument.parse(text) else { return }
            guard let entries = root.mapping else {
                add(.notAMapping(key: ""), root.mark)
                return
            }
            read(entries, under: "")
        } catch {
            add(.yaml(error.message), error.mark)
        }
    }

    /// Sections nest by their names; the table's depth, not the file's, bounds the recursion.
    private mutating func read(_ entries: [YAMLValue.Entry], under section: String) {
        for entry in entries {
            let key = section.isEmpty ? entry.key : "\(section).\(entry.key)"
            if let setting = Configuration.settings.first(where: { $0.key == key }) {
                read(entry.value, of: setting)
            } else if Configuration.settings.contains(where: { $0.key.hasPrefix(key + ".") }) {
                if let nested = entry.value.mapping {
                    read(nested, under: key)
                } else if !entry.value.isNull {
                    add(.notAMapping(key: key), entry.value.mark)
                }
            } else {
                add(.unknownKey(key, suggestion: Self.suggestion(for: key)), entry.keyMark)
            }
        }
    }

    private mutating func read(_ value: YAMLValue, of setting: ConfigurationSetting) {
        if value.isNull {
            add(.value(key: setting.key, "has no value; write one or remove the line"), value.mark)
            return
        }
        let scalars = (setting.isList ? value.sequence : nil) ?? [value]
        let texts = scalars.compactMap(\.scalar)
        guard texts.count == scalars.count else {
            let allowed = setting.isList ? "one value or a list of values" : "one value"
            add(.value(key: setting.key, "takes \(allowed), not \(value.kindName)"), value.mark)
            return
        }
        given.append(Given(setting: setting, texts: texts, source: source(value.mark)))
    }

    private func source(_ mark: YAMLMark) -> ConfigurationSource {
        .file(path: path, line: mark.line, column: mark.column)
    }

    private mutating func add(_ reason: ConfigurationProblem.Reason, _ mark: YAMLMark) {
        problems.append(ConfigurationProblem(reason: reason, source: source(mark)))
    }

    private static func suggestion(for key: String) -> String? {
        if key == "port" || key == "host" || key == "address" { return "listen: HOST:PORT" }
        let keys = Configuration.settings.map(\.key)
        return ConfigurationSuggestion.nearest(to: key, in: keys, separator: ".")
    }
}
