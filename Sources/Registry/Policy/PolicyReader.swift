// SPDX-License-Identifier: Apache-2.0
internal import Base

/// Keeps the policies of all models as their files say: docs/reference/model-policy.md.
///
/// State: owned by `Registry`, one look at a time.
struct PolicyReader {
    /// What the files of one model say now.
    struct Reading: Sendable, Equatable {
        /// The newest that is good; nil while none has been.
        var policy: ModelPolicy?
        /// Why the newest is not; nil when it is.
        var defect: RegistryError?
        /// Members of `model.yaml` that a revision covers.
        var covered: [String] = []
        var revision: Int64?
    }

    private struct Record {
        var listing: PolicyListing
        /// When `model.yaml` was first seen as it is.
        var since: MonotonicInstant
        /// It was read as it is.
        var isRead = false
        var people: ModelPolicy?
        var peopleDefect: RegistryError?
        var revision: PolicyRevision?
        var revisionDefect: RegistryError?
    }

    private var records: [String: Record] = [:]
    private let settleNanoseconds: UInt64
    private var hasLooked = false

    init(settleNanoseconds: UInt64) { self.settleNanoseconds = settleNanoseconds }

    /// Models whose `model.yaml` waits to be at rest.
    var unsettled: Set<String> { Set(records.lazy.filter { !$0.value.isRead }.map(\.key)) }

    /// Takes in a look.
    ///
    /// - Parameter isPoll: unsettled files that are not in `news` were looked at, and have not changed.
    /// - Returns: the readings that are new.
    mutating func read(
        _ news: RegistryLookout.News, isPoll: Bool, now: MonotonicInstant, wallClock: Int64
    ) -> [String: Reading] {
        for name in news.removed { records[name] = nil }
        if news.isWhole {
            for name in records.keys where news.scan.models[name] == nil && news.unreadableModels[name] == nil
            {
                records[name] = nil
            }
        }
        var readings: [String: Reading] = [:]
        for name in news.scan.models.keys {
            let listing = news.scan.policies[name] ?? PolicyListing()
            guard !listing.isEmpty || records[name] != nil else { continue }
            if let reading = update(name, listing, now, wallClock) { readings[name] = reading }
        }
        if isPoll {
            for (name, record) in records where !record.isRead && news.scan.models[name] == nil {
                if let reading = update(name, record.listing, now, wallClock) { readings[name] = reading }
            }
        }
        hasLooked = true
        return readings
    }

    private mutating func update(
        _ name: String, _ listing: PolicyListing, _ now: MonotonicInstant, _ wallClock: Int64
    ) -> Reading? {
        let known = records[name]
        var record = known ?? Record(listing: listing, since: now)
        if let known, known.listing.file != listing.file {
            record.since = now
            record.isRead = false
        }
        let isRevisionNew = known == nil || known?.listing.revision != listing.revision
        record.listing = listing
        var isNew = known == nil
        if !record.isRead && isAtRest(record, now, wallClock) {
            readPeople(&record)
            isNew = true
        }
        if isRevisionNew {
            readRevision(name, &record)
            isNew = true
        }
        records[name] = record.isRead && listing.isEmpty ? nil : record
        return isNew ? reading(record) : nil
    }

    /// Half of a file may be a policy, too: it counts when it is at rest, as a model's files do.
    private func isAtRest(_ record: Record, _ now: MonotonicInstant, _ wallClock: Int64) -> Bool {
        guard let file = record.listing.file else {
            return record.people == nil || now.nanoseconds(since: record.since) >= settleNanoseconds
        }
        let age = wallClock.subtractingReportingOverflow(file.facts.modified).partialValue
        if !hasLooked && age >= Int64(settleNanoseconds) { return true }
        return now.nanoseconds(since: record.since) >= settleNanoseconds
    }

    private func readPeople(_ record: inout Record) {
        record.isRead = true
        guard let file = record.listing.file else {
            record.people = ModelPolicy()
            record.peopleDefect = nil
            return
        }
        do throws(RegistryError) {
            let bytes = try Self.bytes(of: file, limit: PolicyFile.sizeLimit)
            do {
                record.people = try PolicyFile.parse(bytes.span)
                record.peopleDefect = nil
            } catch {
                throw .malformedPolicy(file: file.path, error)
            }
        } catch {
            record.peopleDefect = error
        }
    }

    private func readRevision(_ name: String, _ record: inout Record) {
        guard let listed = record.listing.revision else {
            record.revision = nil
            record.revisionDefect = nil
            return
        }
        do throws(RegistryError) {
            let bytes = try Self.bytes(of: listed.file, limit: PolicyRevision.sizeLimit)
            do {
                record.revision = try PolicyRevision.parse(bytes.span, model: name, number: listed.number)
                record.revisionDefect = nil
            } catch {
                throw .malformedPolicy(file: listed.file.path, error)
            }
        } catch {
            record.revisionDefect = error
        }
    }

    private static func bytes(of file: VersionListing.File, limit: Int) throws(RegistryError) -> [UInt8] {
        guard file.facts.kind == .regular else {
            throw .malformedPolicy(file: file.path, PolicyDefect("is no regular file"))
        }
        do {
            return try File.read(file.path, limit: limit)
        } catch {
            throw .system(error)
        }
    }

    private func reading(_ record: Record) -> Reading {
        var reading = Reading(defect: record.peopleDefect ?? record.revisionDefect)
        reading.revision = record.revision?.number
        guard let people = record.people else { return reading }
        guard let revision = record.revision else {
            if record.listing.revision == nil { reading.policy = people }
            return reading
        }
        reading.covered = people.covered(by: revision)
        do {
            reading.policy = try people.applying(revision)
        } catch {
            let file = record.listing.revision?.file.path ?? record.listing.file?.path ?? ""
            reading.defect = reading.defect ?? .malformedPolicy(file: file, error)
        }
        return reading
    }
}
