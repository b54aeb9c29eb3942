// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// One search under way: the trials so far, and what is tried next.
struct SearchRun {
    private let tuner: Tuner
    private let known: [Int: Trial]
    private let report: @Sendable (Trial) -> Void
    private let pool: WorkerPool
    private(set) var trials: [Trial] = []
    /// Where points of the space lie, by trial.
    private var observations: [TreeParzenEstimator.Observation] = []
    private var longest = 0.0

    init(_ tuner: Tuner, known: [Trial], report: @escaping @Sendable (Trial) -> Void) {
        self.tuner = tuner
        self.known = Dictionary(known.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        self.report = report
        pool = WorkerPool(threadCount: tuner.settings.threads)
    }

    private var space: SearchSpace { tuner.settings.space }

    /// A point of the space: where it lies, nil for the defaults of a branch.
    private struct Draft {
        var branch: Int
        var places: [Double]?
    }

    private func point(_ draft: Draft) -> TrialPoint {
        let branch = space.branches[draft.branch]
        guard let places = draft.places else { return TrialPoint(algorithm: branch.algorithm) }
        return TrialPoint(
            algorithm: branch.algorithm,
            values: zip(branch.parameters, places).map { ($0.name, $0.value(at: $1)) })
    }

    // MARK: Random and TPE

    mutating func sample() throws(TrainingError) {
        let splits = try tuner.splits(rowPart: 1)
        var number = 0
        while number < tuner.settings.trialsMax ?? .max {
            let count = min(Tuner.batchSize, (tuner.settings.trialsMax ?? .max) - number)
            let drafts = (number..<number + count).map { draft($0) }
            let found = attempt(drafts.map(point), from: number, rowPart: 1, splits)
            for (trial, draft) in zip(found, drafts) {
                guard let trial else { continue }
                trials.append(trial)
                guard let places = draft.places else { continue }
                observations.append(.init(branch: draft.branch, places: places, loss: trial.loss))
            }
            if found.contains(where: { $0 == nil }) { return }
            number += count
        }
    }

    private func draft(_ number: Int) -> Draft {
        if number < space.branches.count { return Draft(branch: number, places: nil) }
        var random = RandomSource(seed: RandomSource.mixed(tuner.settings.seed, UInt64(number)))
        if tuner.settings.search == .random || observations.count < Tuner.evenCount {
            return even(number, &random)
        }
        let (branch, places) = TreeParzenEstimator(space: space).propose(observations, &random)
        return Draft(branch: branch, places: places)
    }

    /// Every branch in its turn, every place as likely as any.
    private func even(_ number: Int, _ random: inout RandomSource) -> Draft {
        let branch = number % space.branches.count
        return Draft(
            branch: branch, places: space.branches[branch].parameters.map { _ in random.unit() })
    }

    // MARK: Halving

    /// Brackets of points until trials or time are used up; the first holds the defaults, the best of which
    /// goes to the end with the others.
    mutating func halve() throws(TrainingError) {
        let parts = tuner.rowParts
        let splits = try parts.map { (part) throws(TrainingError) in try tuner.splits(rowPart: part) }
        var (number, drawn) = (0, 0)
        let most = tuner.settings.trialsMax ?? .max
        while number < most {
            var entries = 1
            for _ in 1..<max(parts.count, 2) { entries *= 3 }
            if drawn == 0 { entries = max(entries, space.branches.count + 1) }
            var drafts = (drawn..<drawn + entries).map { place -> Draft in
                var random = RandomSource(seed: RandomSource.mixed(tuner.settings.seed, UInt64(place)))
                return place < space.branches.count ? Draft(branch: place, places: nil) : even(place, &random)
            }
            drawn += entries
            for (rung, part) in parts.enumerated() {
                drafts = Array(drafts.prefix(most - number))
                let found = attempt(drafts.map(point), from: number, rowPart: part, splits[rung])
                trials += found.compactMap { $0 }
                number += drafts.count
                if found.contains(where: { $0 == nil }) || drafts.isEmpty { return }
                let order = drafts.indices.sorted {
                    (found[$0]?.loss ?? .infinity, $0) < (found[$1]?.loss ?? .infinity, $1)
                }
                var kept = Array(order.prefix(max(1, (drafts.count + 2) / 3)))
                // Defaults are never worse for want of rows.
                let own = order.first { drafts[$0].places == nil }
                if let own, !kept.contains(own) { kept.append(own) }
                drafts = kept.map { drafts[$0] }
            }
        }
    }

    // MARK: Leaders

    /// Measures those that look best on more divisions into folds, until the first of all is one of them or
    /// time is used up.
    mutating func confirm() throws(TrainingError) {
        let divisions = try (1...Tuner.moreDivisions).map { (division) throws(TrainingError) in
            try tuner.splits(rowPart: 1, division: division)
        }
        while true {
            let leaders = Trial.leaderboard(trials).prefix(Tuner.batchSize)
            guard let first = leaders.first, first.confirmedLoss == nil else { return }
            let chosen = leaders.filter { $0.confirmedLoss == nil }
            let seconds = chosen.map(\.seconds).max().map { $0 * Double(divisions.count) } ?? 0
            if let limit = tuner.settings.seconds, tuner.secondsSoFar + seconds > limit { return }
            let slots = Slots<Trial>(chosen.count)
            let tuner = tuner
            pool.run(chosen.count) { _, index in
                var trial = chosen[index]
                var sum = trial.loss
                for splits in divisions { sum += tuner.attempt(trial.number, trial.point, 1, splits).loss }
                trial.confirmedLoss = sum / Double(divisions.count + 1)
                slots.store(index, trial)
            }
            let confirmed = Dictionary(slots.take().map { ($0.number, $0) }) { first, _ in first }
            for index in trials.indices {
                if let trial = confirmed[trials[index].number] { trials[index] = trial }
            }
        }
    }

    // MARK: Trials

    /// The trials of `points`, from the earlier run or tried now, nil for those that time did not allow.
    private mutating func attempt(
        _ points: [TrialPoint], from first: Int, rowPart: Double, _ splits: [Split]
    ) -> [Trial?] {
        let slots = Slots<Trial>(points.count)
        let longestSoFar = Mutex(longest)
        let reporting = Mutex(())
        let (tuner, known, report) = (tuner, known, report)
        pool.run(points.count) { _, index in
            let number = first + index
            if let trial = known[number], trial.point == points[index], trial.rowPart == rowPart {
                return slots.store(index, trial)
            }
            // Something is better than nothing: the first of all is tried whatever it takes.
            if let seconds = tuner.searchSeconds, number > 0,
                tuner.secondsSoFar + longestSoFar.withLock({ $0 }) > seconds
            {
                return
            }
            let trial = tuner.attempt(number, points[index], rowPart, splits)
            longestSoFar.withLock { $0 = max($0, trial.seconds) }
            slots.store(index, trial)
            reporting.withLock { _ in report(trial) }
        }
        longest = longestSoFar.withLock { $0 }
        var found = [Trial?](repeating: nil, count: points.count)
        for trial in slots.take() { found[trial.number - first] = trial }
        return found
    }
}
