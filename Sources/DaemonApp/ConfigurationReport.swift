// SPDX-License-Identifier: Apache-2.0

/// Texts about the settings for a terminal.
package enum ConfigurationReport {
    /// The text of `modeld --help`.
    package static func help() -> String {
        var text = """
            modeld serves machine-learning models over HTTP.

            USAGE
              modeld [serve] --registry DIR [--listen HOST:PORT] [--config FILE] [flags]

            ACTIONS
              --check-config           Check every setting, print the values and their sources, and stop.
              --version                Print the version and stop.
              -h, --help               Print this text and stop.

            CONFIGURATION FILE
              --config FILE            A YAML file with the keys below; MODELD_CONFIG=FILE does the same.

            SETTINGS  (a flag wins over the environment variable, that over the file, that over the default)

            """
        for setting in Configuration.settings {
            text += "  --\(setting.flagName) \(setting.placeholder)\n"
            for line in wrapped(setting.summary, width: 90) { text += "      \(line)\n" }
            text += "      Default: \(setting.defaultWords). Variable: \(setting.environmentName). "
            text += "Key: \(setting.key)\n"
        }
        text += """

            EXIT CODES
              0   ended as asked: stopped by SIGTERM or SIGINT, or the check found nothing wrong
              1   failed while starting or running; the last log line says why
              78  a flag, a variable or the configuration file is wrong; one line a problem on standard error

            """
        return text
    }

    /// The text of `modeld --check-config`: each key with its effective value and where that came from.
    package static func effectiveValues(_ loaded: LoadedConfiguration) -> String {
        let rows = Configuration.settings.map { setting in
            (
                key: setting.key, value: setting.render(loaded.configuration) ?? "(none)",
                source: loaded.source(of: setting.key).description
            )
        }
        let keyWidth = rows.map(\.key.count).max() ?? 0
        let valueWidth = rows.map(\.value.count).max() ?? 0
        var text = ""
        for row in rows {
            text += padded(row.key, keyWidth) + "  " + padded(row.value, valueWidth) + "  \(row.source)\n"
        }
        return text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// `text` in lines of at most `width` characters, broken at spaces.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }
}

extension ConfigurationSetting {
    /// The default for people.
    var defaultWords: String { defaultText ?? (isRequired ? "none, required" : "none") }
}
