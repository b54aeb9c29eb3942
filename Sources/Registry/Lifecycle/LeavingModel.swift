// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc
internal import Inference

/// A large model that nobody asks any more, on its way out of memory.
///
/// Giving back 500 MB takes 60 ms, and whoever lets go of a model last may be an event loop: so it is done on
/// a thread that all others go before.
///
/// State: owned by that thread.
// Safe because the thread that is given it is the only one that has it.
final class LeavingModel: @unchecked Sendable {
    /// Smaller models are given back where they are let go of: that takes less than making a thread.
    static let largeBytes = 1 << 20

    private var model: CompiledModel

    /// How long the thread waits for the one that hands the model over to let go of it.
    private static let patienceNanoseconds = 1_000_000
    private static let patienceRounds = 20

    private init(_ model: CompiledModel) { self.model = model }

    /// Gives the model's memory back soon, unless others hold it: then the last of them does.
    static func giveBack(_ model: CompiledModel) {
        let leaving = LeavingModel(model)
        // Out of threads: it is given back here.
        try? PosixThread.detach {
            PosixThread.yieldToOthers(niceness: Registry.backgroundNiceness, isBackground: true)
            leaving.awaitOthers()
        }
    }

    private func awaitOthers() {
        var rounds = 0
        while !isKnownUniquelyReferenced(&model), rounds < Self.patienceRounds {
            var pause = timespec(tv_sec: 0, tv_nsec: Self.patienceNanoseconds)
            // Safe because nanosleep only reads the struct that it is given.
            _ = unsafe nanosleep(&pause, nil)
            rounds += 1
        }
    }
}
