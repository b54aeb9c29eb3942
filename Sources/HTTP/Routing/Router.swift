// SPDX-License-Identifier: Apache-2.0
import Base

/// What a path leads to.
package enum RouteMatch: Equatable, Sendable {
    /// The route's number, as `add` returned it; the captures are filled in.
    case route(Int)
    /// The path exists, but not for this method; these it has.
    case methodNotAllowed(MethodSet)
    case notFound
    /// A captured part is not UTF-8 after percent-decoding.
    case malformed
}

/// Finds the route of a path: a trie of segments, built at start, then immutable and shared by all loops.
///
/// Literal segments win over captures, longer suffixes over shorter ones. Captures are percent-decoded once
/// and handed over as plain text: one may hold "/", ".." or NUL, so whoever uses it as a name checks it. A
/// trailing slash makes no difference. GET routes answer HEAD too.
///
/// - Complexity: O(length of the path); nothing is allocated unless the path has escapes or a capture is
/// longer than
///   15 bytes.
package struct Router: Sendable {
    private struct Node {
        var literals: [(text: [UInt8], node: Int)] = []
        /// Longest suffix first; the plain capture, whose suffix is empty, last.
        var captures: [(suffix: [UInt8], node: Int)] = []
        var routes: [(method: Method, route: Int)] = []
        var methods: MethodSet = []
    }

    private var nodes = [Node()]
    private var allMethods: MethodSet = []
    /// Each route's template, by number: a metric's label, never the raw path.
    package private(set) var templates: [String] = []

    package init() {}

    /// Adds a route and returns its number: 0, 1, 2, … in the order of the calls. The same template may be
    /// added for several methods; each has its own number.
    @discardableResult
    package mutating func add(_ method: Method, _ template: String) -> Int {
        var index = 0
        for segment in RoutePattern(template).segments { index = child(of: index, segment) }
        let route = templates.count
        precondition(
            !nodes[index].routes.contains { $0.method == method },
            "the route \(method) \(template) exists twice")
        templates.append(template)
        nodes[index].routes.append((method, route))
        nodes[index].methods.insert(MethodSet(method))
        if method == .get { nodes[index].methods.insert(MethodSet(.head)) }
        nodes[index].methods.insert(MethodSet(.options))
        allMethods.formUnion(nodes[index].methods)
        return route
    }

    /// Looks `path` (raw, without its query) up. `captures` is emptied and then filled in the template's
    /// order.
    package func match(_ method: Method, _ path: Span<UInt8>, _ captures: inout [String]) -> RouteMatch {
        captures.removeAll(keepingCapacity: true)
        guard path.count > 0, path[0] == .slash else { return .notFound }
        var search = Search(method: method)
        find(path, from: 1, at: 0, &captures, &search)
        switch search.result {
        case .notFound where !search.otherMethods.isEmpty: return .methodNotAllowed(search.otherMethods)
        default: return search.result
        }
    }

    /// Finds the request's route, or answers by itself: 404, 405 with Allow, OPTIONS with 204 and Allow.
    ///
    /// Returns nil when it has answered.
    package func resolve(_ request: borrowing Request, _ captures: inout [String], _ response: inout Response)
        -> Int?
    {
        if request.method == .options, request.path.equals("*") {
            response.status = .noContent
            response.addHeader("Allow", allMethods.allowValue)
            return nil
        }
        switch match(request.method, request.path, &captures) {
        case .route(let route):
            response.route = route
            return route
        case .methodNotAllowed(let allowed):
            if request.method == .options {
                response.status = .noContent
            } else {
                let path = shown(request.path)
                response.fail(.methodNotAllowed, "\(request.method.name) is not allowed for '\(path)'")
            }
            response.addHeader("Allow", allowed.allowValue)
            return nil
        case .notFound:
            response.fail(.notFound, "there is nothing at '\(shown(request.path))'")
            return nil
        case .malformed:
            response.fail(
                .badRequest, "the path '\(shown(request.path))' is not UTF-8 after percent-decoding")
            return nil
        }
    }

    // MARK: Building

    private mutating func child(of index: Int, _ segment: RoutePattern.Segment) -> Int {
        switch segment {
        case .literal(let text):
            if let found = nodes[index].literals.first(where: { $0.text == text }) { return found.node }
            nodes.append(Node())
            nodes[index].literals.append((text, nodes.count - 1))
        case .capture(let suffix):
            if let found = nodes[index].captures.first(where: { $0.suffix == suffix }) { return found.node }
            nodes.append(Node())
            nodes[index].captures.append((suffix, nodes.count - 1))
            nodes[index].captures.sort { $0.suffix.count > $1.suffix.count }
        }
        return nodes.count - 1
    }

    // MARK: Searching

    private struct Search {
        let method: Method
        var result = RouteMatch.notFound
        var otherMethods: MethodSet = []
    }

    /// Depth is bounded by the longest template.
    private func find(
        _ path: Span<UInt8>, from start: Int, at index: Int, _ captures: inout [String],
        _ search: inout Search
    ) {
        if start >= path.count {
            finish(index, &search)
            return
        }
        let end = path.firstIndex(of: .slash, in: start..<path.count) ?? path.count
        if end == start { return }
        let segment = path.extracting(start..<end)
        for literal in nodes[index].literals where isLiteral(segment, literal.text) {
            find(path, from: end + 1, at: literal.node, &captures, &search)
            if search.result != .notFound { return }
        }
        for capture in nodes[index].captures {
            let length = segment.count - capture.suffix.count
            guard length > 0, ends(segment, with: capture.suffix) else { continue }
            guard let text = PercentEncoding.decode(segment.extracting(0..<length)) else {
                search.result = .malformed
                return
            }
            captures.append(text)
            find(path, from: end + 1, at: capture.node, &captures, &search)
            if search.result != .notFound { return }
            captures.removeLast()
        }
    }

    private func finish(_ index: Int, _ search: inout Search) {
        var fallback: Int?
        for (method, route) in nodes[index].routes {
            if method == search.method {
                search.result = .route(route)
                return
            }
            if method == .get, search.method == .head { fallback = route }
        }
        if let fallback {
            search.result = .route(fallback)
        } else {
            search.otherMethods.formUnion(nodes[index].methods)
        }
    }

    /// Compares after percent-decoding: `/he%61lth` is `/health` (RFC 3986, section 6.2.2.2).
    private func isLiteral(_ segment: Span<UInt8>, _ text: [UInt8]) -> Bool {
        if segment.count == text.count {
            for index in 0..<text.count where segment[index] != text[index] { return false }
            return true
        }
        guard segment.count > text.count, segment.firstIndex(of: .percent, in: 0..<segment.count) != nil
        else {
            return false
        }
        var decoded: [UInt8] = []
        return PercentEncoding.decode(segment, into: &decoded) && decoded == text
    }

    private func ends(_ segment: Span<UInt8>, with suffix: [UInt8]) -> Bool {
        guard segment.count >= suffix.count else { return false }
        let start = segment.count - suffix.count
        for index in 0..<suffix.count where segment[start + index] != suffix[index] { return false }
        return true
    }

    /// A path for an error message, cut where it gets long.
    private func shown(_ path: Span<UInt8>) -> String {
        path.count > 200 ? path.extracting(0..<200).text + "…" : path.text
    }
}
