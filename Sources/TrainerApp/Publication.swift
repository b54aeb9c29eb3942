// SPDX-License-Identifier: Apache-2.0
import Base
import Cryptography
import Glibc
import ModelFormat
import Training

/// A model that stands in a registry.
struct Publication {
    var name: String
    var version: Int
    var registry: String
    var path: String

    /// Puts a model into the registry as its next version: everything is written into a directory with a
    /// dot-name, synced, and renamed onto the number, which fails when somebody else was faster; then the
    /// next one is tried.
    static func publish(
        _ bytes: [UInt8], name: String, registry: String, graph: ModelGraph, metrics: [Metric]
    ) throws(AppError) -> Publication {
        let model = "\(registry)/\(name)"
        try createDirectories(model)
        let temporary = "\(model)/.publishing-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        do throws(SystemError) {
            try makeDirectory(temporary)
        } catch {
            throw AppError(writing: error)
        }
        do throws(SystemError) {
            try AtomicFile.write(bytes.span, to: "\(temporary)/model.safetensors")
            let version = try settle(temporary, in: model) { (version) throws(SystemError) in
                let manifest = manifest(bytes, name: name, version: version, graph: graph, metrics: metrics)
                try AtomicFile.write(Array(manifest.utf8).span, to: "\(temporary)/manifest.json")
                try AtomicFile.syncDirectory(temporary)
            }
            try AtomicFile.syncDirectory(model)
            return Publication(name: name, version: version, registry: registry, path: "\(model)/\(version)")
        } catch {
            remove(temporary)
            throw AppError(writing: error)
        }
    }

    /// Renames `temporary` onto the first free number above all versions.
    private static func settle(
        _ temporary: String, in model: String, prepare: (Int) throws(SystemError) -> Void
    ) throws(SystemError) -> Int {
        var version = try highestVersion(in: model) + 1
        for _ in 0..<1_000 {
            try prepare(version)
            // Safe because both strings are passed as C strings that live for the call.
            if unsafe rename(temporary, "\(model)/\(version)") == 0 { return version }
            guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else { break }
            version += 1
        }
        throw SystemError("rename", on: "\(model)/\(version)")
    }

    private static func highestVersion(in model: String) throws(SystemError) -> Int {
        // Safe because the stream is opened, read and closed here, and each entry is copied before the next
        // is read.
        guard let stream = unsafe opendir(model) else { throw SystemError("open", on: model) }
        defer { unsafe _ = closedir(stream) }
        var highest = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            // Only what a registry takes for a version: decimal digits without a leading zero.
            guard let number = Int(name), number > 0, "\(number)" == name else { continue }
            highest = max(highest, number)
        }
        return highest
    }

    private static func createDirectories(_ path: String) throws(AppError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            do throws(SystemError) {
                try makeDirectory(prefix)
            } catch {
                guard error.code == EEXIST else { throw AppError(writing: error) }
            }
        }
    }

    private static func makeDirectory(_ path: String) throws(SystemError) {
        // Safe because the string is passed as a C string that lives for the call.
        if unsafe mkdir(path, 0o755) != 0 { throw SystemError("mkdir", on: path) }
    }

    /// After a failure: the two files that can be there, and the directory.
    private static func remove(_ directory: String) {
        // Safe because each string is passed as a C string that lives for the call.
        for name in ["model.safetensors", "manifest.json"] { _ = unsafe unlink("\(directory)/\(name)") }
        _ = unsafe rmdir(directory)
    }

    private static func manifest(
        _ bytes: [UInt8], name: String, version: Int, graph: ModelGraph, metrics: [Metric]
    ) -> String {
        var file = JSONLine()
        file.add("path", "model.safetensors")
        file.add("bytes", bytes.count)
        file.add("sha256", SHA256.digest(of: bytes.span).hexadecimal)
        var measured = JSONLine()
        for metric in metrics { measured.add(metric.name, metric.value) }
        var line = JSONLine()
        line.add("name", name)
        line.add("version", version)
        line.add("created", graph.lineage.facts["created"] ?? "")
        line.add("producer", graph.lineage.facts["producer"] ?? "")
        line.add(raw: "files", "[\(file.finish())]")
        line.add(raw: "metrics", measured.finish())
        return line.finish() + "\n"
    }
}
