// SPDX-License-Identifier: Apache-2.0
// Loaded in front of a program's own calls (LD_PRELOAD): counts those that change the disk below one
// directory, and kills the program, or has a call fail, at one of them.
//
//   FAULT_ROOT    the directory
//   FAULT_LOG     a file that gets a line for each call
//   FAULT_AT      which call, from 1; FAULT_KIND: before or after (killed), or the number of an error
//   FAULT_WHILE   a file: while it is there, every call that would take room fails for want of it
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;
enum { GO, FAIL, DIE_AFTER };

static int is_below(const char *path) {
    const char *root = getenv("FAULT_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int is_open_below(int descriptor) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int enter(const char *name, int takes_room) {
    const char *full = getenv("FAULT_WHILE"), *log = getenv("FAULT_LOG"), *at = getenv("FAULT_AT");
    if (full && takes_room && access(full, F_OK) == 0) {
        errno = ENOSPC;
        return FAIL;
    }
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (log) {
        char line[64];
        int length = snprintf(line, sizeof line, "%s\n", name);
        long file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        syscall(SYS_write, file, line, length);
        syscall(SYS_close, file);
    }
    if (!at || atol(at) != number) return GO;
    const char *kind = getenv("FAULT_KIND");
    if (strcmp(kind, "before") == 0) kill(getpid(), SIGKILL);
    if (strcmp(kind, "after") == 0) return DIE_AFTER;
    errno = atoi(kind);
    return FAIL;
}

#define REAL(type, name, parameters) \
    static type(*real) parameters; \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);

#define WRAP(type, name, parameters, arguments, below, room) \
    type name parameters { \
        REAL(type, name, parameters) \
        int what = (below) ? enter(#name, room) : GO; \
        if (what == FAIL) return -1; \
        type result = real arguments; \
        if (what == DIE_AFTER) kill(getpid(), SIGKILL); \
        return result; \
    }

#define WRAP_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, (const char *, int, ...)) \
        va_list rest; \
        va_start(rest, flags); \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest); \
        int what = flags & O_CREAT && is_below(path) ? enter(#name, 1) : GO; \
        if (what == FAIL) return -1; \
        int result = real(path, flags, mode); \
        if (what == DIE_AFTER) kill(getpid(), SIGKILL); \
        return result; \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count), is_open_below(file),
     1)
WRAP(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset), (file, bytes, count, offset),
     is_open_below(file), 1)
WRAP(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t offset),
     (file, bytes, count, offset), is_open_below(file), 1)
WRAP(int, fsync, (int file), (file), is_open_below(file), 0)
WRAP(int, ftruncate, (int file, off_t size), (file, size), is_open_below(file), 0)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), is_below(path), 1)
WRAP(int, rename, (const char *from, const char *to), (from, to), is_below(to), 0)
WRAP(int, link, (const char *from, const char *to), (from, to), is_below(to), 1)
WRAP(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags),
     is_below(to), 1)
WRAP(int, unlink, (const char *path), (path), is_below(path), 0)
WRAP(int, rmdir, (const char *path), (path), is_below(path), 0)
