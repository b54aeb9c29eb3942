// SPDX-License-Identifier: Apache-2.0
import Base
import YAML

/// A YAML file that says what options say, under the same names: `max_depth: 6` is `--max-depth 6`.
///
/// A sequence is the option given several times, `true` a flag, `false` and `null` nothing.
struct ConfigurationFile {
    /// As on the command line.
    let arguments: [String]

    private static let bytesMax = 1 << 20

    init(path: String) throws(AppError) {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: ConfigurationFile.bytesMax)
        } catch {
            throw AppError(.noInput, error.description)
        }
        try self.init(bytes, path: path)
    }

    init(_ bytes: [UInt8], path: String) throws(AppError) {
        let value: YAMLValue?
        do {
            value = try YAMLDocument.parse(bytes.span)
        } catch {
            throw AppError(.usage, "\(path):\(error.description)")
        }
        guard let value else {
            arguments = []
            return
        }
        guard case .mapping(let entries) = value.content else {
            throw AppError(.usage, "\(path):\(value.mark): options are written \"name: value\"")
        }
        var arguments: [String] = []
        for entry in entries {
            guard let found = ConfigurationFile.arguments(entry.key, entry.value) else {
                throw AppError(
                    .usage, "\(path):\(entry.keyMark): \"\(entry.key)\" takes a value or a list of values")
            }
            arguments += found
        }
        self.arguments = arguments
    }

    /// Nil for what no option can be.
    private static func arguments(_ key: String, _ value: YAMLValue) -> [String]? {
        let option = "--" + key.replacing("_", with: "-")
        switch value.content {
        case .scalar(let text, let isPlain):
            if isPlain && text == "true" { return [option] }
            if isPlain && ["false", "null", "~", ""].contains(text) { return [] }
            // Joined, so that a value that begins with "-" is not taken for an option.
            return ["\(option)=\(text)"]
        case .sequence(let elements):
            var found: [String] = []
            for element in elements {
                guard let text = element.scalar else { return nil }
                found.append("\(option)=\(text)")
            }
            return found
        case .mapping: return nil
        }
    }

    /// `arguments` with each `--config FILE` behind the subcommand replaced by what the file says, before the
    /// other arguments, so that those win.
    static func expand(_ arguments: [String]) throws(AppError) -> [String] {
        guard let command = arguments.first, !command.hasPrefix("-") else { return arguments }
        var (given, configured) = ([String](), [String]())
        var index = 1
        while index < arguments.count {
            let argument = arguments[index]
            if argument == "--config" {
                guard index + 1 < arguments.count else {
                    throw AppError(.usage, "--config wants the name of a file")
                }
                configured += try ConfigurationFile(path: arguments[index + 1]).arguments
                index += 2
            } else if argument.hasPrefix("--config=") {
                configured += try ConfigurationFile(path: String(argument.dropFirst(9))).arguments
                index += 1
            } else {
                given.append(argument)
                index += 1
            }
        }
        return [command] + configured + given
    }
}
