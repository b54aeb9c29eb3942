// SPDX-License-Identifier: Apache-2.0
internal import Base

/// Files that nobody needs any more.
extension JobRunner {
    /// The result holds all that the parts held. Failing does no harm.
    func removeParts(_ directory: JobDirectory) {
        for name in (try? Directory.names(in: directory.parts)) ?? [] {
            guard let name, !name.hasSuffix(".json") else { continue }
            try? JobDirectory.remove("\(directory.parts)/\(name)")
        }
    }

    /// What uploads and removals left that did not come to their end.
    func removeLeftovers() {
        for name in (try? Directory.names(in: store.path)) ?? [] {
            guard let name, name.hasPrefix("."), JobStore.isIdentifier(String(name.dropFirst())) else {
                continue
            }
            // Another daemon may be at it just now.
            guard let facts = try? FileFacts(of: "\(store.path)/\(name)"),
                Int(facts.modified / 1_000_000_000) < JobStore.now() - 3600
            else { continue }
            try? JobDirectory.removeAll("\(store.path)/\(name)")
        }
    }

    func removeOld() {
        for id in (try? store.identifiers()) ?? [] {
            guard let directory = store.directory(id) else { continue }
            for mark in [directory.result, directory.cancelMark, directory.failureMark] {
                guard let facts = try? FileFacts(of: mark),
                    Int(facts.modified / 1_000_000_000) < JobStore.now() - retentionSeconds
                else { continue }
                try? store.remove(id)
                break
            }
        }
    }
}
