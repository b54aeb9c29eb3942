// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
internal import Glibc

/// Writes a new version into a registry: docs/reference/model-store.md, "Publishing".
package enum Publisher {
    /// A file of the version to be published.
    package struct File: Sendable {
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// Where publishing stands; told to the observer before each step is taken, so that tests can stop there.
    package enum Step: Sendable, Equatable, CaseIterable {
        case makeDirectory, writeFiles, writeManifest, syncDirectory, rename, syncModel
    }

    /// Publishes `files` as the next version of `model`. When this returns, the version is on disk for good;
    /// when it throws, there is no new version (but for a failing sync of the model's directory, after which
    /// a power failure may or may not take it). Several may publish at once; each gets a number of its own.
    ///
    /// - Parameter facts: of the run, for the manifest.
    package static func publish(
        _ files: [File], model: String, registryPath: String, facts: [(name: String, value: String)] = [],
        observer: (Step) throws(RegistryError) -> Void = { _ throws(RegistryError) in }
    ) throws(RegistryError) -> ModelVersion {
        guard ModelName.isValid(model) else { throw .invalidModelName(model) }
        guard !files.isEmpty else { throw .nothingToPublish }
        for (position, file) in files.enumerated() {
            let isRepeated = files[..<position].contains { $0.name == file.name }
            guard Manifest.isFileName(file.name), !isRepeated else { throw .invalidFileName(file.name) }
        }
        let directory = "\(registryPath)/\(model)"
        try system { () throws(SystemError) in
            try Directory.make(directory)
            try AtomicFile.syncDirectory(registryPath)
        }
        try observer(.makeDirectory)
        let temporary = try makeTemporary(in: directory)
        do throws(RegistryError) {
            return try fill(
                temporary, files, model: model, directory: directory, facts: facts, observer: observer)
        } catch {
            discard(temporary, files)
            throw error
        }
    }

    private static func fill(
        _ temporary: String, _ files: [File], model: String, directory: String,
        facts: [(name: String, value: String)], observer: (Step) throws(RegistryError) -> Void
    ) throws(RegistryError) -> ModelVersion {
        try observer(.writeFiles)
        var manifest = Manifest(model: model, version: ModelVersion(0), files: [], facts: facts)
        for file in files {
            try system { () throws(SystemError) in
                try AtomicFile.write(file.bytes.span, to: "\(temporary)/\(file.name)")
            }
            let digest = SHA256.digest(of: file.bytes.span).hexadecimal
            manifest.files.append(
                Manifest.File(name: file.name, size: Int64(file.bytes.count), sha256: digest))
        }
        var taken = ModelVersion(0)
        while true {
            guard let version = max(try greatest(in: directory), taken).next else {
                throw .versionsExhausted(model: model)
            }
            manifest.version = version
            try observer(.writeManifest)
            var text = ByteBuffer()
            manifest.write(into: &text)
            do {
                try AtomicFile.write(text.bytes, to: "\(temporary)/\(Companion.manifest)")
            } catch {
                throw .system(error)
            }
            try observer(.syncDirectory)
            try system { () throws(SystemError) in try AtomicFile.syncDirectory(temporary) }
            try observer(.rename)
            if try rename(temporary, to: "\(directory)/\(version)") {
                try observer(.syncModel)
                try system { () throws(SystemError) in try AtomicFile.syncDirectory(directory) }
                return version
            }
            taken = version
        }
    }

    /// False when the number is taken: by a directory with something in it, or by something else.
    private static func rename(_ temporary: String, to path: String) throws(RegistryError) -> Bool {
        // Safe because both strings are passed as C strings that live for the call.
        if unsafe Glibc.rename(temporary, path) == 0 { return true }
        let error = SystemError("rename", on: path)
        if [ENOTEMPTY, EEXIST, ENOTDIR].contains(error.code) { return false }
        throw .system(error)
    }

    /// The greatest version in the model's directory; 0 when there is none.
    private static func greatest(in directory: String) throws(RegistryError) -> ModelVersion {
        do {
            return try Directory.names(in: directory).compactMap { $0.flatMap { ModelVersion($0) } }.max()
                ?? ModelVersion(0)
        } catch {
            throw .system(error)
        }
    }

    private static func makeTemporary(in directory: String) throws(RegistryError) -> String {
        for _ in 0..<16 {
            let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
            let path = "\(directory)/.publish-\(suffix)"
            // Safe because the string is passed as a C string that lives for the call.
            if unsafe mkdir(path, 0o755) == 0 { return path }
            if errno != EEXIST { break }
        }
        throw .system(SystemError("mkdir", on: "\(directory)/.publish-"))
    }

    /// Removes what was written; what cannot be removed lies under a name that nobody looks at.
    private static func discard(_ temporary: String, _ files: [File]) {
        for name in files.map(\.name) + [Companion.manifest] {
            // Safe because the strings are passed as C strings that live for the calls.
            _ = unsafe unlink("\(temporary)/\(name)")
        }
        _ = unsafe rmdir(temporary)
    }

    private static func system(_ body: () throws(SystemError) -> Void) throws(RegistryError) {
        do {
            try body()
        } catch {
            throw .system(error)
        }
    }
}
