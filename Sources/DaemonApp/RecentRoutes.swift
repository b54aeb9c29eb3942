// SPDX-License-Identifier: Apache-2.0
internal import Base
internal import Dialects
internal import HTTP

/// Where the paths that were asked for lately lead: clients ask for the same few all day, so most requests
/// need no search and no decoding.
///
/// Each path has one place in a small table and takes it from what was there; only what was found is kept, so
/// a stranger's paths can make others be looked up again, and no more.
struct RecentRoutes {
    /// A class, so that finding one copies none of its texts.
    final class Entry {
        fileprivate let method: Method
        fileprivate let path: [UInt8]
        /// Not 0; that of no other entry. Its low bits are its place.
        let number: Int
        let route: Int
        let parameters: PathParameters

        fileprivate init(
            _ method: Method, _ path: [UInt8], number: Int, _ route: Int, _ parameters: PathParameters
        ) {
            self.number = number
            self.method = method
            self.path = path
            self.route = route
            self.parameters = parameters
        }
    }

    private static let placeCount = 64
    /// Longer paths are looked up each time: the table may not hold much memory.
    private static let pathBytesMax = 256

    private var entries = [Entry?](repeating: nil, count: placeCount)
    private var keptCount = 0

    /// The entry with this number, unless another has taken its place.
    func find(number: Int) -> Entry? {
        guard number != 0, let entry = entries[number & (Self.placeCount - 1)], entry.number == number else {
            return nil
        }
        return entry
    }

    func find(_ method: Method, _ path: Span<UInt8>) -> Entry? {
        guard let entry = entries[Self.place(path)], entry.method == method else { return nil }
        let known = entry.path
        return path.hasSameBytes(as: known.span) ? entry : nil
    }

    /// - Returns: what `find` returns for it from now on.
    mutating func keep(
        _ method: Method, _ path: Span<UInt8>, _ route: Int, _ parameters: PathParameters
    ) -> Entry {
        let place = Self.place(path)
        keptCount += 1
        let entry = Entry(
            method, Array(copying: path), number: keptCount * Self.placeCount + place, route, parameters)
        if path.count <= Self.pathBytesMax { entries[place] = entry }
        return entry
    }

    private static func place(_ path: Span<UInt8>) -> Int {
        Int(truncatingIfNeeded: path.fingerprint) & (placeCount - 1)
    }
}
