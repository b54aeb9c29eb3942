// SPDX-License-Identifier: Apache-2.0
internal import Base
package import Cryptography
internal import Glibc

/// A version on its way into a registry: a directory with a dot-name beside the versions, which becomes one
/// of them in one step. docs/reference/model-store.md, "Publishing".
///
/// State: owned by one thread at a time. What is not committed is removed with the object.
// Safe because whoever stages a version hands it from one queue to the next, never to two.
package final class VersionStaging: @unchecked Sendable {
    /// Where publishing stands; told to the observer before each step is taken, so that tests can stop there.
    package enum Step: Sendable, Equatable, CaseIterable {
        case makeDirectory, writeFiles, writeManifest, syncDirectory, rename, syncModel
    }

    package typealias Observer = (Step) throws(RegistryError) -> Void

    /// A version that is there for good.
    package struct Published: Sendable, Equatable {
        package var model: String
        package var version: ModelVersion
        /// Of the version's directory.
        package var path: String
        package var files: [Manifest.File]
    }

    package let model: String
    /// Of the model.
    private let directory: String
    /// Of what is staged.
    private let path: String
    private var files: [Manifest.File] = []
    /// The one that was handed in; nil: one is made.
    private var manifest: Manifest?
    private var hasSignature = false
    private var open: OpenFile?
    private var isDone = false

    private struct OpenFile: ~Copyable {
        var name: String
        var path: String
        var descriptor: FileDescriptor
        var size: Int64 = 0
        var hash = SHA256()
    }

    /// Makes the model's directory, if need be, and one for the files.
    package init(
        model: String, registryPath: String, observer: Observer = { _ throws(RegistryError) in }
    ) throws(RegistryError) {
        guard ModelName.isValid(model) else { throw .invalidModelName(model) }
        self.model = model
        let directory = "\(registryPath)/\(model)"
        self.directory = directory
        do {
            let isKnown = ModelVersion(model) == nil && (try? FileFacts(of: directory))?.kind == .directory
            guard try isKnown || RegistryScanner.isRegistry(registryPath) else {
                throw RegistryError.notARegistry(path: registryPath)
            }
            try Directory.make(directory)
            try AtomicFile.syncDirectory(registryPath)
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            throw .notARegistry(path: registryPath)
        }
        try observer(.makeDirectory)
        path = try Self.makeTemporary(in: directory)
    }

    deinit { if !isDone { try? DirectoryTree.remove(path) } }

    // MARK: Files

    /// Adds a whole file.
    package func add(_ name: String, _ bytes: Span<UInt8>) throws(RegistryError) {
        try begin(name)
        try write(bytes)
        _ = try end()
    }

    /// Begins a file; `manifest.json` and `model.sig` may be among them, made for this very version.
    package func begin(_ name: String) throws(RegistryError) {
        let isRepeated = files.contains { $0.name == name } || (name == Companion.manifest && manifest != nil)
        guard Manifest.isFileName(name) || name == Companion.manifest, !isRepeated, open == nil,
            name != Companion.signature || !hasSignature
        else { throw .invalidFileName(name) }
        let place = "\(path)/\(name)"
        do {
            let descriptor = try FileDescriptor(opening: place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            open = OpenFile(name: name, path: place, descriptor: descriptor)
        } catch {
            throw .system(error)
        }
    }

    /// The next piece of the file that was begun.
    package func write(_ piece: Span<UInt8>) throws(RegistryError) {
        guard var file = open.take() else { preconditionFailure("a piece of a file that was not begun") }
        do {
            try file.descriptor.write(piece, path: file.path)
        } catch {
            throw .system(error)
        }
        file.hash.update(piece)
        file.size += Int64(piece.count)
        open = consume file
    }

    /// Ends the file that was begun: it is on disk.
    ///
    /// - Returns: its SHA-256, lower-case hexadecimal.
    package func end() throws(RegistryError) -> String {
        guard let file = open.take() else { preconditionFailure("the end of a file that was not begun") }
        if fsync(file.descriptor.number) != 0 { throw .system(SystemError("fsync", on: file.path)) }
        let (name, size, place) = (file.name, file.size, file.path)
        let digest = Self.digest(of: file).hexadecimal
        switch name {
        case Companion.manifest:
            let bytes: [UInt8]
            do {
                bytes = try File.read(place, limit: Manifest.sizeLimit)
            } catch {
                throw .system(error)
            }
            manifest = try Manifest(bytes.span, path: name)
        case Companion.signature: hasSignature = true
        default: files.append(Manifest.File(name: name, size: size, sha256: digest))
        }
        return digest
    }

    private static func digest(of file: consuming OpenFile) -> Digest { file.hash.finish() }

    // MARK: Publishing

    /// Loads what is staged as a server would that has the policy `trust`, so that nothing is published that
    /// would be refused.
    package func check(trust: TrustPolicy = .off) throws(RegistryError) {
        let version = manifest?.version ?? ModelVersion(0)
        if let manifest, manifest.model != model {
            throw .wrongBinding(directory: model, published: "\(manifest.model)@\(manifest.version)")
        }
        do {
            let listing = try RegistryScanner.version(at: path, model: model, version: version)
            _ = try ModelLoader(root: path, trust: trust).load(listing)
        } catch let error as RegistryError {
            throw error.moved(from: path, to: "\(directory)/\(manifest == nil ? "new" : "\(version)")")
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            preconditionFailure("loading throws what it says")
        }
    }

    /// Makes what is staged the next version; with a manifest of its own, the version that this one says.
    /// When this returns, it is on disk for good; when it throws, there is no new version (but for a failing
    /// sync of the model's directory, after which a power failure may or may not take it). Several may
    /// publish at once; each gets a number of its own.
    ///
    /// - Parameters:
    ///   - facts: of the run, for the manifest.
    ///   - key: signs the version.
    /// - Throws: `versionTaken` for a number that the manifest wants and somebody has.
    package func commit(
        facts: [(name: String, value: String)] = [], signedBy key: SigningKey? = nil,
        observer: Observer = { _ throws(RegistryError) in }
    ) throws(RegistryError) -> Published {
        guard !files.isEmpty else { throw .nothingToPublish }
        guard manifest != nil || !hasSignature else { throw .untrusted(directory: model, .unboundSignature) }
        var taken = ModelVersion(0)
        while true {
            let version: ModelVersion
            if let manifest {
                try checkFiles(of: manifest)
                version = manifest.version
            } else {
                guard let next = max(try greatest(), taken).next else {
                    throw .versionsExhausted(model: model)
                }
                version = next
                try observer(.writeManifest)
                try writeCompanions(version, facts, key)
            }
            try observer(.syncDirectory)
            try sync(path)
            try observer(.rename)
            if try rename(to: "\(directory)/\(version)") {
                isDone = true
                try observer(.syncModel)
                try sync(directory)
                return Published(
                    model: model, version: version, path: "\(directory)/\(version)", files: files)
            }
            guard manifest == nil else { throw .versionTaken(model: model, version: version) }
            taken = version
        }
    }

    private func checkFiles(of manifest: Manifest) throws(RegistryError) {
        guard manifest.model == model else {
            throw .wrongBinding(directory: model, published: "\(manifest.model)@\(manifest.version)")
        }
        let stated = manifest.files.sorted { $0.name < $1.name }
        guard stated == files.sorted(by: { $0.name < $1.name }) else {
            throw .manifestMismatch(
                file: Companion.manifest, reason: "lists other files than those that came with it")
        }
    }

    private func writeCompanions(
        _ version: ModelVersion, _ facts: [(name: String, value: String)], _ key: SigningKey?
    ) throws(RegistryError) {
        let companions = VersionCompanions(
            model: model, version: version, files: files, facts: facts, signedBy: key)
        try write(companions.manifest.span, as: Companion.manifest)
        if let signature = companions.signature { try write(signature.span, as: Companion.signature) }
    }

    private func write(_ bytes: Span<UInt8>, as name: String) throws(RegistryError) {
        do {
            try AtomicFile.write(bytes, to: "\(path)/\(name)")
        } catch {
            throw .system(error)
        }
    }

    private func sync(_ directory: String) throws(RegistryError) {
        do {
            try AtomicFile.syncDirectory(directory)
        } catch {
            throw .system(error)
        }
    }

    /// False when the number is taken: by a directory with something in it, or by something else.
    private func rename(to target: String) throws(RegistryError) -> Bool {
        // Safe because both strings are passed as C strings that live for the call.
        if unsafe Glibc.rename(path, target) == 0 { return true }
        let error = SystemError("rename", on: target)
        if [ENOTEMPTY, EEXIST, ENOTDIR].contains(error.code) { return false }
        throw .system(error)
    }

    /// The greatest version in the model's directory; 0 when there is none.
    private func greatest() throws(RegistryError) -> ModelVersion {
        do {
            return try Directory.names(in: directory).compactMap { $0.flatMap { ModelVersion($0) } }.max()
                ?? ModelVersion(0)
        } catch {
            throw .system(error)
        }
    }

    static let prefix = ".publish-"

    private static func makeTemporary(in directory: String) throws(RegistryError) -> String {
        for _ in 0..<16 {
            let path = "\(directory)/\(prefix)\(String(UInt64.random(in: .min ... .max), radix: 36))"
            // Safe because the string is passed as a C string that lives for the call.
            if unsafe mkdir(path, 0o755) == 0 { return path }
            if errno != EEXIST { break }
        }
        throw .system(SystemError("mkdir", on: "\(directory)/\(prefix)"))
    }
}
