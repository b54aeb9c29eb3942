// SPDX-License-Identifier: Apache-2.0

/// The versions of a model by number. Most models have one or two, for which a dictionary takes far more
/// memory than they need themselves.
struct VersionTable: Sequence {
    /// The oldest first.
    private var entries: [(key: ModelVersion, value: VersionRecord)] = []

    var isEmpty: Bool { entries.isEmpty }
    /// The oldest first.
    var keys: [ModelVersion] { entries.map(\.key) }
    var values: some Sequence<VersionRecord> { entries.lazy.map(\.value) }

    func makeIterator() -> some IteratorProtocol<(key: ModelVersion, value: VersionRecord)> {
        entries.makeIterator()
    }

    subscript(version: ModelVersion) -> VersionRecord? {
        get {
            let place = place(of: version)
            return has(version, at: place) ? entries[place].value : nil
        }
        set {
            let place = place(of: version)
            switch (has(version, at: place), newValue) {
            case (true, let record?): entries[place].value = record
            case (true, nil): entries.remove(at: place)
            case (false, let record?):
                // Exactly one more: room for others would cost as much as they do.
                entries.reserveCapacity(entries.count + 1)
                entries.insert((version, record), at: place)
            case (false, nil): break
            }
        }
    }

    private func has(_ version: ModelVersion, at place: Int) -> Bool {
        place < entries.count && entries[place].key == version
    }

    /// Where the version stands, or would.
    private func place(of version: ModelVersion) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < version { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
