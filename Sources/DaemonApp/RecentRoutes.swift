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
        let route: Int
        let parameters: PathParameters

        fileprivate init(_ method: Method, _ path: [UInt8], _ route: Int, _ parameters: PathParameters) {
            self.method = method
            self.path = path
            self.route = route
            self.parameters = parameters
        }
    }

    private static let placeBits: UInt64 = 6
    /// Longer paths are looked up each time: the table may not hold much memory.
    private static let pathBytesMax = 256

    private var entries = [Entry?](repeating: nil, count: 1 << Int(placeBits))

    func find(_ method: Method, _ path: Span<UInt8>) -> Entry? {
        guard let entry = entries[Self.place(path)], entry.method == method else { return nil }
        let known = entry.path
        return path.hasSameBytes(as: known.span) ? entry : nil
    }

    /// - Returns: what `find` returns for it from now on.
    mutating func keep(
        _ method: Method, _ path: Span<UInt8>, _ route: Int, _ parameters: PathParameters
    ) -> Entry {
        let entry = Entry(method, Array(copying: path), route, parameters)
        if path.count <= Self.pathBytesMax { entries[Self.place(path)] = entry }
        return entry
    }

    private static func place(_ path: Span<UInt8>) -> Int {
        Int(truncatingIfNeeded: path.fingerprint & (1 << placeBits &- 1))
    }
}
