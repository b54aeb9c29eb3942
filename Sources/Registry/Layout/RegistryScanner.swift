// SPDX-License-Identifier: Apache-2.0
package import Base
internal import Glibc

/// Finds models and versions in a directory: docs/reference/model-store.md. Opens directories, never files.
///
/// Costs a few system calls a version; a directory that vanishes while it is looked at is not an error.
package struct RegistryScanner: Sendable {
    package let path: String
    /// The name of the model when `path` is a bare file, version or model; nil: derived from the path.
    package let singleName: String?

    package init(path: String, singleName: String? = nil) {
        var path = path
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.singleName = singleName
    }

    /// - Throws: when the registry itself cannot be read; what is wrong inside is part of the result.
    package func scan() throws(SystemError) -> RegistryScan {
        let facts = try FileFacts(of: path)
        var scan = RegistryScan()
        if facts.kind != .directory {
            addSingle(try bareFile(), to: &scan)
            return scan
        }
        let root = try Contents(of: path, problems: &scan.problems)
        scan.directories.append(path)
        switch try form(of: root) {
        case .registry:
            scan.isRegistry = true
            addModels(root, to: &scan)
        case .model: addVersions(root, of: modelName, placement: .model, to: &scan)
        case .version:
            addPolicy(root, of: modelName, to: &scan)
            addSingle(
                VersionListing(
                    model: modelName, version: Self.first, path: path, files: root.files, placement: .alone),
                to: &scan)
        }
        return scan
    }

    /// The files of one version, whatever stands around it.
    static func version(
        at path: String, model: String, version: ModelVersion
    ) throws(SystemError) -> VersionListing {
        var problems: [ScanProblem] = []
        let directory = RegistryScanner(path: path).path
        let contents = try Contents(of: directory, problems: &problems)
        return VersionListing(model: model, version: version, path: directory, files: contents.files)
    }

    /// The files of a version of what is served, as they are now.
    func list(
        _ model: String, _ version: ModelVersion, _ placement: VersionListing.Placement
    ) throws(SystemError) -> VersionListing {
        let place = Self.path(of: model, version, placement, below: path)
        var listing: VersionListing
        if placement == .alone, try FileFacts(of: place).kind != .directory {
            listing = try bareFile()
        } else {
            listing = try Self.version(at: place, model: model, version: version)
        }
        listing.placement = placement
        return listing
    }

    /// The directory of a version, or the bare file, when `root` is served.
    static func path(
        of model: String, _ version: ModelVersion, _ placement: VersionListing.Placement, below root: String
    ) -> String {
        switch placement {
        case .registry: "\(root)/\(model)/\(version)"
        case .model: "\(root)/\(version)"
        case .alone: root
        }
    }

    private func bareFile() throws(SystemError) -> VersionListing {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let file = VersionListing.File(name: name, path: path, facts: try FileFacts(of: path))
        return VersionListing(
            model: modelName, version: Self.first, path: path, files: [file], placement: .alone)
    }

    /// Whether models can be put there: a directory that is one model, or one version, is none of models, and
    /// would not be served as it was if it became one. True for what is not there yet.
    static func isRegistry(_ path: String) throws(SystemError) -> Bool {
        let scanner = RegistryScanner(path: path)
        guard let facts = try? FileFacts(of: scanner.path) else { return true }
        guard facts.kind == .directory else { return false }
        var problems: [ScanProblem] = []
        return try scanner.form(of: Contents(of: scanner.path, problems: &problems)) == .registry
    }

    private static let first = ModelVersion(1)

    private var modelName: String { singleName ?? ModelName.derived(fromPath: path) }

    private enum Form { case registry, model, version }

    /// A directory in the registry that holds versions makes it a registry, whatever it is called.
    private func form(of root: Contents) throws(SystemError) -> Form {
        var hasVersions = false
        for directory in root.directories {
            if try holdsVersions("\(path)/\(directory)") { return .registry }
            if ModelVersion(directory) != nil { hasVersions = true }
        }
        if hasVersions { return .model }
        let hasCandidate = root.files.contains {
            $0.facts.kind == .regular && !Companion.isReserved($0.name) && !Companion.looksLikeText($0.name)
        }
        return hasCandidate && root.directories.isEmpty ? .version : .registry
    }

    private func holdsVersions(_ directory: String) throws(SystemError) -> Bool {
        // One that cannot be read is looked at again, and reported, as a model.
        guard let names = try? Directory.names(in: directory) else { return false }
        for name in names {
            guard let name, ModelVersion(name) != nil else { continue }
            if (try? FileFacts(of: "\(directory)/\(name)"))?.kind == .directory { return true }
        }
        return false
    }

    private func addModels(_ root: Contents, to scan: inout RegistryScan) {
        for name in root.directories { addModel(name, to: &scan) }
        addRootProblems(root, to: &scan)
    }

    /// What stands directly in the registry: the names of its directories, those of them that are links, and
    /// what is wrong there.
    func scanRoot(into scan: inout RegistryScan) throws(SystemError) -> (names: [String], links: [String]) {
        let root = try Contents(of: path, problems: &scan.problems)
        addRootProblems(root, to: &scan)
        return (root.directories, root.links)
    }

    private func addRootProblems(_ root: Contents, to scan: inout RegistryScan) {
        for name in root.directories where !ModelName.isValid(name) {
            let reason = RegistryError.invalidModelName(name).description
            scan.problems.append(ScanProblem(path: "\(path)/\(name)", reason: reason))
        }
        for file in root.files where !Companion.looksLikeText(file.name) {
            let reason = "a file in the registry is not served; put it into \(path)/<model>/1/"
            scan.problems.append(ScanProblem(path: file.path, reason: reason))
        }
    }

    /// One model of a registry. A name that is none is left out.
    func addModel(_ name: String, to scan: inout RegistryScan) {
        guard ModelName.isValid(name) else { return }
        do {
            let contents = try Contents(of: "\(path)/\(name)", problems: &scan.problems)
            scan.directories.append(contents.path)
            if FileFacts.isLink(contents.path) { scan.linkedModels.insert(name) }
            addVersions(contents, of: name, placement: .registry, to: &scan)
        } catch {
            if error.code != ENOENT { scan.unreadableModels[name] = error }
        }
    }

    private func addPolicy(_ model: Contents, of name: String, to scan: inout RegistryScan) {
        var policy = PolicyListing(file: model.files.first { $0.name == PolicyFile.name })
        let directory = "\(model.path)/\(PolicyRevision.directory)"
        if (try? FileFacts(of: directory))?.kind == .directory {
            if FileFacts.isLink(directory) { scan.linkedModels.insert(name) }
            scan.directories.append(directory)
            let names = (try? Directory.names(in: directory)) ?? []
            let newest = names.compactMap { $0 }.last { PolicyRevision.number(ofFile: $0) != nil }
            if let newest, let number = PolicyRevision.number(ofFile: newest),
                let facts = try? FileFacts(of: "\(directory)/\(newest)")
            {
                let file = VersionListing.File(name: newest, path: "\(directory)/\(newest)", facts: facts)
                policy.revision = PolicyListing.Revision(number: number, file: file)
            }
        }
        if !policy.isEmpty { scan.policies[name] = policy }
    }

    private func addVersions(
        _ model: Contents, of name: String, placement: VersionListing.Placement, to scan: inout RegistryScan
    ) {
        scan.models[name] = [:]
        addPolicy(model, of: name, to: &scan)
        if !model.links.isEmpty { scan.linkedModels.insert(name) }
        for directory in model.directories {
            let path = "\(model.path)/\(directory)"
            guard let version = ModelVersion(directory) else {
                let reason =
                    "'\(directory)' is no version: versions are decimal numbers without a leading zero"
                scan.problems.append(ScanProblem(path: path, reason: reason))
                continue
            }
            do {
                let contents = try Contents(of: path, problems: &scan.problems)
                scan.directories.append(path)
                if !contents.links.isEmpty { scan.linkedModels.insert(name) }
                scan.models[name]?[version] = VersionListing(
                    model: name, version: version, path: path, files: contents.files,
                    placement: placement)
            } catch {
                if error.code != ENOENT { scan.unreadableModels[name] = error }
            }
        }
        for file in model.files
        where !Companion.isReserved(file.name) && !Companion.looksLikeText(file.name) {
            let reason = "a file beside version directories is not served; put it into \(model.path)/1/"
            scan.problems.append(ScanProblem(path: file.path, reason: reason))
        }
    }

    private func addSingle(_ listing: VersionListing, to scan: inout RegistryScan) {
        scan.models[listing.model] = [listing.version: listing]
    }
}

/// What is in one directory, without dot-names.
private struct Contents {
    let path: String
    var files: [VersionListing.File] = []
    var directories: [String] = []
    /// Which of these are symbolic links.
    var links: [String] = []

    init(of path: String, problems: inout [ScanProblem]) throws(SystemError) {
        self.path = path
        for name in try Directory.names(in: path) {
            guard let name else {
                problems.append(ScanProblem(path: path, reason: "a name in it is no UTF-8; rename it"))
                continue
            }
            if name.hasPrefix(".") { continue }
            let facts: FileFacts
            var isLink = false
            do {
                facts = try FileFacts(of: "\(path)/\(name)", isLink: &isLink)
            } catch {
                // Gone since the names were read; or a link that leads nowhere, or in a circle.
                let reason = "cannot be looked at: \(error.description)"
                problems.append(ScanProblem(path: "\(path)/\(name)", reason: reason))
                continue
            }
            if isLink { links.append(name) }
            if facts.kind == .directory {
                directories.append(name)
            } else {
                files.append(VersionListing.File(name: name, path: "\(path)/\(name)", facts: facts))
            }
        }
    }
}
