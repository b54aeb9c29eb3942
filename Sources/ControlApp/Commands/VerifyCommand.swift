// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Registry

/// `modelctl verify`: would a server serve this?
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a model file or a whole registry as a server would before serving it.",
        discussion: """
            Digests, structure and golden samples are checked; with --trust or --public-key signatures, \
            too. Exits with 1 when anything is refused.
            """)

    @Argument(help: ArgumentHelp("A model file, a version's directory or a registry.", valueName: "path"))
    var path: String

    @Option(help: "How to print: table, or json with one object a line.")
    var output: OutputFormat = .table

    @Option(
        help: ArgumentHelp("Demand a signature by one of the keys in this file.", valueName: "file"))
    var trust: String?

    @Option(
        help: ArgumentHelp("Demand a signature by this public key, a PEM file.", valueName: "file"))
    var publicKey: String?

    @Option(
        help: ArgumentHelp(
            "ONNX Runtime's library, for ONNX models with operators that do not run natively.",
            valueName: "library"))
    var onnxRuntime: String?

    func validate() throws {
        if trust != nil && publicKey != nil {
            throw ValidationError("--trust and --public-key do not go together: put the key into the file")
        }
    }

    func run() throws {
        var policy = TrustPolicy.off
        try ControlApp.report { () throws(ControlError) in policy = try trustPolicy() }
        let engine = ONNXEngine(libraryPath: onnxRuntime)
        let report = RegistryVerifier.verify(path, trust: policy, engine: engine)
        Console.output(Self.render(report, output))
        if !report.problems.isEmpty { throw ExitCode(1) }
    }

    private func trustPolicy() throws(ControlError) -> TrustPolicy {
        if let trust {
            do {
                return TrustPolicy(mode: .require, trusted: try TrustedKeys(readingFrom: trust))
            } catch {
                throw ControlError(error)
            }
        }
        guard let publicKey else { return .off }
        let key = try KeyFile.verifyingKey(publicKey)
        let trusted = TrustedKeys.Key(id: publicKey, key: key, validFrom: nil, validUntil: nil)
        return TrustPolicy(mode: .require, trusted: TrustedKeys(keys: [trusted]))
    }

    static func render(_ report: RegistryVerifier.Report, _ output: OutputFormat) -> String {
        switch output {
        case .table:
            var text = ""
            for item in report.verified {
                let facts = "\(item.model)@\(item.version), \(item.format), sha256 \(item.digest.prefix(12))"
                text += "ok       \(TextTable.printable(item.path))  \(facts), "
                text += "\(item.goldenSampleCount) golden samples"
                text += item.signer.map { ", signed by \(TextTable.printable($0))\n" } ?? "\n"
            }
            for problem in report.problems {
                text += "refused  \(TextTable.printable(problem.path))  "
                text += "\(TextTable.printable(problem.reason)) [\(problem.code)]\n"
            }
            return text + "\(report.verified.count) ok, \(report.problems.count) refused\n"
        case .json:
            let good = report.verified.map { item in
                JSONObject(pairs: [
                    ("path", .string(item.path)), ("ok", .bool(true)), ("model", .string(item.model)),
                    ("version", .string("\(item.version)")), ("format", .string(item.format)),
                    ("digest", .string(item.digest)),
                    ("golden_samples", .integer(Int64(item.goldenSampleCount))),
                    ("signer", item.signer.map { .string($0) }),
                ])
            }
            let bad = report.problems.map { problem in
                JSONObject(pairs: [
                    ("path", .string(problem.path)), ("ok", .bool(false)), ("code", .string(problem.code)),
                    ("reason", .string(problem.reason)),
                ])
            }
            return (good + bad).map { JSONValue.object($0).line + "\n" }.joined()
        }
    }
}
