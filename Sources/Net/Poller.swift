// SPDX-License-Identifier: Apache-2.0
import Base
import CPosix
import Glibc

/// What a descriptor is ready for. Stored, not computed: other modules read it without a call, and a small
/// request reads it several times.
package struct Readiness: Sendable {
    package let isReadable: Bool
    package let isWritable: Bool
    /// Both sides are shut, or an error is pending; reported without being asked for.
    package let isBroken: Bool

    package init(isReadable: Bool = false, isWritable: Bool = false, isBroken: Bool = false) {
        self.isReadable = isReadable
        self.isWritable = isWritable
        self.isBroken = isBroken
    }

    init(events: UInt32) {
        self.init(
            isReadable: events & cposix_epoll_in != 0, isWritable: events & cposix_epoll_out != 0,
            isBroken: events & (cposix_epoll_error | cposix_epoll_hangup) != 0)
    }
}

/// What the owner of a descriptor wants to hear about.
struct Interest: Equatable, Sendable {
    let events: UInt32

    init(reads: Bool, writes: Bool) {
        events = (reads ? cposix_epoll_in : 0) | (writes ? cposix_epoll_out : 0)
    }

    private init(events: UInt32) { self.events = events }

    /// A shared listener wakes one of its loops, not all.
    static let acceptsAmongOthers = Interest(events: cposix_epoll_in | cposix_epoll_exclusive)
}

/// Level-triggered epoll with an eventfd that other threads ring to wake it.
@safe struct Poller: ~Copyable {
    struct Report {
        var descriptor: CInt
        var generation: UInt32
        var readiness: Readiness
    }

    private let epoll: FileDescriptor
    private let wakeUp: FileDescriptor
    private let events: UnsafeMutablePointer<cposix_event>
    private(set) var reportCount = 0

    init() throws(NetError) {
        let epollNumber = cposix_epoll_create()
        guard epollNumber >= 0 else { throw .system(SystemError("epoll_create1")) }
        let epoll = FileDescriptor(owning: epollNumber)
        let eventNumber = cposix_eventfd()
        guard eventNumber >= 0 else { throw .system(SystemError("eventfd")) }
        let wakeUp = FileDescriptor(owning: eventNumber)
        guard cposix_epoll_control(epollNumber, 0, eventNumber, cposix_epoll_in, 0) == 0 else {
            throw .system(SystemError("epoll_ctl", on: "eventfd"))
        }
        self.epoll = epoll
        self.wakeUp = wakeUp
        // Safe because the memory is owned by this value alone and freed in `deinit`.
        unsafe events = .allocate(capacity: Int(cposix_events_max))
    }

    deinit {
        // Safe because nothing can hold the memory after its only owner is gone.
        unsafe events.deallocate()
    }

    /// The number that `wake` takes; valid while the poller lives.
    var wakeUpNumber: CInt { wakeUp.number }

    /// Makes the wait of the poller with this wake-up number end. Safe from any thread.
    static func wake(_ number: CInt) {
        // A full counter means that the wake-up is pending anyway.
        _ = cposix_eventfd_add(number, 1)
    }

    /// Looks `looks` times for reports, then sleeps for at most `milliseconds` (-1: until there is one).
    mutating func wait(milliseconds: CInt, looks: Int) {
        for _ in 0..<looks where milliseconds != 0 {
            if look(milliseconds: 0) { return }
        }
        _ = look(milliseconds: milliseconds)
    }

    /// True when there are reports.
    private mutating func look(milliseconds: CInt) -> Bool {
        // Safe because the array has room for as many reports as it is asked for.
        let count = unsafe cposix_epoll_wait(
            epoll.number, events, CInt(cposix_events_max), milliseconds)
        reportCount = max(Int(count), 0)
        return reportCount > 0
    }

    func report(_ index: Int) -> Report {
        precondition(index >= 0 && index < reportCount, "no such report")
        // Safe because `wait` filled the first `reportCount` entries.
        let event = unsafe events[index]
        return Report(
            descriptor: event.descriptor, generation: event.generation,
            readiness: Readiness(events: event.events))
    }

    /// Takes the rings off the bell.
    func silence() {
        var value: UInt64 = 0
        // Safe because the kernel only writes into the local value.
        _ = unsafe cposix_eventfd_take(wakeUp.number, &value)
    }

    func add(_ descriptor: CInt, _ interest: Interest, generation: UInt32) -> Bool {
        cposix_epoll_control(epoll.number, 0, descriptor, interest.events, generation) == 0
    }

    func modify(_ descriptor: CInt, _ interest: Interest, generation: UInt32) {
        _ = cposix_epoll_control(epoll.number, 1, descriptor, interest.events, generation)
    }

    func remove(_ descriptor: CInt) {
        _ = cposix_epoll_control(epoll.number, 2, descriptor, 0, 0)
    }
}
