// SPDX-License-Identifier: Apache-2.0
import Base
import Testing

@Suite struct CalendarTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1970-01-01T00:00:00Z"), (1_795_656_600, "2026-11-26T01:30:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_767_225_599, "2025-12-31T23:59:59Z"),
    ])
    func moments_areThoseOfTheCalendar(_ seconds: Int, _ text: String) {
        #expect(CalendarTime.text(Int64(seconds) * 1_000_000_000) == text)
    }

    @Test func thePresent_isAfterThisWasWritten() {
        #expect(CalendarTime.nanoseconds > 1_795_000_000_000_000_000)
    }
}
