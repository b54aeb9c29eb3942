// SPDX-License-Identifier: Apache-2.0

/// The models by name, and how many of their versions are in each state: who scrapes metrics asks for that
/// while requests wait for the same lock, and to walk 10,000 models takes a while.
struct ModelTable: Sequence {
    private var records: [String: ModelRecord] = [:]
    /// Versions in each state, in the order of `VersionState.names`.
    private(set) var countsByState = [Int](repeating: 0, count: VersionState.names.count)

    var keys: some Collection<String> { records.keys }
    var values: some Collection<ModelRecord> { records.values }

    func makeIterator() -> some IteratorProtocol<(key: String, value: ModelRecord)> { records.makeIterator() }

    subscript(name: String) -> ModelRecord? {
        get { records[name] }
        _modify {
            count(name, by: -1)
            defer { count(name, by: 1) }
            yield &records[name]
        }
    }

    private mutating func count(_ name: String, by step: Int) {
        guard let versions = records[name]?.versions else { return }
        for record in versions.values { countsByState[record.shownState.index] += step }
    }
}
