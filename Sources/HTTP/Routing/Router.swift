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
    /// Nodes and edges refer to each other by number and their texts lie in one array, so that a search
    /// touches no reference count.
    private struct Node {
        /// The first edge for a literal segment.
        var literal = Router.none
        /// The first edge for a capture: longest suffix first; the plain capture, whose suffix is empty,
        /// last.
        var capture = Router.none
        /// The node's first entry in `endings`.
        var ending = Router.none
        var methods: MethodSet = []
    }

    /// A step to a deeper node: by the literal `text`, or by a capture that `text` follows.
    private struct Edge {
        var text: Range<Int>
        var node: Int
        var next: Int
    }

    /// A route that ends at a node.
    private struct Ending {
        var method: Method
        var route: Int
        var next: Int
    }

    private static let none = -1

    private var nodes = [Node()]
    private var edges: [Edge] = []
    private var endings: [Ending] = []
    /// The texts of all edges.
    private var texts: [UInt8] = []
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
            ending(of: index, method) == nil, "the route \(method) \(template) exists twice")
        templates.append(template)
        endings.append(Ending(method: method, route: route, next: nodes[index].ending))
        nodes[index].ending = endings.count - 1
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
            return child(text, chain: nodes[index].literal) { router, edge in
                router.nodes[index].literal = edge
            }
        case .capture(let suffix):
            return child(suffix, chain: nodes[index].capture) { router, edge in
                router.nodes[index].capture = edge
            }
        }
    }

    /// The node behind the edge with this text in the chain that begins at `first`, made when there is none.
    /// Longer texts come first.
    private mutating func child(
        _ text: [UInt8], chain first: Int, setFirst: (inout Router, Int) -> Void
    ) -> Int {
        var previous = Self.none
        var next = first
        while next != Self.none {
            let edge = edges[next]
            if texts[edge.text].elementsEqual(text) { return edge.node }
            if edge.text.count < text.count { break }
            previous = next
            next = edge.next
        }
        nodes.append(Node())
        edges.append(
            Edge(text: texts.count..<texts.count + text.count, node: nodes.count - 1, next: next))
        texts.append(contentsOf: text)
        if previous == Self.none {
            setFirst(&self, edges.count - 1)
        } else {
            edges[previous].next = edges.count - 1
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
        let isEscaped = segment.firstIndex(of: .percent, in: 0..<segment.count) != nil
        var next = nodes[index].literal
        while next != Self.none {
            let literal = edges[next]
            next = literal.next
            // Longer texts come first; only escapes make a segment longer than the text that it means.
            if literal.text.count > segment.count { continue }
            if literal.text.count < segment.count, !isEscaped { break }
            guard isLiteral(segment, literal.text, isEscaped) else { continue }
            find(path, from: end + 1, at: literal.node, &captures, &search)
            if search.result != .notFound { return }
        }
        next = nodes[index].capture
        while next != Self.none {
            let capture = edges[next]
            next = capture.next
            let length = segment.count - capture.text.count
            guard length > 0, hasText(capture.text, at: length, of: segment) else { continue }
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
        let isHead = search.method == .head
        if let route = ending(of: index, search.method) ?? (isHead ? ending(of: index, .get) : nil) {
            search.result = .route(route)
        } else {
            search.otherMethods.formUnion(nodes[index].methods)
        }
    }

    /// The route that ends at the node for exactly this method.
    private func ending(of index: Int, _ method: Method) -> Int? {
        var next = nodes[index].ending
        while next != Self.none {
            if endings[next].method == method { return endings[next].route }
            next = endings[next].next
        }
        return nil
    }

    /// Compares after percent-decoding: `/he%61lth` is `/health` (RFC 3986, section 6.2.2.2).
    private func isLiteral(_ segment: Span<UInt8>, _ text: Range<Int>, _ isEscaped: Bool) -> Bool {
        if segment.count == text.count { return hasText(text, at: 0, of: segment) }
        guard isEscaped else { return false }
        var decoded: [UInt8] = []
        return PercentEncoding.decode(segment, into: &decoded) && texts[text].elementsEqual(decoded)
    }

    /// Whether the segment has the text at `start`, where at least as many bytes are left.
    private func hasText(_ text: Range<Int>, at start: Int, of segment: Span<UInt8>) -> Bool {
        precondition(start + text.count <= segment.count, "a text beyond the segment")
        let text = texts.span.extracting(text)
        for index in text.indices {
            // Safe because `index` is below the text's length, which fits behind `start`.
            if unsafe segment[unchecked: start &+ index] != text[unchecked: index] { return false }
        }
        return true
    }

    /// A path for an error message, cut where it gets long.
    private func shown(_ path: Span<UInt8>) -> String {
        path.count > 200 ? path.extracting(0..<200).text + "…" : path.text
    }
}
