// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Training

/// The command `modeltrain`.
package struct ModelTrain: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "modeltrain",
        abstract: "Trains models on tables and publishes them for modeld.",
        discussion: """
            Exit status: 0 done; 1 it cannot be done, or the model is not good enough to be published; \
            2 wrong usage; 75 interrupted, run it again.
            """,
        version: version,
        subcommands: [
            TrainCommand.self, AutoCommand.self, TuneCommand.self, PrepareCommand.self, CompressCommand.self,
        ])

    package static let version = "0.1.0"

    package init() {}

    /// The whole program: runs what the arguments say and ends with its status.
    package static func start() -> Never {
        Interruption.watch()
        var arguments = Array(CommandLine.arguments.dropFirst())
        var layout: SageMakerLayout?
        do throws(AppError) {
            layout = SageMakerLayout.find(
                arguments, environment: Environment.value("MODELTRAIN_SAGEMAKER_ROOT"))
            if let layout { arguments = try layout.arguments() }
            arguments = try ConfigurationFile.expand(arguments)
        } catch {
            fail(error, layout)
        }
        do {
            var command = try parseAsRoot(arguments)
            let given = GivenArguments(Array(arguments.dropFirst()))
            switch command {
            case let tune as TuneCommand:
                try check(given, tune.train.possibleAlgorithms(tune.tuning))
                try TuneRun(tune.tuning, tune.train, given).tune()
            case let auto as AutoCommand:
                try check(given, auto.train.possibleAlgorithms(auto.tuning))
                try TuneRun(auto.tuning, auto.train, given).trainTheBest()
            case let train as TrainCommand:
                try check(given, train.possibleAlgorithms)
                try train.run()
            default: try command.run()
            }
            Glibc.exit(0)
        } catch let error as AppError {
            fail(error, layout)
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            let message = fullMessage(for: error)
            layout?.writeFailure(message)
            Console.error(message)
            Glibc.exit(AppError.Status.usage.exitCode)
        }
    }

    /// Refuses options that would change nothing.
    private static func check(_ given: GivenArguments, _ algorithms: [Algorithm]) throws(AppError) {
        try AlgorithmSettings.check(given, algorithms)
        try CompanionOptions.check(given)
    }

    private static func fail(_ error: AppError, _ layout: SageMakerLayout?) -> Never {
        layout?.writeFailure(error.message)
        Console.error("modeltrain: \(error.message)")
        Glibc.exit(error.status.exitCode)
    }
}
