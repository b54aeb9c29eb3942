// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE // accept4, cpu_set_t
#include "CPosix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(EPOLLIN == 0x001 && EPOLLOUT == 0x004 && EPOLLERR == 0x008 && EPOLLHUP == 0x010,
               "epoll's numbers");
_Static_assert((uint32_t)EPOLLEXCLUSIVE == 1u << 28, "epoll's numbers");

int cposix_errno(void) { return errno; }

int cposix_open_beneath(int directory, const char *path) {
    struct open_how how = {0};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int cposix_punch_hole(int file, int64_t offset, int64_t length) {
    return fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length);
}

int cposix_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int cposix_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cposix_eventfd_add(int descriptor, uint64_t value) { return eventfd_write(descriptor, value); }

int cposix_eventfd_take(int descriptor, uint64_t *value) { return eventfd_read(descriptor, value); }

int cposix_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint32_t generation) {
    static const int operations[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
    struct epoll_event event = {0};
    event.events = events;
    event.data.u64 = ((uint64_t)generation << 32) | (uint32_t)descriptor;
    return epoll_ctl(epoll, operations[operation], descriptor, &event);
}

int cposix_epoll_wait(int epoll, struct cposix_event *out, int limit, int timeout_ms) {
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

long cposix_receive(int socket, void *room, unsigned long count) {
    return syscall(SYS_recvfrom, socket, room, count, 0, NULL, NULL);
}

long cposix_send(int socket, const void *bytes, unsigned long count) {
    return syscall(SYS_sendto, socket, bytes, count, MSG_NOSIGNAL, NULL, 0);
}

int cposix_accept(int listener, struct cposix_peer *peer) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } address;
    socklen_t length = sizeof address;
    memset(peer, 0, sizeof *peer);
    int number = accept4(listener, &address.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (number < 0 || length < sizeof address.any.sa_family) return number;
    if (address.any.sa_family == AF_INET) {
        peer->family = 4;
        peer->port = ntohs(address.v4.sin_port);
        memcpy(peer->bytes, &address.v4.sin_addr, 4);
    } else if (address.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr)) {
        // An IPv4 client of a socket that listens for both.
        peer->family = 4;
        peer->port = ntohs(address.v6.sin6_port);
        memcpy(peer->bytes, (const uint8_t *)&address.v6.sin6_addr + 12, 4);
    } else if (address.any.sa_family == AF_INET6) {
        peer->family = 6;
        peer->port = ntohs(address.v6.sin6_port);
        memcpy(peer->bytes, &address.v6.sin6_addr, 16);
    }
    return number;
}

int cposix_refuse_connections(int listener) {
    // A socket filter that keeps no byte of any packet: handshakes stop, sockets that are accepted have no
    // filter.
    struct sock_filter drop_all = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {.len = 1, .filter = &drop_all};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

// As in <linux/sched/types.h>, which clashes with glibc's <sched.h> where that has it, too.
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static int schedule(uint32_t policy, int nice, uint64_t slice) {
    struct scheduling wanted = {.size = sizeof wanted, .policy = policy, .nice = nice, .runtime = slice};
    return (int)syscall(SYS_sched_setattr, 0, &wanted, 0);
}

int cposix_yield_to_others(int nice, uint64_t slice, bool is_background) {
    // Unlike one under the usual policy, such a thread does not take the processor from whoever wakes it up.
    return schedule(is_background ? SCHED_BATCH : SCHED_OTHER, nice, slice);
}

int cposix_wake_promptly(uint64_t slice) {
    if (sched_getscheduler(0) != SCHED_OTHER) return 0;
    errno = 0;
    int nice = getpriority(PRIO_PROCESS, 0);
    if (nice == -1 && errno) return -1;
    return schedule(SCHED_OTHER, nice, slice);
}

int cposix_affinity_count(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    return CPU_COUNT(&set);
}

int64_t cposix_file_system_type(const char *path) {
    struct statfs facts;
    return statfs(path, &facts) ? -1 : (int64_t)(uint32_t)facts.f_type;
}

void cposix_trim_heap(void) { malloc_trim(0); }

void cposix_share_heap(void) { mallopt(M_ARENA_MAX, 1); }
