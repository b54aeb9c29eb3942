// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry

/// `modelctl sign`: a signature for a version in a registry.
struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a version in a registry with a private key.",
        discussion: """
            The version is checked as a server would before serving it; then model.sig is written beside its \
            files, in the format of OpenSSF Model Signing.
            """)

    @Argument(help: ArgumentHelp("REGISTRY/MODEL/VERSION", valueName: "path"))
    var path: String

    @Option(help: ArgumentHelp("The private key, PEM, P-256 or P-384, not encrypted.", valueName: "file"))
    var key: String

    @Option(help: "How to print: table, or json as one object.")
    var output: OutputFormat = .table

    func run() throws {
        try report { () throws(ControlError) in
            let signingKey = try KeyFile.signingKey(key)
            let signed: VersionSigner.Signed
            do throws(RegistryError) {
                signed = try VersionSigner.sign(absolutePath, with: signingKey)
            } catch {
                throw ControlError(error)
            }
            Console.output(Self.render(signed, output))
        }
    }

    /// The path with the names of its last two directories in it, for who stands in one of them.
    private var absolutePath: String {
        guard !path.hasPrefix("/"), let place = WorkingDirectory.path else { return path }
        return "\(place)/\(path)"
    }

    static func render(_ signed: VersionSigner.Signed, _ output: OutputFormat) -> String {
        switch output {
        case .table:
            let key = signed.fingerprint.prefix(16)
            return "signed \(signed.model)@\(signed.version), \(signed.files.count) files, key \(key)…\n"
        case .json:
            return JSONValue.object(
                JSONObject(pairs: [
                    ("model", .string(signed.model)), ("version", .string("\(signed.version)")),
                    ("path", .string(signed.path)), ("key", .string(signed.fingerprint)),
                    ("files", .array(signed.files.map { .string($0) })),
                ])
            ).line + "\n"
        }
    }
}
