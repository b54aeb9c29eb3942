// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// Tells that something changed in a set of directories, where the file system reports it: inotify(7).
///
/// What changed is not told: the directories are looked at again. State: owned by the registry's queue.
final class DirectoryWatch {
    /// Readable when something changed.
    let descriptor: CInt
    /// Watch numbers of the directories of the last call.
    private var watches: Set<CInt> = []
    /// The kernel's limit on watches was reached: the rest is noticed by looking.
    private(set) var isIncomplete = false

    /// Nil when the system gives no inotify instance.
    init?() {
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        if descriptor < 0 { return nil }
    }

    deinit { _ = close(descriptor) }

    /// Watches exactly these directories, links followed. True when some were not watched before, so that
    /// something may have changed in them unnoticed.
    func watch(_ directories: [String]) -> Bool {
        let mask =
            UInt32(IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
            | UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB) | UInt32(IN_ONLYDIR)
        var current: Set<CInt> = []
        isIncomplete = false
        for directory in directories {
            // Safe because the string is passed as a C string that lives for the call.
            let number = unsafe inotify_add_watch(descriptor, directory, mask)
            if number >= 0 { current.insert(number) } else if errno == ENOSPC { isIncomplete = true }
        }
        for number in watches.subtracting(current) { _ = inotify_rm_watch(descriptor, number) }
        defer { watches = current }
        return !current.isSubset(of: watches)
    }

    /// Forgets what was reported so far.
    func drain() {
        var events = [UInt8](repeating: 0, count: 16384)
        while true {
            // Safe because the kernel writes at most the bytes that the array has.
            let got = unsafe read(descriptor, &events, events.count)
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { return }
        }
    }
}
