// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc
import Ingest
import Synchronization

/// Ends the program when somebody asks for it (Ctrl-C, SIGTERM): with one line, and the status that tells a
/// scheduler to run it again. Whatever stands under its name then is whole: files and versions appear by a
/// rename. While a training that can be gone on with is under way, it is asked to stop instead.
enum Interruption {
    static let status: Int32 = 75

    private static let isDeferred = Atomic<Bool>(false)
    private static let isRequested = Atomic<Bool>(false)

    // Safe because only `watch` touches it, once, before there is another thread.
    private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

    /// Call once, before the work begins.
    static func watch() {
        for number in [SIGINT, SIGTERM] {
            // The source below is told of the signal even though the default action is off.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
            source.setEventHandler {
                if isDeferred.load(ordering: .sequentiallyConsistent),
                    !isRequested.exchange(true, ordering: .sequentiallyConsistent)
                {
                    Console.error("\nmodeltrain: stopping after this step; once more ends it at once")
                    return
                }
                end()
            }
            source.activate()
            // Safe because nothing else touches the list, and there is one thread yet.
            unsafe sources.append(source)
        }
    }

    /// Whether somebody asked for the end since it is deferred.
    static var wasRequested: Bool { isRequested.load(ordering: .sequentiallyConsistent) }

    /// From now on the end is asked for by `wasRequested`, or again at once.
    static func setDeferred(_ deferred: Bool) {
        isDeferred.store(deferred, ordering: .sequentiallyConsistent)
    }

    private static func end() -> Never {
        QueryRun.stop()
        Console.error("\nmodeltrain: interrupted; nothing unfinished was kept, run it again")
        _exit(status)
    }
}
