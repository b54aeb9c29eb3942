// SPDX-License-Identifier: Apache-2.0

/// One row of the settings table: everything that is known about a key.
struct ConfigurationSetting: Sendable {
    /// `section.name` or `name`, as in the file; the environment variable and the flag are derived from it.
    let key: String
    /// What a value looks like, for people: `DIR`, `HOST:PORT`, `BYTES`.
    let placeholder: String
    /// The unit and form of values in words.
    let form: String
    /// The default as it would be written; nil: there is none.
    let defaultText: String?
    /// One or more sentences: what it does, and what to think about when changing it.
    let summary: String
    /// True when several values may be given.
    let isList: Bool
    let isRequired: Bool
    /// A value, for a setting without default whose values are not just any text.
    let example: String?
    /// Checks the texts and stores them; returns what is wrong with them, or nil.
    let assign: @Sendable (_ texts: [String], _ configuration: inout Configuration) -> String?
    /// The effective value as it would be written; nil: none.
    let render: @Sendable (Configuration) -> String?

    /// A setting with one value.
    init<Value>(
        _ key: String, _ type: ConfigurationValueType<Value>,
        _ field: any WritableKeyPath<Configuration, Value> & Sendable,
        default defaultText: String?, isRequired: Bool = false, _ summary: String
    ) {
        self.key = key
        placeholder = type.placeholder
        form = type.form
        self.defaultText = defaultText
        self.summary = summary
        isList = false
        self.isRequired = isRequired
        example = nil
        assign = { texts, configuration in
            guard texts.count == 1, let text = texts.first else {
                return "takes one value, not \(texts.count)"
            }
            guard let value = type.parse(text) else { return type.refusal(of: text) }
            configuration[keyPath: field] = value
            return nil
        }
        render = { configuration in
            let text = type.render(configuration[keyPath: field])
            return text.isEmpty ? nil : text
        }
    }

    /// A setting with one or more values.
    init<Value>(
        list key: String, _ type: ConfigurationValueType<Value>,
        _ field: any WritableKeyPath<Configuration, [Value]> & Sendable, default defaultText: String?,
        example: String? = nil, _ summary: String
    ) {
        self.key = key
        placeholder = type.placeholder
        form = "one or more of: \(type.form)"
        self.defaultText = defaultText
        self.summary = summary
        isList = true
        isRequired = false
        self.example = example
        assign = { texts, configuration in
            var values: [Value] = []
            for text in texts {
                guard let value = type.parse(text) else { return type.refusal(of: text) }
                values.append(value)
            }
            guard !values.isEmpty else { return "needs at least one value; allowed: \(type.form)" }
            configuration[keyPath: field] = values
            return nil
        }
        render = { configuration in
            let texts = configuration[keyPath: field].map(type.render)
            return texts.isEmpty ? nil : texts.joined(separator: ",")
        }
    }

    /// `limits.body_bytes` → `MODELD_LIMITS_BODY_BYTES`.
    var environmentName: String {
        "MODELD_" + String(key.map { $0 == "." ? "_" : Character($0.uppercased()) })
    }

    /// `limits.body_bytes` → `limits-body-bytes`, without the two dashes.
    var flagName: String { String(key.map { $0 == "." || $0 == "_" ? "-" : $0 }) }

    /// Whether SIGHUP changes it.
    var isReloadable: Bool { Configuration.reloadableKeys.contains(key) }

    func assignDefault(to configuration: inout Configuration) {
        guard let defaultText else { return }
        let problem = assign(isList ? elements(of: defaultText) : [defaultText], &configuration)
        precondition(problem == nil, "the table's default of \(key) is not allowed by its own type")
    }
}
