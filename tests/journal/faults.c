/* Preloaded into a process, counts what it asks of the system for files under a path, and lets the Nth go wrong.
   `fault_arm` begins a count; `fault_count` tells it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { NONE, EIO_ONCE, EIO_FROM_THEN_ON, NO_SPACE, HALF, KILL_BEFORE, KILL_AFTER };

static char prefix[4096];
static int mode, at, count;
static unsigned char watched[65536];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define IS_WATCHED(fd) ((fd) >= 0 && (fd) < 65536 && watched[fd])

void fault_arm(const char *path, int how, int number) {
    strncpy(prefix, path, sizeof prefix - 1);
    mode = how;
    at = number;
    count = 0;
}

int fault_count(void) { return count; }

/* Whether this one goes wrong. */
static int hit(void) {
    count++;
    if (mode == EIO_FROM_THEN_ON) return count >= at;
    if (count != at) return 0;
    if (mode == KILL_BEFORE) kill(getpid(), SIGKILL);
    return mode != NONE;
}

static long failed(void) {
    errno = mode == NO_SPACE ? ENOSPC : EIO;
    return -1;
}

static void done(void) {
    if (mode == KILL_AFTER && count == at) kill(getpid(), SIGKILL);
}

static int opened(int fd, int is_ours) {
    if (fd >= 0 && fd < 65536) watched[fd] = is_ours;
    return fd;
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        mode_t bits = va_arg(rest, mode_t);                               \
        va_end(rest);                                                     \
        int ours = *prefix && !strncmp(path, prefix, strlen(prefix));     \
        if (ours && hit() && mode != KILL_AFTER) return (int)failed();    \
        int fd = opened(REAL(name)(path, flags, bits), ours);             \
        if (ours) done();                                                 \
        return fd;                                                        \
    }
OPEN(open)
OPEN(open64)

#define WRITE(name, declared, passed)                                             \
    ssize_t name declared {                                                       \
        if (!IS_WATCHED(fd)) return REAL(name) passed;                            \
        if (hit() && mode != KILL_AFTER) {                                        \
            if (mode != HALF || size < 2) return failed();                        \
            size /= 2;                                                            \
        }                                                                         \
        ssize_t written = REAL(name) passed;                                      \
        done();                                                                   \
        return written;                                                           \
    }
WRITE(write, (int fd, const void *data, size_t size), (fd, data, size))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t offset), (fd, data, size, offset))
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t offset), (fd, data, size, offset))

#define ON_FILE(name, declared, passed)                                           \
    int name declared {                                                           \
        if (!IS_WATCHED(fd)) return REAL(name) passed;                            \
        if (hit() && mode != KILL_AFTER) return (int)failed();                    \
        int result = REAL(name) passed;                                           \
        done();                                                                   \
        return result;                                                            \
    }
ON_FILE(fsync, (int fd), (fd))
ON_FILE(fdatasync, (int fd), (fd))
ON_FILE(ftruncate, (int fd, off_t size), (fd, size))
ON_FILE(ftruncate64, (int fd, off64_t size), (fd, size))
