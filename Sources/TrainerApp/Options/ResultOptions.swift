// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Registry

/// Where the results go.
struct ResultOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The registry to publish into, with --name; it is created when absent.", valueName: "dir"))
    var registry: String?

    @Option(help: ArgumentHelp("The model's name in the registry and in URLs.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("A file to write the model to.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("A file to write the model card to, Markdown.", valueName: "file"))
    var card: String?

    @Option(
        help: ArgumentHelp(
            "The private key that signs what is published, PEM, P-256, P-384 or P-521.", valueName: "file"))
    var signKey: String?

    @Option(
        help: ArgumentHelp(
            "A file to write the model's predictions for the test rows to, one JSON object a line.",
            valueName: "file"))
    var predictions: String?

    @Option(
        help: ArgumentHelp(
            "bar draws on the terminal, json prints an object a line; auto chooses by where the output goes.",
            valueName: "auto|bar|json|none"))
    var progress = ProgressStyle.auto

    @Flag(help: "End the output with a summary, one JSON object on the last line.")
    var json = false

    /// The long names of the options above.
    static let names: Set<String> = [
        "registry", "name", "output", "card", "sign-key", "predictions", "progress", "json",
    ]

    /// The first option that asks for a model or what comes with one; nil for none.
    var modelOption: String? {
        let given = [
            ("--registry", registry), ("--output", output), ("--card", card), ("--sign-key", signKey),
            ("--predictions", predictions),
        ]
        return given.first { $0.1 != nil }?.0
    }

    func validate() throws {
        guard (registry == nil) == (name == nil) else {
            throw ValidationError(
                "--registry and --name go together: the model is published as <registry>/<name>.")
        }
        if signKey != nil && registry == nil {
            throw ValidationError("--sign-key signs what is published; it goes with --registry and --name.")
        }
        if let name, !ModelName.isValid(name) {
            throw ValidationError(
                "--name is \"\(name)\"; a model's name starts with a letter or digit and goes on with "
                    + "letters, digits, \".\", \"_\" and \"-\", at most 64 in all.")
        }
    }
}
