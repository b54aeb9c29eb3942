// SPDX-License-Identifier: Apache-2.0
// Calls models at random beside those that are measured, one call at a time. A program of its own because
// each call of a Python client holds the processor of whoever measures for a good part of a millisecond.
//
//   random_calls PORT CALLS_PER_SECOND MODELS FEW BODY_FILE
//
// Calls /v2/models/model-NNNNN/infer, with numbers from 1 to FEW until it gets SIGUSR1, then with those below
// MODELS until it gets SIGUSR2, and so on. Ends with a message when an answer is not 200.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t calls_all;

static void choose(int number) { calls_all = number == SIGUSR1; }

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// Reads one answer to its end; returns its status.
static int read_answer(int connection) {
    static char buffer[65536];
    size_t used = 0;
    while (used < sizeof buffer - 1) {
        ssize_t received = recv(connection, buffer + used, sizeof buffer - 1 - used, 0);
        if (received <= 0) fail("recv");
        used += received;
        buffer[used] = 0;
        char *end = strstr(buffer, "\r\n\r\n"), *length = strcasestr(buffer, "\r\ncontent-length:");
        if (end && length && length < end && used - (end + 4 - buffer) >= (size_t)atol(length + 17))
            return atoi(buffer + 9);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 6) return 64;
    int models = atoi(argv[3]), few = atoi(argv[4]), one = 1;
    long interval = (long)(1e9 / atof(argv[2]));
    FILE *file = fopen(argv[5], "rb");
    if (!file) fail(argv[5]);
    static char body[32768], request[65536];
    int size = fread(body, 1, sizeof body, file);
    struct sigaction action = {.sa_handler = choose, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    srandom(5);
    while (1) {
        int model = 1 + random() % (calls_all ? models - 1 : few);
        int head = sprintf(request,
                           "POST /v2/models/model-%05d/infer HTTP/1.1\r\nHost: localhost\r\n"
                           "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                           model, size);
        memcpy(request + head, body, size);
        if (send(connection, request, head + size, MSG_NOSIGNAL) != head + size) fail("send");
        int status = read_answer(connection);
        if (status != 200) {
            fprintf(stderr, "model-%05d answered %d\n", model, status);
            return 1;
        }
        struct timespec pause = {.tv_nsec = interval};
        nanosleep(&pause, NULL);
    }
}
