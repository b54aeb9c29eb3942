// SPDX-License-Identifier: Apache-2.0

/// Elements that wait for their turn: the one that came first is taken first.
///
/// - Complexity: O(1), spread over the calls.
struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    /// Those before it are taken, and stay until there are enough of them to be worth moving the others.
    private var head = 0

    var count: Int { elements.count - head }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Nil when none waits.
    mutating func takeFirst() -> Element? {
        guard head < elements.count else { return nil }
        let first = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64 && head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }
}
