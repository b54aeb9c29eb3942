// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// `--algorithm`: the name of one, or `auto`.
struct AlgorithmChoice: ExpressibleByArgument {
    /// Nil leaves the choice to the data.
    var algorithm: Algorithm?

    static let auto = AlgorithmChoice(algorithm: nil)

    static var allValueStrings: [String] { ["auto"] + Algorithm.all.map(\.name) }

    /// What `auto` tries, for the help.
    static var candidates: String {
        Algorithm.all.filter(\.isCandidate).map(\.name).joined(separator: ", ")
    }

    /// What each is, for the help.
    static var summaries: String {
        Algorithm.all.map { "\($0.name): \($0.summary)" }.joined(separator: "; ")
    }

    init(algorithm: Algorithm?) { self.algorithm = algorithm }

    init?(argument: String) {
        algorithm = Algorithm.named(argument)
        guard algorithm != nil || argument == "auto" else { return nil }
    }

    var defaultValueDescription: String { algorithm?.name ?? "auto" }
}

extension Task: ExpressibleByArgument {}
