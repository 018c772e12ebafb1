/* Makes one call on the files below a folder fail: the Nth that all processes together make. A program is started with

     LD_PRELOAD=nth.so NTH_CALL=write|rename|fsync NTH=3 NTH_ERRNO=5 NTH_FOLDER=/data NTH_COUNTER=/tmp/counter

   where NTH_COUNTER is a file of eight bytes, all zero. Nothing else is touched: pipes and other folders work on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long *counter;
static long nth;
static int number;
static const char *folder, *call;

__attribute__((constructor)) static void prepare(void) {
    const char *path = getenv("NTH_COUNTER");
    call = getenv("NTH_CALL"), folder = getenv("NTH_FOLDER");
    nth = atol(getenv("NTH")), number = atoi(getenv("NTH_ERRNO"));
    int file = open(path, O_RDWR | O_CLOEXEC);
    counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
}

static int below(const char *path) {
    char here[PATH_MAX], whole[2 * PATH_MAX];
    if (path[0] != '/' && getcwd(here, sizeof here)) {
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int holds(int file) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static int fails(const char *name, int concerned) {
    if (strcmp(name, call) || !concerned || atomic_fetch_add(counter, 1) + 1 != nth) return 0;
    errno = number;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t size) {
    return fails("write", holds(file)) ? -1 : REAL(write)(file, bytes, size);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
    return fails("write", holds(file)) ? -1 : REAL(pwrite)(file, bytes, size, at);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    return fails("write", holds(file)) ? -1 : REAL(pwrite64)(file, bytes, size, at);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    return fails("write", holds(file)) ? -1 : REAL(writev)(file, parts, count);
}
int fsync(int file) { return fails("fsync", holds(file)) ? -1 : REAL(fsync)(file); }
int rename(const char *from, const char *to) { return fails("rename", below(to)) ? -1 : REAL(rename)(from, to); }
int renameat(int one, const char *from, int other, const char *to) {
    return fails("rename", below(to)) ? -1 : REAL(renameat)(one, from, other, to);
}
