// SPDX-License-Identifier: Apache-2.0
import Base

/// Deadlines of many connections, one each: setting, moving and cancelling cost O(1) and allocate nothing.
///
/// A hashed wheel: slot `s` chains the identifiers whose deadline falls into a tick that is `s` modulo the
/// number of slots. Identifiers are small numbers (descriptors); the chains are arrays indexed by them.
/// Moving a deadline *later* only writes the new time: the identifier stays where it is and is moved when its
/// old slot comes up. That is the common case, since each request pushes the idle deadline out.
package struct TimerWheel {
    private static let slotCount = 1024
    private static let none: Int32 = -1

    private struct Entry {
        var deadline = MonotonicInstant.never
        var slot = TimerWheel.none
        var previous = TimerWheel.none
        var next = TimerWheel.none
    }

    private let tickNanoseconds: UInt64
    private var entries: [Entry] = []
    private var heads = [Int32](repeating: TimerWheel.none, count: TimerWheel.slotCount)
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.slotCount / 64)
    /// Ticks up to this one have been worked off.
    private var currentTick: Int64
    /// No slot is occupied before this tick, so nobody has to look there again.
    private var firstOccupiedTick = Int64.max
    package private(set) var count = 0

    package init(now: MonotonicInstant, tickNanoseconds: UInt64 = 10_000_000) {
        precondition(tickNanoseconds > 0, "a tick takes time")
        self.tickNanoseconds = tickNanoseconds
        currentTick = Int64(clamping: now.nanoseconds / tickNanoseconds)
    }

    /// Sets or moves the deadline of `identifier`.
    package mutating func schedule(_ identifier: Int, at deadline: MonotonicInstant) {
        precondition(identifier >= 0 && identifier < Int(Int32.max), "identifiers are small numbers")
        while entries.count <= identifier { entries.append(Entry()) }
        let isLater = deadline >= entries[identifier].deadline
        entries[identifier].deadline = deadline
        if entries[identifier].slot != Self.none {
            if isLater { return }
            unlink(identifier)
        }
        link(identifier)
    }

    package mutating func cancel(_ identifier: Int) {
        guard identifier < entries.count, entries[identifier].slot != Self.none else { return }
        unlink(identifier)
        entries[identifier].deadline = MonotonicInstant.never
    }

    /// Removes and returns one identifier whose deadline has passed at `now`; nil when there is none.
    package mutating func popExpired(now: MonotonicInstant) -> Int? {
        let nowTick = Int64(clamping: now.nanoseconds / tickNanoseconds)
        // After a long sleep each slot needs to be looked at once only.
        if nowTick - currentTick > Int64(Self.slotCount) { currentTick = nowTick - Int64(Self.slotCount) }
        while currentTick <= nowTick {
            let slot = Int(currentTick % Int64(Self.slotCount))
            while heads[slot] != Self.none {
                let identifier = Int(heads[slot])
                let deadline = entries[identifier].deadline
                if tick(of: deadline) > currentTick {
                    // It was moved later, or waits for a later turn of the wheel.
                    unlink(identifier)
                    link(identifier)
                    if Int(entries[identifier].slot) == slot { break }
                    continue
                }
                unlink(identifier)
                entries[identifier].deadline = MonotonicInstant.never
                return identifier
            }
            if currentTick == nowTick { break }
            currentTick += 1
        }
        return nil
    }

    /// Milliseconds until something may have expired, -1 when nothing is scheduled.
    package mutating func millisecondsToNext(now: MonotonicInstant) -> Int32 {
        guard count > 0 else { return -1 }
        let end = currentTick + Int64(Self.slotCount)
        var tick = min(max(firstOccupiedTick, currentTick), end)
        while tick < end {
            let slot = Int(tick % Int64(Self.slotCount))
            let word = occupied[slot / 64] >> UInt64(slot % 64)
            if word != 0 {
                tick += Int64(word.trailingZeroBitCount)
                break
            }
            tick += Int64(64 - slot % 64)
        }
        firstOccupiedTick = min(tick, end)
        let due = UInt64(firstOccupiedTick) * tickNanoseconds
        guard due > now.nanoseconds else { return 1 }
        return Int32(clamping: (due - now.nanoseconds + 999_999) / 1_000_000)
    }

    /// The first tick that begins at or after the deadline: never early.
    private func tick(of deadline: MonotonicInstant) -> Int64 {
        let whole = Int64(clamping: deadline.nanoseconds / tickNanoseconds)
        return deadline.nanoseconds % tickNanoseconds == 0 ? whole : whole + 1
    }

    private mutating func link(_ identifier: Int) {
        let furthest = currentTick + Int64(Self.slotCount) - 1
        let tick = min(max(tick(of: entries[identifier].deadline), currentTick), furthest)
        let slot = Int(tick % Int64(Self.slotCount))
        let head = heads[slot]
        entries[identifier].slot = Int32(slot)
        entries[identifier].previous = Self.none
        entries[identifier].next = head
        if head != Self.none { entries[Int(head)].previous = Int32(identifier) }
        heads[slot] = Int32(identifier)
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
        firstOccupiedTick = min(firstOccupiedTick, tick)
        count += 1
    }

    private mutating func unlink(_ identifier: Int) {
        let entry = entries[identifier]
        let slot = Int(entry.slot)
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[slot] = entry.next
        }
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        if heads[slot] == Self.none { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
        entries[identifier].slot = Self.none
        count -= 1
    }
}
