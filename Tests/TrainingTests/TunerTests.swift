// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Tabular
import Testing

@testable import Training

@Suite struct TunerTests {
    /// Learners with few rounds, so that a trial takes no time.
    private static let makeLearner: Tuner.MakeLearner = { point in
        func number(_ name: String) -> Double? {
            point.values.first { $0.name == name }.flatMap { Double($0.value) }
        }
        if point.algorithm == .gbdt {
            var settings = BoostingSettings()
            settings.rounds = 15
            settings.learningRate = number("learning_rate") ?? settings.learningRate
            settings.leavesMax = number("max_leaves").map { Int($0) } ?? settings.leavesMax
            return BoostingLearner(settings)
        }
        var settings = LinearTrainer.Settings()
        settings.l2 = number("l2") ?? settings.l2
        return LinearLearner(point.algorithm, settings)
    }

    private func tuner(
        _ search: Tuner.Search, trials: Int? = 22, seconds: Double? = nil, threads: Int = 1, seed: UInt64 = 1,
        data: String = "diabetes", learner: @escaping Tuner.MakeLearner = makeLearner
    ) throws -> Tuner {
        let trainer = try Baselines.trainer(data)
        var settings = Tuner.Settings(
            SearchSpace([data == "diabetes" ? .linear : .logistic, .gbdt], fixed: ["rounds"]))
        settings.search = search
        settings.folds = 3
        settings.trialsMax = trials
        settings.seconds = seconds
        settings.threads = threads
        settings.seed = seed
        return Tuner(trainer, settings, learner: learner)
    }

    /// All but what the clock says.
    private func facts(_ trials: [Trial]) -> [String] {
        trials.map { "\($0.number) \($0.point) \($0.rowPart) \($0.loss)" }
    }

    @Test(arguments: Tuner.Search.allCases)
    func theSameSeed_triesTheSame_onAnyNumberOfThreads(search: Tuner.Search) throws {
        let first = try tuner(search).run()
        #expect(first.count == 22)
        #expect(first.map(\.number) == Array(0..<22))
        #expect(facts(try tuner(search, threads: 2).run()) == facts(first))
        #expect(facts(try tuner(search, seed: 2).run()) != facts(first))
        #expect(first.allSatisfy { $0.latencyMicroseconds > 0 })
    }

    @Test(arguments: Tuner.Search.allCases)
    func theBest_isNoWorseThanTheDefaults(search: Tuner.Search) throws {
        let tuner = try tuner(search, trials: 30)
        let trials = try tuner.run()
        let best = try #require(Trial.leaderboard(trials).first)
        let splits = try tuner.splits(rowPart: 1)
        for algorithm in [Algorithm.linear, .gbdt] {
            let own = tuner.attempt(0, TrialPoint(algorithm: algorithm), 1, splits)
            let more = try (1...2).map { try tuner.splits(rowPart: 1, division: $0) }
            let losses =
                [own.loss] + more.map { tuner.attempt(0, TrialPoint(algorithm: algorithm), 1, $0).loss }
            // One that was not measured again lies behind those that were.
            #expect(best.rankedLoss <= own.loss || best.rankedLoss <= losses.reduce(0, +) / 3 + 1e-12)
        }
    }

    /// Of few rows, the best is one that has been measured on three divisions into folds.
    @Test(arguments: Tuner.Search.allCases)
    func theLeader_isMeasuredAgain(search: Tuner.Search) throws {
        let tuner = try tuner(search)
        let leaders = Trial.leaderboard(try tuner.run())
        let best = try #require(leaders.first)
        let confirmed = try #require(best.confirmedLoss)
        let losses = try (0...2).map {
            tuner.attempt(0, best.point, 1, try tuner.splits(rowPart: 1, division: $0)).loss
        }
        #expect(Set(losses).count == 3)
        #expect(losses[0] == best.loss)
        #expect(abs(confirmed - losses.reduce(0, +) / 3) < 1e-12 * confirmed)
        #expect(leaders.dropFirst().allSatisfy { $0.rankedLoss >= confirmed })
        #expect(leaders.count { $0.confirmedLoss != nil } >= 4)
    }

    /// What is known is not tried again, and what is tried then is what would have been.
    @Test(arguments: Tuner.Search.allCases, [1, 6, 11])
    func aSearchThatEnded_goesOn(search: Tuner.Search, count: Int) throws {
        let whole = try tuner(search).run()
        let tried = Mutex<[Int]>([])
        let resumed = try tuner(search, threads: 2).run(known: Array(whole.prefix(count))) { trial in
            tried.withLock { $0.append(trial.number) }
        }
        #expect(facts(resumed) == facts(whole))
        #expect(tried.withLock { $0.sorted() } == Array(count..<22))
    }

    @Test func goodPlaces_areLookedAtMore() throws {
        let space = SearchSpace([.linear])
        var random = RandomSource(seed: 4)
        var history: [TreeParzenEstimator.Observation] = []
        for _ in 0..<40 {
            let place = random.unit()
            history.append(.init(branch: 0, places: [place], loss: abs(place - 0.7)))
        }
        let estimator = TreeParzenEstimator(space: space)
        let places = (0..<200).map { _ in estimator.propose(history, &random).places[0] }
        #expect(places.allSatisfy { (0..<1).contains($0) })
        #expect(places.count { abs($0 - 0.7) < 0.2 } > 140)
    }

    @Test func theBetterBranch_isTakenMore() throws {
        let space = SearchSpace([.linear, .lasso])
        var random = RandomSource(seed: 4)
        var history: [TreeParzenEstimator.Observation] = []
        for row in 0..<40 {
            history.append(
                .init(branch: row % 2, places: [random.unit()], loss: Double(1 + row % 2) + random.unit()))
        }
        let estimator = TreeParzenEstimator(space: space)
        #expect((0..<100).count { _ in estimator.propose(history, &random).branch == 0 } > 80)
    }

    @Test func timeEndsIt_butNotBeforeTheFirst() throws {
        let trials = try tuner(.tpe, trials: nil, seconds: 1e-9).run()
        #expect(!trials.isEmpty && trials.count <= Tuner.batchSize)
        let started = ContinuousClock.now
        let more = try tuner(.random, trials: nil, seconds: 1).run()
        #expect(more.count > trials.count)
        #expect(ContinuousClock.now - started < .seconds(20))
    }

    @Test func halving_triesMostOnFewRows_andTheBestOnAll() throws {
        let table = Table(
            names: ["x", "y"],
            columns: [
                .numeric((0..<2_400).map { Double($0 * 7 % 101) }),
                .numeric((0..<2_400).map { Double($0 % 13) }),
            ])
        let target = try Target("y", in: table, task: .regression)
        let rule = Split.Rule.random(testFraction: 0.1, validationFraction: 0, seed: 1)
        let trainer = try ModelTrainer(
            table, target: target, split: try Split(rule, table: table, target: target))
        var settings = Tuner.Settings(SearchSpace([.linear, .gbdt], fixed: ["rounds"]))
        settings.search = .halving
        settings.trialsMax = 16
        let trials = try Tuner(trainer, settings, learner: Self.makeLearner).run()
        #expect(trials.count { $0.rowPart < 0.2 } >= 9)
        #expect(trials.count { $0.rowPart > 0.2 && $0.rowPart < 0.5 } >= 3)
        #expect(trials.contains { $0.rowPart == 1 })
        #expect(Trial.leaderboard(trials).allSatisfy { $0.rowPart == 1 })
    }

    @Test func whatCannotBeLearned_isPassedOver() throws {
        let some = try tuner(.random, trials: 6) { (point) throws(TrainingError) in
            if point.algorithm == .gbdt { throw .singular }
            return try Self.makeLearner(point)
        }.run()
        #expect(some.count { $0.failure != nil } == 3)
        #expect(Trial.leaderboard(some).allSatisfy { $0.point.algorithm == .linear })
        let error = #expect(throws: TrainingError.self) {
            try tuner(.random, trials: 4) { (_) throws(TrainingError) in throw .singular }.run()
        }
        #expect(error?.code == "no_trial")
        #expect(throws: TrainingError.self) { try tuner(.random, trials: nil).run() }
    }

    @Test func places_becomeValues() {
        let real = TuningParameter("a", .real(0.001, 10, isLog: true))
        #expect(real.value(at: 0) == "0.001" && real.value(at: 0.5) == "0.1")
        #expect(Double(real.value(at: 0.999999)) ?? 0 <= 10)
        let whole = TuningParameter("b", .whole(1, 4, isLog: false))
        #expect((0..<4).map { whole.value(at: Double($0) / 4 + 0.1) } == ["1", "2", "3", "4"])
        #expect(whole.value(at: 0) == "1" && whole.value(at: 0.9999999999) == "4")
        let logarithmic = TuningParameter("b", .whole(1, 64, isLog: true))
        #expect(logarithmic.value(at: 0) == "1" && logarithmic.value(at: 0.9999999999) == "64")
        let choice = TuningParameter("c", .choice(["x", "y"]))
        #expect(choice.value(at: 0.49) == "x" && choice.value(at: 0.5) == "y")
    }
}
