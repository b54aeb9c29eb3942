// SPDX-License-Identifier: Apache-2.0

/// Where a setting's value came from.
package enum ConfigurationSource: Sendable, Equatable, CustomStringConvertible {
    case builtIn
    case file(path: String, line: Int, column: Int)
    case environment(name: String)
    case flag(name: String)

    package var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): "environment variable \(name)"
        case .flag(let name): "flag --\(name)"
        }
    }
}

/// One thing that is wrong with the configuration: what, where, and what would be right.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case unknownKey(String, suggestion: String?)
        case unknownFlag(String, suggestion: String?)
        case unexpectedArgument(String)
        case missingFlagValue(String, placeholder: String)
        case unwantedFlagValue(String)
        case repeatedFlag(String)
        /// What is wrong with the value, in words that fit after the key.
        case value(key: String, String)
        case missing(key: String, flag: String, environment: String)
        case notAMapping(key: String)
        case unreadableFile(String)
        case yaml(String)
    }

    package var reason: Reason
    /// Nil when the problem has no place: nothing was given at all.
    package var source: ConfigurationSource?

    /// A stable name of the defect, for machines.
    package var code: String {
        switch reason {
        case .unknownKey: "unknown_key"
        case .unknownFlag: "unknown_flag"
        case .unexpectedArgument: "unexpected_argument"
        case .missingFlagValue: "missing_flag_value"
        case .unwantedFlagValue: "unwanted_flag_value"
        case .repeatedFlag: "repeated_flag"
        case .value: "bad_value"
        case .missing: "missing_setting"
        case .notAMapping: "not_a_mapping"
        case .unreadableFile: "unreadable_file"
        case .yaml: "bad_yaml"
        }
    }

    package var description: String {
        if let source { "\(source): \(message)" } else { message }
    }

    private var message: String {
        switch reason {
        case .unknownKey(let key, let suggestion): "there is no key \"\(key)\"\(Self.hint(suggestion))"
        case .unknownFlag(let flag, let suggestion):
            "there is no flag --\(flag)\(Self.hint(suggestion.map { "--" + $0 })); modeld --help lists them"
        case .unexpectedArgument(let argument):
            "unexpected argument \"\(argument)\"; every setting has a flag, for instance --registry DIR"
        case .missingFlagValue(let flag, let placeholder): "needs a value: --\(flag) \(placeholder)"
        case .unwantedFlagValue(let flag): "takes no value: write --\(flag) alone"
        case .repeatedFlag: "given twice; keep one"
        case .value(let key, let words): "\(key) \(words)"
        case .missing(let key, let flag, let environment):
            "\(key) is missing: give --\(flag), \(environment), or the key in the file of --config"
        case .notAMapping(let key):
            key.isEmpty
                ? "the file must hold \"key: value\" lines"
                : "\"\(key)\" is a section: write its keys indented below it"
        case .unreadableFile(let words): words
        case .yaml(let words): words
        }
    }

    private static func hint(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
    }
}

/// Every problem that was found, so that an operator mends them in one go.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package var problems: [ConfigurationProblem]

    /// One line a problem.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
