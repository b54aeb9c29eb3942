// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Base
import Cryptography
import Registry

/// `modelctl publish MODEL FILE...`
struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Publish files as the next version of a model.",
        discussion: """
            The files are checked as a server would before serving them; then they become a version in one \
            step. A directory stands for the files in it.
            """)

    @Argument(help: ArgumentHelp("The model.", valueName: "model"))
    var model: String

    @Argument(help: ArgumentHelp("The model file, and what belongs to it.", valueName: "file"))
    var files: [String]

    @Option(help: ArgumentHelp("Sign the version with this private key.", valueName: "file"))
    var sign: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A fact for the manifest; may be repeated.", valueName: "name=value"))
    var fact: [String] = []

    @OptionGroup var options: RegistryOptions

    func validate() throws { _ = try facts() }

    func run() throws {
        let facts = try facts()
        try report { () throws(ControlError) in
            let key: SigningKey? = if let sign { try KeyFile.signingKey(sign) } else { nil }
            let sources = try PublishSource.list(files)
            let published: JSONValue
            switch try options.place() {
            case .directory(let path):
                published = try Self.publish(sources, model: model, registry: path, facts: facts, key: key)
            case .server(let client):
                guard facts.isEmpty || key != nil else {
                    throw .registry(
                        code: "invalid_change",
                        reason: "a server writes the facts itself; --fact needs --registry or --sign",
                        exitStatus: 64)
                }
                let archive = try PublishArchive.make(sources, model: model, facts: facts, key: key, client)
                published = try client.publish(model, archive: archive)
            }
            Console.output(Self.render(published, options.output))
        }
    }

    private func facts() throws -> [(name: String, value: String)] {
        try fact.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("'\(text)' is no fact: write NAME=VALUE")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }

    private static func publish(
        _ sources: [PublishSource], model: String, registry: String,
        facts: [(name: String, value: String)], key: SigningKey?
    ) throws(ControlError) -> JSONValue {
        do {
            let staging = try VersionStaging(model: model, registryPath: registry)
            for source in sources { try source.copy(into: staging) }
            try staging.check()
            let facts =
                facts + [
                    ("published_by", RegistryOptions.actor),
                    ("published_at", CalendarTime.text(CalendarTime.nanoseconds)),
                ]
            return try staging.commit(facts: facts, signedBy: key).document
        } catch let error as RegistryError {
            throw ControlError(error)
        } catch let error as ControlError {
            throw error
        } catch {
            preconditionFailure("publishing throws what it says")
        }
    }

    static func render(_ published: JSONValue, _ output: OutputFormat) -> String {
        if output == .json { return published.line + "\n" }
        let count = published["files"]?.array?.count ?? 0
        let name = "\(published["model"]?.cell ?? "")@\(published["version"]?.cell ?? "")"
        return "published \(TextTable.printable(name)), \(count) \(count == 1 ? "file" : "files")\n"
    }
}
