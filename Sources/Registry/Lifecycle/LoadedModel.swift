// SPDX-License-Identifier: Apache-2.0
package import Inference
package import ModelFormat
internal import Synchronization
package import Tabular
package import Telemetry

/// One version of a model that answers requests: everything that a request needs, behind one reference.
///
/// Its memory is given back when the registry has let go of it and the last request that holds it is
/// answered. State: immutable, but for the metrics that the first request makes.
package final class LoadedModel: Sendable {
    package let name: String
    package let version: ModelVersion
    /// The version as it stands in paths and answers.
    package let versionText: String
    package let model: CompiledModel
    package let index: SchemaIndex
    package let format: ModelFileFormat
    /// SHA-256 of the model file, lower-case hexadecimal.
    package let digest: String
    package let fileSize: Int
    /// About the bytes of memory that it takes.
    package let memoryBytes: Int
    package let goldenSampleCount: Int
    /// Rows of the policy's warm-up that fit the model.
    package let warmUpCount: Int
    /// Trees after the best iteration were left out.
    package let endsAtBestIteration: Bool
    /// What its kernel takes.
    package let cost: ModelCost
    /// From the first byte read to ready.
    package let loadNanoseconds: UInt64
    /// The id of the trusted key that signed it; nil when nobody trusted did, or nobody asked.
    package let signer: String?
    /// SHA-256 by file, by which it can be revoked.
    let digests: [(name: String, sha256: String)]

    /// This object, its names, the metrics of the first request, and what the allocator adds to each of a
    /// model's arrays.
    private static let overheadBytes = 3584

    /// What the heap loses between the arrays of small models that come and go: an eighth, by measurement
    /// (`Benchmarks/run registry many`). Large arrays have pages of their own.
    private static func holes(in bytes: Int) -> Int { min(bytes / 8, 64 << 10) }

    private let metricRegistry: MetricRegistry
    /// The address of the metrics, with one reference that is ours; 0 before the first request. The standard
    /// library's `AtomicLazyReference` looks up generic metadata at each load (600 instructions).
    private let metricsAddress = Atomic<UInt>(0)

    init(_ file: LoadedFile, listing: VersionListing, nanoseconds: UInt64, metrics: MetricRegistry) {
        name = listing.model
        version = listing.version
        versionText = listing.version.description
        model = file.model
        index = SchemaIndex(file.model.schema)
        format = file.format
        digest = file.digest
        fileSize = file.size
        memoryBytes = file.memoryBytes + Self.overheadBytes + Self.holes(in: file.memoryBytes)
        goldenSampleCount = file.goldenSampleCount
        warmUpCount = file.warmUpCount
        endsAtBestIteration = file.endsAtBestIteration
        cost = file.cost
        loadNanoseconds = nanoseconds
        signer = file.trust.signer
        digests = file.digests
        metricRegistry = metrics
    }

    /// `<library>_<format>`, as Open Inference metadata calls it.
    package var platform: String {
        format == .native ? "modeld_safetensors" : format.rawValue.replacing("-", with: "_")
    }

    /// What is counted of this version; made by the first request, one atomic load afterwards.
    package var metrics: ModelMetrics {
        // Safe because an address that is not 0 is that of an object which is released in `deinit` only.
        if let address = unsafe UnsafeRawPointer(bitPattern: metricsAddress.load(ordering: .acquiring)) {
            return unsafe Unmanaged<ModelMetrics>.fromOpaque(address).takeUnretainedValue()
        }
        return makeMetrics()
    }

    private func makeMetrics() -> ModelMetrics {
        let made = ModelMetrics(metricRegistry, model: name, version: versionText)
        // Safe because the reference that is retained here is either stored, and released in `deinit`, or
        // released at once.
        let reference = unsafe Unmanaged.passRetained(made)
        let address = unsafe UInt(bitPattern: reference.toOpaque())
        let (isFirst, _) = metricsAddress.compareExchange(
            expected: 0, desired: address, ordering: .acquiringAndReleasing)
        if isFirst { return made }
        unsafe reference.release()
        return metrics
    }

    deinit {
        // Safe because nobody can reach the address any more, and the reference behind it is ours.
        if let address = unsafe UnsafeRawPointer(bitPattern: metricsAddress.load(ordering: .acquiring)) {
            unsafe Unmanaged<ModelMetrics>.fromOpaque(address).release()
        }
        if memoryBytes >= LeavingModel.largeBytes { LeavingModel.giveBack(model) }
    }
}
