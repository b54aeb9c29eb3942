// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

struct VersionStateTests {
    private static let refusal = Refusal(code: "x", reason: "y")
    private static let states: [VersionState] = [
        .found, .loading, .verifying, .ready, .unloading, .unloaded, .refused(refusal),
    ]
    private static let events: [VersionEvent] = [
        .load, .parsed, .verified, .failed(refusal), .tryAgain, .retire, .released,
    ]

    /// Rows are states, columns events, in the order above.
    private static let table = """
        loading   -         -     -       found unloaded -
        -         verifying -     refused found -        -
        -         -         ready refused found -        -
        -         -         -     -       found unloading -
        -         -         -     -       found -        unloaded
        -         -         -     -       found -        -
        -         -         -     -       found -        -
        """

    @Test func transitions_areThoseOfTheTable() {
        for (state, row) in zip(Self.states, Self.table.split(separator: "\n")) {
            for (event, expected) in zip(Self.events, row.split(separator: " ")) {
                #expect((state.after(event)?.name ?? "-") == expected, "\(state.name) after \(event)")
            }
        }
    }
}
