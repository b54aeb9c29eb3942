// SPDX-License-Identifier: Apache-2.0
// Sends one request at fixed moments over keep-alive connections, whatever becomes of the ones before, and
// times each answer from the moment its request was due. A program of its own because Python cannot send
// 40,000 a second evenly.
//
//   open_loop PORT RATE WINDOW_SECONDS WINDOWS CONNECTIONS REQUEST_FILE
//
// Connections are opened when none is free, up to CONNECTIONS; beyond that a request is sent as soon as one
// is free, late by its own clock. One that the server closes while it is idle is dropped,
// and a request that crossed its end after 5 s of idleness is sent once more. Prints a line for
// each window as soon as its answers are in: index, answers, failures, p50, p99 and largest latency in
// microseconds. Answers have a Content-Length; anything but status 200 is a failure, the first of which is
// shown.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int descriptor;
    long due, answered;
    int used;
    char buffer[65536];
};

struct window {
    int count, capacity, failures, open;
    long *latencies;
};

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static int compare(const void *left, const void *right) {
    long a = *(const long *)left, b = *(const long *)right;
    return a < b ? -1 : a > b;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// 0 while the answer is incomplete, else its status.
static int status_of(struct connection *connection) {
    connection->buffer[connection->used] = 0;
    char *end = strstr(connection->buffer, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(connection->buffer, "\r\ncontent-length:");
    long body = length && length < end ? atol(length + 17) : 0;
    if (connection->used - (end + 4 - connection->buffer) < body) return 0;
    return atoi(connection->buffer + 9);
}

static void open_connection(int poller, struct connection *connection, int number, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
    connection->descriptor = descriptor;
}

static void report(int index, struct window *window) {
    qsort(window->latencies, window->count, sizeof(long), compare);
    long p50 = 0, p99 = 0, most = 0;
    if (window->count) {
        p50 = window->latencies[window->count / 2];
        p99 = window->latencies[(long)window->count * 99 / 100];
        most = window->latencies[window->count - 1];
    }
    printf("%d %d %d %.1f %.1f %.1f\n", index, window->count, window->failures, p50 / 1e3, p99 / 1e3,
           most / 1e3);
    fflush(stdout);
}

// Whoever disturbs the server runs on this processor, too. Waiting for it would be counted as the server's
// time, so this program goes first as soon as it has something to do: a short slice, and priority where that
// is allowed.
static void wake_promptly(void) {
    struct { // struct sched_attr of linux/sched/types.h
        unsigned size, policy;
        unsigned long long flags;
        int nice;
        unsigned priority;
        unsigned long long slice, deadline, period;
    } wanted = {.size = sizeof wanted, .nice = -20, .slice = 100000};
    if (syscall(SYS_sched_setattr, 0, &wanted, 0) == 0) return;
    wanted.nice = 0;
    syscall(SYS_sched_setattr, 0, &wanted, 0);
}

int main(int argc, char **argv) {
    if (argc != 7) return 64;
    wake_promptly();
    int port = atoi(argv[1]), windows = atoi(argv[4]), count = atoi(argv[5]);
    double rate = atof(argv[2]), seconds = atof(argv[3]);
    FILE *file = fopen(argv[6], "rb");
    if (!file) fail(argv[6]);
    char *request = malloc(1 << 20);
    size_t size = fread(request, 1, 1 << 20, file);

    int poller = epoll_create1(0), opened = 0, failures = 0;
    struct connection *connections = calloc(count, sizeof *connections);
    int *idle = malloc(count * sizeof *idle), idle_count = 0;
    int *closed = malloc(count * sizeof *closed), closed_count = 0;

    long per_window = (long)(rate * seconds), total = per_window * windows, sent = 0, next_report = 0;
    struct window *all = calloc(windows, sizeof *all);
    for (int i = 0; i < windows; i++) {
        all[i].latencies = malloc(per_window * sizeof(long));
        all[i].open = per_window;
    }
    double interval = 1e9 / rate;
    long start = now() + 10000000;
    struct epoll_event events[256];
    while (next_report < windows) {
        long time = now();
        int is_full = 0;
        while (sent < total && start + (long)(sent * interval) <= time) {
            if (!idle_count && (closed_count || opened < count)) {
                int number = closed_count ? closed[--closed_count] : opened++;
                open_connection(poller, &connections[number], number, port);
                idle[idle_count++] = number;
            }
            if (!idle_count) {
                is_full = 1;
                break;
            }
            struct connection *connection = &connections[idle[--idle_count]];
            connection->due = start + (long)(sent++ * interval);
            connection->used = 0;
            if (send(connection->descriptor, request, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
        }
        long wait = sent < total && !is_full ? start + (long)(sent * interval) - now() : 10000000;
        struct timespec pause = {.tv_sec = 0, .tv_nsec = wait > 0 ? wait : 0};
        int ready = epoll_pwait2(poller, events, 256, &pause, NULL);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = &connections[events[i].data.u32];
            ssize_t received = recv(connection->descriptor, connection->buffer + connection->used,
                                    sizeof connection->buffer - 1 - connection->used, 0);
            if (received < 0 && errno == EAGAIN) continue;
            if (received <= 0) {
                // Closed for being idle, which is the server's right; anything else ends the measurement.
                int place = 0;
                while (place < idle_count && idle[place] != (int)events[i].data.u32) place++;
                close(connection->descriptor);
                if (place < idle_count) {
                    idle[place] = idle[--idle_count];
                    closed[closed_count++] = events[i].data.u32;
                    continue;
                }
                // The request may have crossed the end of a connection that was idle for long: once more.
                if (connection->used || connection->due - connection->answered < 5000000000) fail("recv");
                open_connection(poller, connection, events[i].data.u32, port);
                connection->answered = connection->due;
                if (send(connection->descriptor, request, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
                continue;
            }
            connection->used += received;
            int status = status_of(connection);
            if (!status) continue;
            long index = (long)((connection->due - start + interval / 2) / interval) / per_window;
            struct window *window = &all[index < windows ? index : windows - 1];
            if (status == 200) window->latencies[window->count++] = now() - connection->due;
            else if (failures++ == 0) fprintf(stderr, "the first failure: %.300s\n", connection->buffer);
            window->failures += status != 200;
            window->open--;
            connection->answered = now();
            idle[idle_count++] = events[i].data.u32;
        }
        while (next_report < windows && all[next_report].open == 0) {
            report(next_report, &all[next_report]);
            next_report++;
        }
    }
    return 0;
}
