// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Registry

/// The files of a new version as they come: written to disk piece by piece, whatever their size.
///
/// State: owned by one queue at a time. What was not published is removed with the object.
// Safe because its pieces come one after the other, on one serial queue.
package final class VersionUpload: @unchecked Sendable {
    package enum Form: Sendable, Equatable {
        /// One file of this name; with the SHA-256 that it must have, if that is known.
        case file(name: String, sha256: String?)
        /// A tar archive of plain files.
        case archive
    }

    package let model: String
    private let registryPath: String
    private let form: Form
    private var staging: VersionStaging?
    private var archive = TarReader()
    private var fileCount = 0

    /// More files are no version.
    private static let fileCountMax = 1000

    init(model: String, registryPath: String, form: Form) {
        self.model = model
        self.registryPath = registryPath
        self.form = form
    }

    /// Takes in the next piece of the body.
    package func write(_ piece: Span<UInt8>) throws(RepositoryError) {
        do throws(RegistryError) {
            let staging = try begun()
            guard case .archive = form else { return try staging.write(piece) }
            var offset = 0
            while let event = try next(in: piece, from: &offset) {
                switch event {
                case .file(let name, _):
                    fileCount += 1
                    guard fileCount <= Self.fileCountMax else { throw .invalidFileName(name) }
                    try staging.begin(name)
                case .content(let range): try staging.write(piece.extracting(range))
                case .endOfFile: _ = try staging.end()
                }
            }
        } catch {
            staging = nil
            throw RepositoryError(error, below: registryPath)
        }
    }

    private func begun() throws(RegistryError) -> VersionStaging {
        if let staging { return staging }
        let staging = try VersionStaging(model: model, registryPath: registryPath)
        if case .file(let name, _) = form { try staging.begin(name) }
        self.staging = staging
        return staging
    }

    private func next(
        in piece: Span<UInt8>, from offset: inout Int
    ) throws(RegistryError) -> TarReader.Event? {
        do {
            return try archive.next(in: piece, from: &offset)
        } catch {
            throw .malformedArchive(reason: error.description)
        }
    }

    /// Everything has come.
    func finish() throws(RepositoryError) -> VersionStaging {
        guard let staging else { throw RepositoryError(.nothingToPublish, below: registryPath) }
        // Whatever happens, the upload is over.
        self.staging = nil
        do throws(RegistryError) {
            switch form {
            case .archive:
                do {
                    try archive.finish()
                } catch {
                    throw .malformedArchive(reason: error.description)
                }
            case .file(let name, let stated):
                let actual = try staging.end()
                if let stated, stated != actual {
                    throw .digestMismatch(file: name, stated: stated, actual: actual)
                }
            }
        } catch {
            throw RepositoryError(error, below: registryPath)
        }
        return staging
    }
}
