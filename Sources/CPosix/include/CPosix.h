// SPDX-License-Identifier: Apache-2.0
// POSIX and Linux macros and inline helpers that Swift cannot import by itself. Nothing here holds state.
#ifndef MODELD_CPOSIX_H
#define MODELD_CPOSIX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE // accept4, cpu_set_t
#endif
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/// The calling thread's errno; read it at once after a failed call.
static inline int cposix_errno(void) { return errno; }

/// One readiness report. `struct epoll_event` is packed and holds a union, which Swift cannot read safely.
struct cposix_event {
    uint32_t events;
    uint32_t generation;
    int32_t descriptor;
};

static const uint32_t cposix_epoll_in = EPOLLIN;
static const uint32_t cposix_epoll_out = EPOLLOUT;
static const uint32_t cposix_epoll_error = EPOLLERR;
static const uint32_t cposix_epoll_hangup = EPOLLHUP;
static const uint32_t cposix_epoll_exclusive = EPOLLEXCLUSIVE;

static inline int cposix_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int cposix_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/// `operation`: 0 add, 1 modify, 2 remove.
static inline int cposix_epoll_control(int epoll, int operation, int descriptor, uint32_t events,
                                       uint32_t generation) {
    static const int operations[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
    struct epoll_event event = {0};
    event.events = events;
    event.data.u64 = ((uint64_t)generation << 32) | (uint32_t)descriptor;
    return epoll_ctl(epoll, operations[operation], descriptor, &event);
}

enum { cposix_events_max = 256 };

/// Waits and copies at most `limit` (at most `cposix_events_max`) reports to `out`; -1 and errno when it fails.
static inline int cposix_epoll_wait(int epoll, struct cposix_event *out, int limit, int timeout_ms) {
    struct epoll_event events[cposix_events_max];
    if (limit > cposix_events_max) limit = cposix_events_max;
    int count = epoll_wait(epoll, events, limit, timeout_ms);
    for (int i = 0; i < count; i++) {
        out[i].events = events[i].events;
        out[i].generation = (uint32_t)(events[i].data.u64 >> 32);
        out[i].descriptor = (int32_t)(uint32_t)events[i].data.u64;
    }
    return count;
}

/// The next connection, non-blocking and closed on exec; -1 and errno when there is none.
static inline int cposix_accept(int listener) {
    return accept4(listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/// CPUs that this thread may run on, or -1 and errno.
static inline int cposix_affinity_count(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    return CPU_COUNT(&set);
}

#endif
