// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

struct VersionStateTests {
    private static let refusal = Refusal(code: "x", reason: "y")
    private static let states: [VersionState] = [
        .found, .verifying, .loading, .warming, .ready, .draining, .unloaded, .refused(refusal),
    ]
    private static let events: [VersionEvent] = [
        .begin, .verified, .compiled, .warmed, .failed(refusal), .tryAgain, .retire, .released,
    ]

    /// Rows are states, columns events, in the order above.
    private static let table = """
        verifying -       -       -     -       found unloaded -
        -         loading -       -     refused found -        -
        -         -       warming -     refused found -        -
        -         -       -       ready refused found -        -
        -         -       -       -     -       found draining -
        -         -       -       -     -       found -        unloaded
        -         -       -       -     -       found -        -
        -         -       -       -     -       found unloaded -
        """

    @Test func names_areThoseOfTheMetrics() {
        #expect(Self.states.map(\.name) == VersionState.names)
    }

    @Test func transitions_areThoseOfTheTable() {
        for (state, row) in zip(Self.states, Self.table.split(separator: "\n")) {
            for (event, expected) in zip(Self.events, row.split(separator: " ")) {
                #expect((state.after(event)?.name ?? "-") == expected, "\(state.name) after \(event)")
            }
        }
    }
}
