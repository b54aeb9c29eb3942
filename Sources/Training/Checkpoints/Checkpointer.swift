// SPDX-License-Identifier: Apache-2.0
import ModelFormat

/// Lets a learner that takes many steps (rounds, epochs) be stopped and go on later, to the same bits as if
/// it had not been. The learner asks after each step; where the numbers are kept is its owner's business.
package struct Checkpointer: Sendable {
    /// What an earlier run with the same data and settings saved; nil: begin at the beginning.
    package var resumed: NumberArchive?
    /// Asked after each step but the last.
    package var wish: @Sendable () -> Wish
    package var save: @Sendable (NumberArchive) throws(TrainingError) -> Void
    /// Told when steps begin that may be interrupted, and when they end.
    package var setActive: @Sendable (Bool) -> Void

    /// What becomes of a training after a step.
    package enum Wish: Sendable { case goOn, save, stop }

    package init(
        resumed: NumberArchive? = nil, wish: @escaping @Sendable () -> Wish,
        save: @escaping @Sendable (NumberArchive) throws(TrainingError) -> Void,
        setActive: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        self.resumed = resumed
        self.wish = wish
        self.save = save
        self.setActive = setActive
    }

    /// After step `step`: saves what `state` has when it is wished for.
    ///
    /// - Throws: `interrupted` when the training shall stop; what `save` throws.
    func pass(
        _ step: Int, of algorithm: Algorithm, _ state: () throws(TrainingError) -> NumberArchive
    ) throws(TrainingError) {
        let wish = wish()
        if wish == .goOn { return }
        var archive = try state()
        archive.facts["algorithm"] = algorithm.name
        archive.facts["step"] = "\(step)"
        try save(archive)
        if wish == .stop { throw .interrupted(algorithm: algorithm.name, step: step) }
    }

    /// What `algorithm` saved.
    ///
    /// - Throws: `checkpoint` when it is another algorithm's.
    func state(of algorithm: Algorithm) throws(TrainingError) -> NumberArchive? {
        guard let resumed else { return nil }
        guard resumed.facts["algorithm"] == algorithm.name else {
            throw .checkpoint("it is of \(resumed.facts["algorithm"] ?? "no algorithm")")
        }
        return resumed
    }
}
