// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Glibc

/// A directory whose changes matter, and the number of what stands there at the moment.
struct WatchedDirectory: Sendable, Equatable {
    var path: String
    var inode: UInt64
}

/// Tells which of a set of directories have changed, where the file system reports it: inotify(7).
///
/// What changed inside is not told: the directories are looked at again. State: owned by the registry's
/// queue.
final class DirectoryWatch {
    /// Readable when something changed.
    let descriptor: CInt
    private struct Watch {
        var number: CInt
        /// Another directory may stand under the same path later.
        var inode: UInt64
    }
    private var watches: [String: Watch] = [:]
    private var paths: [CInt: String] = [:]
    /// The paths that each owner, a model or the registry, has watched.
    private var owned: [String: [String]] = [:]
    /// The kernel's limit on watches was reached: the rest is noticed by looking.
    private(set) var isIncomplete = false

    /// Nil when the system gives no inotify instance.
    init?() {
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        if descriptor < 0 { return nil }
    }

    deinit { _ = close(descriptor) }

    private static let mask =
        UInt32(IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
        | UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB) | UInt32(IN_ONLYDIR)

    /// Watches, for each of these owners, exactly these directories, links followed; none for one that is
    /// gone.
    ///
    /// - Parameter isWhole: other owners are gone, too.
    /// - Returns: those that were not watched before, so that something may have changed in them unnoticed.
    func watch(_ directories: [String: [WatchedDirectory]], isWhole: Bool) -> Set<String> {
        var added: Set<String> = []
        if isWhole {
            isIncomplete = false
            for owner in Set(owned.keys).subtracting(directories.keys) { replace(owner, [], &added) }
        }
        for (owner, listed) in directories { replace(owner, listed, &added) }
        return added
    }

    private func replace(_ owner: String, _ listed: [WatchedDirectory], _ added: inout Set<String>) {
        for path in owned[owner] ?? [] where !listed.contains(where: { $0.path == path }) { forget(path) }
        owned[owner] = listed.isEmpty ? nil : listed.map(\.path)
        for directory in listed {
            if let known = watches[directory.path], known.inode == directory.inode { continue }
            forget(directory.path)
            // Safe because the string is passed as a C string that lives for the call.
            let number = unsafe inotify_add_watch(descriptor, directory.path, Self.mask)
            if number >= 0 {
                watches[directory.path] = Watch(number: number, inode: directory.inode)
                paths[number] = directory.path
                added.insert(directory.path)
            } else if errno == ENOSPC {
                isIncomplete = true
            }
        }
    }

    private func forget(_ path: String) {
        guard let watch = watches.removeValue(forKey: path) else { return }
        // Two paths may lead to one directory, which has one number: the other path keeps it.
        guard paths[watch.number] == path else { return }
        paths[watch.number] = nil
        _ = inotify_rm_watch(descriptor, watch.number)
    }

    /// The directories that have changed since the last call; nil when the kernel has lost count, or when one
    /// stands under several paths.
    func drain() -> Set<String>? {
        var changed: Set<String> = []
        var isLost = false
        var events = [UInt8](repeating: 0, count: 16384)
        while true {
            // Safe because the kernel writes at most the bytes that the array has.
            let got = unsafe read(descriptor, &events, events.count)
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { return isLost || watches.count != paths.count ? nil : changed }
            var offset = 0
            while offset + 16 <= got {
                // struct inotify_event: wd, mask, cookie, len, then len bytes of name.
                let number = CInt(bitPattern: Self.word(events, offset))
                let mask = Self.word(events, offset + 4)
                if mask & UInt32(IN_Q_OVERFLOW) != 0 { isLost = true }
                if let path = paths[number] {
                    changed.insert(path)
                    // The directory is gone and the watch with it; the next one there may have the same
                    // inode.
                    if mask & UInt32(IN_IGNORED) != 0 {
                        paths[number] = nil
                        watches[path] = nil
                    }
                }
                offset += 16 + Int(Self.word(events, offset + 12))
            }
        }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
}
