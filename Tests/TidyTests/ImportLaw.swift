// SPDX-License-Identifier: Apache-2.0

/// Which target may import which: lower never imports higher, and each C library has one door.
///
/// This table is the law; the picture at the top of Package.swift and docs/architecture.md repeat it for
/// people. SwiftPM does not enforce it: a module built for another target can be imported by accident.
struct ImportLaw {
    struct Entry {
        var level: Int
        var imports: Set<String>
    }

    /// Part of the toolchain and free of Foundation: always allowed.
    static let toolchain: Set<String> = ["Swift", "Glibc", "Dispatch", "Synchronization"]
    /// Allowed from level 6 up, where argument parsing brings it anyway.
    static let foundation: Set<String> = ["Foundation", "FoundationEssentials"]
    static let firstLevelWithFoundation = 6

    /// C targets; they hold no Swift, and the table says who may open them.
    static let doors: Set<String> = ["CPosix", "COpenSSL", "CZlib", "CBLAS", "CYAML", "CONNXRuntime"]
    static let executables: Set<String> = ["modeld", "modeltrain", "modelctl"]

    static let table: [String: Entry] = [
        "Base": Entry(level: 0, imports: ["CPosix"]),
        "Tabular": Entry(level: 0, imports: ["Base"]),
        "FusedProducts": Entry(level: 0, imports: []),
        "WideProducts": Entry(level: 0, imports: []),
        "Cryptography": Entry(level: 1, imports: ["Base", "COpenSSL"]),
        "Compression": Entry(level: 1, imports: ["Base", "CZlib"]),
        "YAML": Entry(level: 1, imports: ["Base", "CYAML"]),
        "Telemetry": Entry(level: 1, imports: ["Base"]),
        "LinearAlgebra": Entry(level: 1, imports: ["Base", "FusedProducts", "WideProducts", "CBLAS"]),
        "ModelFormat": Entry(level: 1, imports: ["Base", "Tabular", "Cryptography", "Compression"]),
        "Preprocess": Entry(level: 2, imports: ["Base", "Tabular", "ModelFormat"]),
        "Inference": Entry(
            level: 2,
            imports: ["Base", "Tabular", "ModelFormat", "Preprocess", "LinearAlgebra", "CONNXRuntime"]),
        "Ingest": Entry(level: 2, imports: ["Base", "Tabular", "Cryptography", "Compression", "YAML"]),
        "Net": Entry(level: 2, imports: ["Base", "CPosix", "COpenSSL"]),
        "HTTP": Entry(level: 3, imports: ["Base", "Net", "Compression"]),
        "Registry": Entry(
            level: 3,
            imports: ["Base", "Telemetry", "Cryptography", "Tabular", "YAML", "ModelFormat", "Inference"]),
        "Serving": Entry(
            level: 4,
            imports: ["Base", "Telemetry", "Tabular", "Registry", "ModelFormat", "Inference"]),
        "Dialects": Entry(level: 5, imports: ["Base", "Tabular", "HTTP", "Serving"]),
        "Training": Entry(
            level: 5,
            imports: [
                "CPosix", "Base", "Tabular", "LinearAlgebra", "ModelFormat", "Preprocess", "Inference",
            ]),
        // The daemon never trains.
        "DaemonApp": Entry(level: 6, imports: libraries.subtracting(["Training", "Ingest"])),
        "TrainerApp": Entry(level: 6, imports: libraries.union(["ArgumentParser"])),
        "ControlApp": Entry(level: 6, imports: libraries.subtracting(["Training"]).union(["ArgumentParser"])),
        "modeld": Entry(level: 7, imports: ["DaemonApp"]),
        "modeltrain": Entry(level: 7, imports: ["TrainerApp"]),
        "modelctl": Entry(level: 7, imports: ["ControlApp", "ArgumentParser"]),
        // For tests only; nothing under Sources imports it.
        "TestKit": Entry(level: 7, imports: ["Base"]),
    ]

    private static let libraries: Set<String> = [
        "Base", "Tabular", "Cryptography", "Compression", "YAML", "Telemetry", "LinearAlgebra", "ModelFormat",
        "Preprocess", "Inference", "Ingest", "Net", "HTTP", "Registry", "Serving", "Dialects", "Training",
    ]

    static func mayImport(_ target: String, _ module: String) -> Bool {
        guard let entry = table[target] else { return false }
        return toolchain.contains(module) || entry.imports.contains(module)
            || (foundation.contains(module) && entry.level >= firstLevelWithFoundation)
    }

    /// Imports of one file under Sources that the table does not allow.
    static func violations(in source: SwiftSource) -> [Violation] {
        let parts = source.path.split(separator: "/")
        guard parts.count >= 3, parts[0] == "Sources" else { return [] }
        let target = String(parts[1])
        guard table[target] != nil || doors.contains(target) else {
            return [Violation(path: source.path, message: "no line for \(target) in the import law; add one")]
        }
        return source.codeLines(mentioning: ["import"]).flatMap { number, line in
            importedModules(line).filter { !mayImport(target, $0) }.map { module in
                Violation(
                    path: source.path, line: number,
                    message: "\(target) must not import \(module); the import law allows \(allowed(target))")
            }
        }
    }

    /// Dependencies declared in the manifest that the table does not allow.
    static func violations(inManifest text: String) -> [Violation] {
        let declaration =
            #/
            (?:library|application|executable)\(\s*"(\w+)",\s*(?:imports:\s*\[([^\]]*)\]|app:\s*("\w+"))
            /#
        return text.matches(of: declaration).flatMap { match -> [Violation] in
            let target = String(match.1)
            let line = text[..<match.range.lowerBound].count { $0 == "\n" } + 1
            return (match.2 ?? match.3 ?? "").matches(of: #/"(\w+)"/#).map { String($0.1) }
                .filter { !mayImport(target, $0) }
                .map {
                    Violation(
                        path: "Package.swift", line: line,
                        message:
                            "\(target) must not depend on \($0); the import law allows \(allowed(target))")
                }
        }
    }

    private static func allowed(_ target: String) -> String {
        table[target].map { $0.imports.sorted().joined(separator: ", ") }
            ?? "nothing: the target is not in it"
    }

    /// The modules that a line of code imports: attributes, access levels, kinds and submodules understood.
    static func importedModules(_ line: String) -> [String] {
        line.matches(
            of:
                #/
                (?:^|;)\s*(?:@\w+(?:\([^)]*\))?\s+)*
                (?:(?:public|package|internal|fileprivate|private)\s+)?
                import\s+(?:(?:struct|class|enum|protocol|typealias|func|var|let|actor)\s+)?
                (\w+)
                /#
        ).map { String($0.1) }
    }
}
