// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Tells whose directories have changed, where the file system reports it: inotify(7).
///
/// What changed inside is not told: the directories are looked at again. Thousands of models have two or
/// three directories each, so that numbers are kept and no paths. State: owned by the registry's queue.
final class DirectoryWatch {
    /// Readable when something changed.
    let descriptor: CInt
    /// The owner, a model or the registry, of each directory that is watched, by the kernel's number.
    private var owners: [CInt: String] = [:]
    /// Further owners of a directory that several links lead to.
    private var others: [CInt: Set<String>] = [:]
    private var owned: [String: Numbers] = [:]
    /// Owners with a directory that could not be watched, because the kernel's limit was reached or the
    /// directory was gone: only looking tells of it.
    private(set) var unwatched: Set<String> = []

    /// A few numbers without memory of their own for the first two: a model and its version.
    private struct Numbers: Sequence {
        private var first: CInt = 0
        private var second: CInt = 0
        private var more: [CInt] = []

        mutating func append(_ number: CInt) {
            // The kernel counts from 1.
            if first == 0 {
                first = number
            } else if second == 0 {
                second = number
            } else {
                more.append(number)
            }
        }

        func makeIterator() -> some IteratorProtocol<CInt> {
            ([first, second].filter { $0 != 0 } + more).makeIterator()
        }
    }

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
    /// - Returns: owners of which something was not watched before, so that it may have changed unnoticed.
    func watch(_ directories: [String: [String]], isWhole: Bool) -> Set<String> {
        var added: Set<String> = []
        if isWhole {
            for owner in Set(owned.keys).subtracting(directories.keys) { replace(owner, [], &added) }
            unwatched.formIntersection(directories.keys)
        }
        for (owner, paths) in directories { replace(owner, paths, &added) }
        return added
    }

    private func replace(_ owner: String, _ paths: [String], _ added: inout Set<String>) {
        let former = owned.removeValue(forKey: owner).map(Array.init) ?? []
        unwatched.remove(owner)
        var numbers = Numbers()
        var kept: [CInt] = []
        for path in paths {
            // Safe because the string is passed as a C string that lives for the call.
            let number = unsafe inotify_add_watch(descriptor, path, Self.mask)
            guard number > 0 else {
                unwatched.insert(owner)
                continue
            }
            // A directory that is watched already keeps its number, whatever path leads to it.
            if kept.contains(number) { continue }
            kept.append(number)
            numbers.append(number)
            if former.contains(number) { continue }
            added.insert(owner)
            if owners[number] == nil {
                owners[number] = owner
            } else {
                others[number, default: []].insert(owner)
            }
        }
        for number in former where !kept.contains(number) { forget(number, owner) }
        if !kept.isEmpty { owned[owner] = numbers }
    }

    private func forget(_ number: CInt, _ owner: String) {
        if owners[number] != owner {
            others[number]?.remove(owner)
        } else if let heir = others[number]?.popFirst() {
            owners[number] = heir
        } else {
            owners[number] = nil
            _ = inotify_rm_watch(descriptor, number)
        }
        if others[number]?.isEmpty == true { others[number] = nil }
    }

    /// The owners of directories that have changed since the last call; nil when the kernel has lost count.
    func drain() -> Set<String>? {
        var changed: Set<String> = []
        var isLost = false
        var events = [UInt8](repeating: 0, count: 16384)
        while true {
            // Safe because the kernel writes at most the bytes that the array has.
            let got = unsafe read(descriptor, &events, events.count)
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { return isLost ? nil : changed }
            var offset = 0
            while offset + 16 <= got {
                // struct inotify_event: wd, mask, cookie, len, then len bytes of name.
                let number = CInt(bitPattern: Self.word(events, offset))
                let mask = Self.word(events, offset + 4)
                if mask & UInt32(IN_Q_OVERFLOW) != 0 { isLost = true }
                if let owner = owners[number] {
                    changed.insert(owner)
                    changed.formUnion(others[number] ?? [])
                    // The directory is gone and the watch with it.
                    if mask & UInt32(IN_IGNORED) != 0 { drop(number) }
                }
                offset += 16 + Int(Self.word(events, offset + 12))
            }
        }
    }

    /// Forgets a number that the kernel has given up.
    private func drop(_ number: CInt) {
        let holders = (others.removeValue(forKey: number) ?? []).union(
            owners.removeValue(forKey: number).map { [$0] } ?? [])
        for owner in holders {
            var left = Numbers()
            for kept in owned[owner].map(Array.init) ?? [] where kept != number { left.append(kept) }
            owned[owner] = left
        }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
}
