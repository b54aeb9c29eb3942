// SPDX-License-Identifier: Apache-2.0
// POSIX and Linux calls that Swift cannot import by itself: packed structures, macros, GNU extensions.
// Nothing here holds state. System headers stay out of this file: they would clash with Swift's own view of
// them.
#ifndef MODELD_CPOSIX_H
#define MODELD_CPOSIX_H

#include <stdbool.h>
#include <stdint.h>

/// The calling thread's errno; read it at once after a failed call.
int cposix_errno(void);

/// One readiness report. `struct epoll_event` is packed and holds a union, which Swift cannot read safely.
struct cposix_event {
    uint32_t events;
    uint32_t generation;
    int32_t descriptor;
};

/// Linux's numbers; the implementation checks them against <sys/epoll.h>.
static const uint32_t cposix_epoll_in = 0x001;
static const uint32_t cposix_epoll_out = 0x004;
static const uint32_t cposix_epoll_error = 0x008;
static const uint32_t cposix_epoll_hangup = 0x010;
static const uint32_t cposix_epoll_exclusive = 1u << 28;

enum { cposix_events_max = 256 };

int cposix_epoll_create(void);

/// An eventfd, and its two operations: 0, or -1 and errno.
int cposix_eventfd(void);
int cposix_eventfd_add(int descriptor, uint64_t value);
int cposix_eventfd_take(int descriptor, uint64_t *value);

/// `operation`: 0 add, 1 modify, 2 remove.
int cposix_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint32_t generation);

/// Waits and copies at most `limit` (at most `cposix_events_max`) reports to `out`; -1 and errno when it
/// fails.
int cposix_epoll_wait(int epoll, struct cposix_event *out, int limit, int timeout_ms);

/// recv(2), and send(2) with MSG_NOSIGNAL; -1 and errno when they fail. The C library's own are points of
/// cancellation, at two calls more in a process with threads; no thread is ever cancelled here.
long cposix_receive(int socket, void *room, unsigned long count);
long cposix_send(int socket, const void *bytes, unsigned long count);

/// Where a connection comes from. `family`: 4, 6, or 0 for neither; `bytes`: the address in network order, 4
/// or 16 of them.
struct cposix_peer {
    uint8_t family;
    uint8_t bytes[16];
    uint16_t port;
};

/// The next connection, non-blocking and closed on exec, and its peer; -1 and errno when there is none.
int cposix_accept(int listener, struct cposix_peer *peer);

/// From now on no connection is established on `listener`; those that are can still be accepted. 0, or -1 and
/// errno.
int cposix_refuse_connections(int listener);

/// Opens `path` for reading, resolved beneath `directory`: absolute paths, `..` and links that lead out fail
/// with EXDEV or ELOOP. -1 and errno; ENOSYS where the kernel or a sandbox has no openat2.
int cposix_open_beneath(int directory, const char *path);

/// Gives the disk back what a file holds from `offset` on, `length` bytes; they read as zeros then. 0, or -1
/// and errno where the file system cannot.
int cposix_punch_hole(int file, int64_t offset, int64_t length);

/// The number of the kind of file system that `path` is on, as in linux/magic.h; -1 when nobody can say.
int64_t cposix_file_system_type(const char *path);

/// Gives the kernel back what is free in the heap.
void cposix_trim_heap(void);

/// Lets all threads that are started from now on share one heap.
void cposix_share_heap(void);

/// Lets others go before the calling thread: its nice value from now on, and how long it may go on once it
/// runs although one that goes before it has woken up, in nanoseconds. Linux before 6.12 takes no notice of
/// the latter. When one in the background is woken up, whoever runs goes on. 0, or -1 and errno.
int cposix_yield_to_others(int nice, uint64_t slice, bool is_background);

/// Lets the calling thread have a processor soon after it wakes up, for `slice` nanoseconds at a time: one
/// whose slice is longer gives way to it. Changes nothing for a thread under another policy than the usual.
/// Linux before 6.12 takes no notice. 0, or -1 and errno.
int cposix_wake_promptly(uint64_t slice);

/// Asks for the cache line at `address`, which need not be memory of the caller's.
static inline void cposix_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// CPUs that this thread may run on, or -1 and errno.
int cposix_affinity_count(void);

#endif
