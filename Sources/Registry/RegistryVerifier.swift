// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import ModelFormat

/// Checks a model file or a whole registry as the daemon would before serving it: for `modelctl verify`.
package enum RegistryVerifier {
    /// A version that would be served.
    package struct Verified: Sendable, Equatable {
        package var model: String
        package var version: ModelVersion
        package var path: String
        /// `native`, `xgboost-json`.
        package var format: String
        /// SHA-256 of the model file.
        package var digest: String
        package var goldenSampleCount: Int
        /// The id of the trusted key that signed it; nil: none, or nobody asked.
        package var signer: String?
        /// What is wrong with its signature, where that is only reported.
        package var warning: String?
    }

    /// Something that a server would refuse: where, a stable code, and why in words.
    package struct Problem: Sendable, Equatable {
        package var path: String
        package var code: String
        package var reason: String
    }

    /// All versions that were looked at.
    package struct Report: Sendable, Equatable {
        package var verified: [Verified] = []
        package var problems: [Problem] = []
    }

    /// Loads every version below `path`, one after the other; what is wrong is a value.
    ///
    /// - Parameters:
    ///   - trust: whose signatures count.
    ///   - engine: what runs ONNX models.
    package static func verify(
        _ path: String, trust: TrustPolicy = .off, engine: ONNXEngine = ONNXEngine()
    ) -> Report {
        var report = Report()
        let scanner = RegistryScanner(path: path)
        let scan: RegistryScan
        do {
            scan = try scanner.scan()
        } catch {
            report.problems.append(problem(path, .system(error)))
            return report
        }
        for (model, error) in scan.unreadableModels.sorted(by: { $0.key < $1.key }) {
            report.problems.append(problem("\(path)/\(model)", .system(error)))
        }
        for found in scan.problems {
            report.problems.append(Problem(path: found.path, code: "not_served", reason: found.reason))
        }
        for (_, versions) in scan.models.sorted(by: { $0.key < $1.key }) {
            for (_, listing) in versions.sorted(by: { $0.key < $1.key }) {
                verify(listing, ModelLoader(root: scanner.path, trust: trust, engine: engine), &report)
            }
        }
        if report.verified.isEmpty && report.problems.isEmpty {
            report.problems.append(
                Problem(path: path, code: "no_models", reason: "there is no model in \(path)"))
        }
        return report
    }

    private static func verify(_ listing: VersionListing, _ loader: ModelLoader, _ report: inout Report) {
        do {
            let file = try loader.load(listing)
            report.verified.append(
                Verified(
                    model: listing.model, version: listing.version, path: listing.path,
                    format: file.format.rawValue, digest: file.digest,
                    goldenSampleCount: file.goldenSampleCount,
                    signer: file.trust.signer, warning: file.trust.warning?.description))
        } catch {
            report.problems.append(problem(listing.path, error))
        }
    }

    private static func problem(_ path: String, _ error: RegistryError) -> Problem {
        Problem(path: path, code: error.code, reason: error.description)
    }
}
