// SPDX-License-Identifier: Apache-2.0
internal import Base

/// What is kept of a version's listing until its files are needed: enough to tell whether they have changed.
/// Thousands stand side by side, so it holds no names.
struct ListingMark: Sendable, Equatable {
    /// Of the names and facts of all files, under a key of this process: equal listings have equal ones, and
    /// others differ but for one in 2^64.
    private var fingerprint: Int
    /// Bytes of the largest file that may be the model.
    var size: Int64
    var placement: VersionListing.Placement
    /// It was published, not dropped in by hand.
    var hasManifest: Bool

    init(_ listing: VersionListing) {
        var hasher = Hasher()
        listing.hashFiles(into: &hasher)
        fingerprint = hasher.finalize()
        size = listing.candidates.map(\.facts.size).max() ?? 0
        placement = listing.placement
        hasManifest = listing.file(named: Companion.manifest) != nil
    }
}

extension VersionListing {
    /// What tells that a file was added, removed, renamed or written.
    func hashFiles(into hasher: inout Hasher) {
        hasher.combine(files.count)
        for file in files {
            hasher.combine(file.name)
            hasher.combine(file.facts)
        }
    }
}
