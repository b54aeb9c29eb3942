// SPDX-License-Identifier: Apache-2.0

/// The arguments of a subcommand as somebody gave them, so that others can be put beneath them or beside.
struct GivenArguments {
    /// By their long names without "--"; nil for a flag.
    var options: [(name: String, value: String?)] = []
    var positionals: [String] = []

    /// Options of `train` that take no value.
    static let flags: Set<String> = ["ordered-categories", "dart", "batch-norm", "json", "resume"]

    /// `arguments` without the subcommand's name; they have been parsed without a complaint.
    init(_ arguments: [String]) {
        var index = 0
        var isAfterOptions = false
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" && !isAfterOptions {
                isAfterOptions = true
            } else if isAfterOptions || !argument.hasPrefix("--") {
                positionals.append(argument)
            } else if let place = argument.firstIndex(of: "=") {
                let name = argument[..<place].dropFirst(2)
                options.append((String(name), String(argument[argument.index(after: place)...])))
            } else {
                let name = String(argument.dropFirst(2))
                if GivenArguments.flags.contains(name) || index >= arguments.count {
                    options.append((name, nil))
                } else {
                    options.append((name, arguments[index]))
                    index += 1
                }
            }
        }
    }

    func has(_ name: String) -> Bool { options.contains { $0.name == name } }

    /// Of the last option of this name; nil for a flag and for none.
    func value(of name: String) -> String? { options.last { $0.name == name }?.value }

    func without(_ names: Set<String>) -> GivenArguments {
        var rest = self
        rest.options.removeAll { names.contains($0.name) }
        return rest
    }

    /// As a command line; what stands later wins.
    var arguments: [String] {
        options.map { option in option.value.map { "--\(option.name)=\($0)" } ?? "--\(option.name)" }
            + (positionals.isEmpty ? [] : ["--"] + positionals)
    }
}
