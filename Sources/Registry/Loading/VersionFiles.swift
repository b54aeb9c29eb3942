// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Cryptography
internal import Glibc
internal import ModelFormat

/// The files of one version while it is loaded: each is opened once, beneath the registry, and read once into
/// memory, so that what was checked is what is used.
///
/// State: owned by the thread that loads.
final class VersionFiles {
    let listing: VersionListing
    /// The registry, which no link may lead out of.
    private let root: String
    private let sizeLimit: Int
    private var contents: [String: Content] = [:]

    private struct Content {
        var bytes: [UInt8]
        var sha256: String
    }

    /// - Parameters:
    ///   - root: the directory that was configured, or the bare file.
    ///   - sizeLimit: larger files are refused.
    init(_ listing: VersionListing, root: String, sizeLimit: Int) {
        self.listing = listing
        self.root = root
        self.sizeLimit = sizeLimit
    }

    /// Of the version's directory.
    var path: String { listing.path }

    /// Directories in the version; nothing in them is part of it.
    var directories: [String] {
        guard let names = try? Directory.names(in: listing.path) else { return [] }
        return names.compactMap { $0 }.filter { name in
            !name.hasPrefix(".") && (try? FileFacts(of: "\(listing.path)/\(name)"))?.kind == .directory
        }
    }

    /// The bytes of `file`, from the disk the first time.
    ///
    /// - Throws: `leavesRegistry`, `notRegular`, `system`.
    func read(_ file: VersionListing.File, limit: Int? = nil) throws(RegistryError) -> [UInt8] {
        if let content = contents[file.name] { return content.bytes }
        guard file.facts.kind == .regular else { throw .notRegular(file: file.path) }
        let bytes = try readAnew(file.path, limit: limit ?? sizeLimit)
        let digest = SHA256.digest(of: bytes.span).hexadecimal
        contents[file.name] = Content(bytes: bytes, sha256: digest)
        return bytes
    }

    /// From this size on native files are read straight into the model.
    private static let largeSize: Int64 = 4 << 20

    /// A large native file, its tensors where the model keeps them; nil for others, and for one that is not
    /// valid, of which `read` and the reader of its format say why. Known to have been read afterwards, but
    /// not kept.
    func readNative(_ file: VersionListing.File) -> NativeModelFile? {
        guard contents[file.name] == nil, file.facts.kind == .regular, file.facts.size >= Self.largeSize,
            file.facts.size <= Int64(sizeLimit)
        else { return nil }
        let prefix = root == "/" ? root : "\(root)/"
        guard file.path.hasPrefix(prefix),
            let opened = try? DirectoryFiles(root).open(String(file.path.dropFirst(prefix.count))),
            let native = NativeModelFile(reading: opened)
        else { return nil }
        contents[file.name] = Content(bytes: [], sha256: native.sha256)
        return native
    }

    /// The bytes of the file that is called so; nil when there is none.
    func read(named name: String, limit: Int? = nil) throws(RegistryError) -> [UInt8]? {
        guard let file = listing.file(named: name) else { return nil }
        return try read(file, limit: limit)
    }

    /// SHA-256 of `file`, lower-case hexadecimal.
    func digest(of file: VersionListing.File) throws(RegistryError) -> String {
        if let content = contents[file.name] { return content.sha256 }
        _ = try read(file)
        return contents[file.name]?.sha256 ?? ""
    }

    /// SHA-256 of every file but the signature, in order of their names.
    func allDigests() throws(RegistryError) -> [(name: String, sha256: String)] {
        var digests: [(name: String, sha256: String)] = []
        for file in listing.files where file.name != Companion.signature {
            digests.append((file.name, try digest(of: file)))
        }
        return digests
    }

    /// Of what has been read, in order of names.
    var knownDigests: [(name: String, sha256: String)] {
        contents.map { (name: $0.key, sha256: $0.value.sha256) }.sorted { $0.name < $1.name }
    }

    /// The text of `model.sig`; nil when there is none.
    func signature() throws(RegistryError) -> [UInt8]? {
        try read(named: Companion.signature, limit: SignatureBundle.sizeLimit)
    }

    private func readAnew(_ path: String, limit: Int) throws(RegistryError) -> [UInt8] {
        do throws(SystemError) {
            let prefix = root == "/" ? root : "\(root)/"
            // A bare file is what the operator named; so is the directory that is called like the registry.
            guard path.hasPrefix(prefix) else { return try File.read(path, limit: limit) }
            return try DirectoryFiles(root).readAll(String(path.dropFirst(prefix.count)), limit: limit)
        } catch {
            switch error.code {
            case EXDEV: throw .leavesRegistry(file: path)
            case EISDIR, EINVAL: throw .notRegular(file: path)
            default: throw .system(error)
            }
        }
    }
}

/// The tensors that an ONNX model keeps in other files of its version.
// Safe because the graph is read, and this asked, on the thread that loads.
struct VersionTensorFiles: ExternalTensorData, @unchecked Sendable {
    let files: VersionFiles
    /// The path of the model file.
    let model: String
    /// A manifest vouches for the files of the version, and so only for those; they are in memory already.
    let isVouchedFor: Bool

    func bytes(
        of location: String, offset: Int, count: Int, part: String
    ) throws(FormatError) -> [UInt8] {
        guard isVouchedFor else {
            let besides = ExternalTensorFiles(besides: model)
            return try besides.bytes(of: location, offset: offset, count: count, part: part)
        }
        guard let file = files.listing.file(named: location) else {
            throw .unsupported(
                part: "\(part) in the file \"\(location)\"",
                advice: "it must be a file of the version, which its manifest lists")
        }
        let bytes: [UInt8]
        do {
            bytes = try files.read(file)
        } catch {
            throw .unsupported(
                part: "\(part) in the file \"\(location)\"",
                advice: "it must lie beneath the model's own directory, whole: \(error.description)")
        }
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard offset >= 0, count >= 0, !overflow, end <= bytes.count else {
            throw .unsupported(
                part: "\(part) in the file \"\(location)\"",
                advice: "it must be whole: the file has \(bytes.count) bytes")
        }
        return Array(bytes[offset..<end])
    }
}
