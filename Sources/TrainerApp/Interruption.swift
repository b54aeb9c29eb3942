// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc

/// Ends the program when somebody asks for it (Ctrl-C, SIGTERM): with one line, and the status that tells a
/// scheduler to run it again. Whatever stands under its name then is whole: files and versions appear by a
/// rename.
enum Interruption {
    static let status: Int32 = 75

    // Safe because only `watch` touches it, once, before there is another thread.
    private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

    /// Call once, before the work begins.
    static func watch() {
        for number in [SIGINT, SIGTERM] {
            // The source below is told of the signal even though the default action is off.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
            source.setEventHandler {
                Console.error("\nmodeltrain: interrupted; nothing unfinished was kept, run it again")
                _exit(status)
            }
            source.activate()
            // Safe because nothing else touches the list, and there is one thread yet.
            unsafe sources.append(source)
        }
    }
}
