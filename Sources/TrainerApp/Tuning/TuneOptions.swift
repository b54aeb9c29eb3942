// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Training

/// How settings are searched, and how long.
struct TuneOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Algorithms to try, with commas between. (default: logistic or linear, gbdt, extra_trees, "
                + "random_forest, and mlp up to 50,000 rows)", valueName: "names"))
    var algorithms: String?

    @Option(
        help: ArgumentHelp(
            "random draws settings evenly, tpe where good ones were, halving tries many on few rows and the "
                + "best on all.", valueName: "tpe|random|halving"))
    var search = Tuner.Search.tpe

    @Option(help: ArgumentHelp("Settings to try; the same seed tries the same.", valueName: "count"))
    var trials: Int?

    @Option(help: ArgumentHelp("Time for the search, as 90s, 5m or 2h.", valueName: "time"))
    var budget: TimeBudget?

    @Option(
        help: ArgumentHelp(
            "Trials beside each other, on a thread each. (default: processors)", valueName: "count"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "A file that each trial is written to, an object a line; the search goes on from what it holds.",
            valueName: "file"))
    var log: String?

    @Option(
        help: ArgumentHelp(
            "A file to write the best settings to, for modeltrain train --config.", valueName: "file"))
    var writeConfig: String?

    /// The long names of the options above, none of which `train` has.
    static let names: Set<String> = [
        "algorithms", "search", "trials", "budget", "jobs", "log", "write-config",
    ]

    func validate() throws {
        guard trials ?? 1 >= 1 else { throw ValidationError("--trials must be 1 or more.") }
        guard jobs ?? 1 >= 1 else { throw ValidationError("--jobs must be 1 or more.") }
        for name in names where Algorithm.named(name) == nil {
            let known = Algorithm.all.map(\.name).joined(separator: ", ")
            throw ValidationError("--algorithms has \"\(name)\"; there are \(known).")
        }
    }

    private var names: [String] { algorithms.map { $0.split(separator: ",").map(String.init) } ?? [] }

    /// Those that are named; nil for none.
    var chosen: [Algorithm]? {
        let found = names.compactMap(Algorithm.named)
        return found.isEmpty ? nil : found
    }
}

extension Tuner.Search: ExpressibleByArgument {}

/// "90s", "5m", "2h", or seconds alone.
struct TimeBudget: ExpressibleByArgument {
    var seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? argument : String(argument.dropLast())), number > 0,
            number.isFinite
        else { return nil }
        seconds = number * (unit ?? 1)
    }
}
