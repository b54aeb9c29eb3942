// SPDX-License-Identifier: Apache-2.0

/// Files of the project that are made from the table of settings; a test holds them to it.
package enum ConfigurationReference {
    /// `config/modeld.yaml`: every key with its default, so that it changes nothing as it is, except that the
    /// required keys have an example value.
    package static func exampleFile() -> String {
        var text = """
            # The configuration of modeld: every key with its default, its unit and what it is for.
            #
            #   modeld --config modeld.yaml --check-config   shows what is in force, and where it came from
            #
            # Each key is also an environment variable (limits.body_bytes: MODELD_LIMITS_BODY_BYTES) and a
            # flag (--limits-body-bytes). A flag wins over the variable, that over this file, that over the
            # default. Unknown keys are refused. This file is made from the program's own table of settings;
            # your copy may be as short as the one key that you need.

            """
        var section = ""
        for setting in Configuration.settings {
            let parts = setting.key.split(separator: ".", maxSplits: 1).map { String($0) }
            let isNested = parts.count == 2
            text += "\n"
            if isNested && parts[0] != section {
                section = parts[0]
                text += "\(section):\n"
            }
            let indentation = isNested ? "  " : ""
            for line in ConfigurationReport.wrapped(setting.summary, width: 105) {
                text += "\(indentation)# \(line)\n"
            }
            for line in ConfigurationReport.wrapped(
                "Allowed: \(setting.form). Default: \(setting.defaultWords).", width: 105)
            {
                text += "\(indentation)# \(line)\n"
            }
            let name = isNested ? parts[1] : setting.key
            if let value = setting.defaultText {
                let elements = setting.elements(of: value)
                let isShort = !setting.isList || elements.count == 1
                let written = isShort ? value : "[\(elements.joined(separator: ", "))]"
                text += "\(indentation)\(name): \(written)\n"
            } else if setting.isRequired {
                text += "\(indentation)\(name): \(exampleOfRequired)\n"
            } else {
                text += "\(indentation)# \(name): \(setting.placeholder)\n"
            }
        }
        return text
    }

    /// The registry of the example file: where the image mounts it.
    private static let exampleOfRequired = "/models"

    private static let introduction = """
        # Configuration of modeld

        <!-- Made from the table in Sources/DaemonApp/ConfigurationSettings.swift. To make it again:
             UPDATE_GENERATED=1 swift test --filter ConfigurationReferenceTests -->

        `modeld --registry DIR` is enough to serve a directory. Everything else has a default.

        ## Where values come from

        The first of these that gives a setting wins:

        1. the flag: `--limits-body-bytes 8MiB` or `--limits-body-bytes=8MiB`
        2. the environment variable: `MODELD_LIMITS_BODY_BYTES=8MiB`
        3. the file of `--config FILE` or `MODELD_CONFIG=FILE`: `body_bytes: 8MiB` under `limits:`
        4. the default

        `modeld --check-config` prints every value that would be in force with its source, and starts
        nothing.
        [`config/modeld.yaml`](../../config/modeld.yaml) is a complete example.

        ## What is refused

        Unknown keys in the file and unknown flags are refused by name, with the nearest right name. So
        are values that are not exactly of the allowed form: a duration without a unit, a size that is not
        a whole number, a key that is there twice. All problems are printed at once, one a line with its
        place, and `modeld` exits with 78. An unknown variable that begins with `MODELD_` only warns:
        other programs may have put it there. The variables that Kubernetes sets beside a Service called
        `modeld` (`MODELD_PORT`, `MODELD_PORT_8080_TCP_ADDR`, `MODELD_SERVICE_HOST`, ...) are known and
        passed over, and no setting will ever have such a name.

        The file is YAML without anchors, aliases, tags and merge keys, at most 1 MiB.

        ## What changes without a restart

        SIGHUP makes `modeld` read its file again, with the same flags and variables as at its start. Keys
        that are marked *SIGHUP changes it* take effect at once; that others have changed is logged as a
        warning that names them, and waits for a restart. If anything in the file is wrong, all of it is
        logged and nothing changes. The files of `tls.certificate`, `tls.key` and `tls.client_authorities`
        are read again at SIGHUP and every `tls.poll`: a pair that does not belong together, or a file
        that is half-written, is logged as an error and counted (`modeld_tls_reloads_total`), and the old
        certificate goes on serving.

        ## Forms of values

        - **Durations** are a whole number with a unit: `500ms`, `10s`, `5m`, `1h`.
        - **Bytes** are a whole number with an optional unit: `65536`, `512KiB`, `64MiB`, `1GiB`; 1 KiB is
          1024 bytes.
        - **Lists** are a YAML list or one value in the file, and separated by commas in a variable or a
          flag; a flag may also be repeated.

        ## Settings

        | key | default | what it does |
        |---|---|---|

        """

    /// `docs/reference/configuration.md`.
    package static func page() -> String {
        var text = introduction
        for setting in Configuration.settings {
            let fallback = setting.defaultText.map { "`\($0)`" } ?? setting.defaultWords
            let reload = setting.isReloadable ? "<br>SIGHUP changes it." : ""
            let cells = "\(setting.summary)<br>Allowed: \(setting.form).\(reload)"
            let names = [setting.key, "--" + setting.flagName, setting.environmentName]
            text += "| " + names.map { "`\($0)`" }.joined(separator: "<br>") + " | \(fallback) | "
            text += escaped(cells) + " |\n"
        }
        text += """

            ## Flags that are not settings

            | flag | what it does |
            |---|---|
            | `--config FILE` | reads the file; also `MODELD_CONFIG` |
            | `--check-config` | checks everything, prints the values and their sources; exits 0 or 78 |
            | `--version` | prints the version |
            | `--help`, `-h` | prints every flag with its default |

            """
        return text
    }

    /// Markdown would take these as markup inside a cell of a table.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("<br>") {
                escaped += "<br>"
                rest = rest.dropFirst(4)
                continue
            }
            switch character {
            case "|": escaped += "\\|"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.append(character)
            }
            rest = rest.dropFirst()
        }
        return escaped
    }
}
