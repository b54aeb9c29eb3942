// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// What the command line asks the daemon to do.
package enum Invocation: Sendable, Equatable {
    case serve(LoadedConfiguration)
    case checkConfiguration(LoadedConfiguration)
    case help
    case version
}

/// A checked configuration with the source of each value.
package struct LoadedConfiguration: Sendable, Equatable {
    package var configuration = Configuration()
    /// By key; a key that is absent has its default.
    package var sources: [String: ConfigurationSource] = [:]
    /// Things that are probably mistakes but do not hinder: unknown `MODELD_*` variables. One sentence each.
    package var warnings: [String] = []
    /// Variables of Kubernetes that look like ours and were passed over; worth a debug line at most.
    package var ignoredVariables: [String] = []

    package func source(of key: String) -> ConfigurationSource { sources[key] ?? .builtIn }
}

/// Puts the four sources together: flag over environment variable over file over default.
package enum ConfigurationLoader {
    /// A configuration file larger than this is a mistake.
    private static let fileBytesMax = 1 << 20

    /// - Parameters:
    ///   - arguments: the command line without the program's name.
    ///   - environment: all variables; besides those of `MODELD_` the platforms' are looked at.
    /// - Throws: every problem that was found, at once.
    package static func load(
        arguments: [String], environment: [String: String]
    ) throws(ConfigurationError) -> Invocation {
        let flags = ConfigurationArguments(arguments)
        if flags.actions.contains(.help) { return .help }
        if flags.actions.contains(.version) { return .version }
        let variables = ConfigurationEnvironment(environment)
        var problems = flags.problems
        var loaded = LoadedConfiguration()

        if let file = readFile(flags: flags, variables: variables, problems: &problems) {
            problems += file.problems
            for given in file.given {
                assign(given.setting, given.texts, from: given.source, to: &loaded, problems: &problems)
            }
        }
        for (setting, text) in variables.given {
            let texts = setting.isList ? setting.elements(of: text) : [text]
            let source = ConfigurationSource.environment(name: setting.environmentName)
            assign(setting, texts, from: source, to: &loaded, problems: &problems)
        }
        for given in flags.given {
            let source = ConfigurationSource.flag(name: given.setting.flagName)
            assign(given.setting, given.texts, from: source, to: &loaded, problems: &problems)
        }
        loaded.configuration.platform = PlatformContract(environment, servesByArgument: flags.serves)
        for (key, text, variable) in loaded.configuration.platform.defaults where loaded.sources[key] == nil {
            guard let setting = Configuration.settings.first(where: { $0.key == key }) else { continue }
            let source = variable.map { ConfigurationSource.environment(name: $0) } ?? .builtIn
            assign(setting, [text], from: source, to: &loaded, problems: &problems)
        }
        for setting in Configuration.settings where setting.isRequired {
            let wasTried = loaded.sources[setting.key] != nil || problems.contains { $0.isAbout(setting.key) }
            if wasTried { continue }
            let reason = ConfigurationProblem.Reason.missing(
                key: setting.key, flag: "\(setting.flagName) \(setting.placeholder)",
                environment: "\(setting.environmentName)=\(setting.placeholder)")
            problems.append(ConfigurationProblem(reason: reason, source: nil))
        }
        if problems.isEmpty {
            problems += loaded.configuration.contradictions.map { contradiction in
                ConfigurationProblem(
                    reason: .value(key: contradiction.key, contradiction.words),
                    source: loaded.source(of: contradiction.key))
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        loaded.warnings = variables.unknown.map(warning)
        loaded.ignoredVariables = variables.injected
        return flags.actions.contains(.checkConfiguration) ? .checkConfiguration(loaded) : .serve(loaded)
    }

    /// The environment of this process.
    package static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        // Safe because nothing changes the environment while the daemon starts, the vector ends with a null
        // pointer, and each text is copied.
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            unsafe entry = unsafe entry.advanced(by: 1)
        }
        return variables
    }

    private static func readFile(
        flags: ConfigurationArguments, variables: ConfigurationEnvironment,
        problems: inout [ConfigurationProblem]
    ) -> ConfigurationFile? {
        guard let path = flags.configurationFile ?? variables.configurationFile else { return nil }
        do throws(SystemError) {
            let bytes = try File.read(path, limit: fileBytesMax)
            return ConfigurationFile(path: path, text: bytes.span)
        } catch {
            let source: ConfigurationSource =
                flags.configurationFile == nil
                ? .environment(name: ConfigurationEnvironment.fileVariable)
                : .flag(name: ConfigurationArguments.fileFlag)
            problems.append(ConfigurationProblem(reason: .unreadableFile(error.description), source: source))
            return nil
        }
    }

    private static func assign(
        _ setting: ConfigurationSetting, _ texts: [String], from source: ConfigurationSource,
        to loaded: inout LoadedConfiguration, problems: inout [ConfigurationProblem]
    ) {
        if let words = setting.assign(texts, &loaded.configuration) {
            problems.append(ConfigurationProblem(reason: .value(key: setting.key, words), source: source))
        } else {
            loaded.sources[setting.key] = source
        }
    }

    private static func warning(name: String, suggestion: String?) -> String {
        let hint = suggestion.map { "; did you mean \($0)?" } ?? ""
        return "environment variable \(name) is not a setting and is ignored\(hint)"
    }
}

extension ConfigurationProblem {
    /// True when the problem is a value of `key` or probably its misspelt name: one complaint is enough.
    fileprivate func isAbout(_ key: String) -> Bool {
        switch reason {
        case .value(key: key, _): true
        case .missingFlagValue(let flag, _): flag == key
        case .unknownFlag(_, let suggestion?), .unknownKey(_, let suggestion?): suggestion == key
        case .unreadableFile, .yaml: true
        default: false
        }
    }
}
