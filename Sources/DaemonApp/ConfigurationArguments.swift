// SPDX-License-Identifier: Apache-2.0

/// The command line, split into flags and their values; nothing is interpreted yet.
struct ConfigurationArguments {
    /// A setting's flag with its texts: one, or for a list one a value.
    struct Given {
        var setting: ConfigurationSetting
        var texts: [String]
    }

    /// Flags that are no settings.
    enum Action: String, CaseIterable {
        case help, version
        case checkConfiguration = "check-config"
    }

    private(set) var given: [Given] = []
    private(set) var actions: [Action] = []
    private(set) var configurationFile: String?
    /// The first argument is `serve`, which SageMaker starts containers with.
    private(set) var serves = false
    private(set) var problems: [ConfigurationProblem] = []

    /// The flag that names the configuration file.
    static let fileFlag = "config"

    /// - Parameter arguments: the command line without the program's name.
    init(_ arguments: [String]) {
        var rest = arguments[...]
        if rest.first == "serve" {
            serves = true
            rest.removeFirst()
        }
        while let argument = rest.popFirst() {
            if argument == "-h" {
                actions.append(.help)
            } else if argument.hasPrefix("--"), argument.count > 2 {
                readFlag(argument.dropFirst(2), &rest)
            } else {
                add(.unexpectedArgument(argument), nil)
            }
        }
    }

    /// - Parameter rest: the arguments behind the flag; its value is taken from them.
    private mutating func readFlag(_ text: Substring, _ rest: inout ArraySlice<String>) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map { String($0) } ?? ""
        var value = parts.count == 2 ? String(parts[1]) : nil
        if let action = Action(rawValue: name) {
            if value == nil {
                actions.append(action)
            } else {
                add(.unwantedFlagValue(name), .flag(name: name))
            }
            return
        }
        // Also that of an unknown flag, which must not be reported as a second problem.
        if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.removeFirst() }
        let setting = Configuration.settings.first { $0.flagName == name }
        guard setting != nil || name == Self.fileFlag else {
            return add(.unknownFlag(name, suggestion: Self.suggestion(for: name)), nil)
        }
        guard let value else {
            let placeholder = setting?.placeholder ?? "FILE"
            return add(.missingFlagValue(name, placeholder: placeholder), .flag(name: name))
        }
        if let setting { record(setting, value) } else { recordFile(value) }
    }

    private mutating func record(_ setting: ConfigurationSetting, _ value: String) {
        let texts = setting.isList ? setting.elements(of: value) : [value]
        guard let earlier = given.firstIndex(where: { $0.setting.key == setting.key }) else {
            given.append(Given(setting: setting, texts: texts))
            return
        }
        if setting.isList {
            given[earlier].texts += texts
        } else {
            add(.repeatedFlag(setting.flagName), .flag(name: setting.flagName))
        }
    }

    private mutating func recordFile(_ value: String) {
        if configurationFile != nil { add(.repeatedFlag(Self.fileFlag), .flag(name: Self.fileFlag)) }
        configurationFile = value
    }

    private mutating func add(_ reason: ConfigurationProblem.Reason, _ source: ConfigurationSource?) {
        problems.append(ConfigurationProblem(reason: reason, source: source))
    }

    private static func suggestion(for name: String) -> String? {
        let names = Configuration.settings.map(\.flagName) + Action.allCases.map(\.rawValue) + [fileFlag]
        let dashed = String(name.map { $0 == "_" || $0 == "." ? "-" : Character($0.lowercased()) })
        return names.contains(dashed)
            ? dashed : ConfigurationSuggestion.nearest(to: dashed, in: names, separator: "-")
    }
}

extension ConfigurationSetting {
    /// The values of a list that is written as one text: separated by commas.
    func elements(of text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }
}
