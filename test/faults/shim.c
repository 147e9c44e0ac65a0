/*
 * Preloaded into a process under test: sees every write, truncation, removal and sync of files in
 * SHIM_DIR, writes them to SHIM_LOG for replay, and makes the n-th of a kind fail.
 *
 * SHIM_FAIL=<write|sync>:<n>:<errno>[:sticky]   n counts from 1; sticky: every later one fails too.
 * Log record: u8 kind ('W','T','S','U'), u8 length of the file's name, u32 length of data, u64
 * offset, then the name (within SHIM_DIR) and the data; all little-endian.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define FDS 4096
static char *names[FDS];
static const char *directory;
static size_t directory_length;
static int log_fd = -1;
static char fail_kind;
static long fail_at = -1, writes, syncs;
static int fail_errno, fail_sticky;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_open)(const char *, int, ...);
static int (*real_open64)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_open = dlsym(RTLD_NEXT, "open");
  real_open64 = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
  real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  directory = getenv("SHIM_DIR");
  directory_length = directory ? strlen(directory) : 0;
  const char *log = getenv("SHIM_LOG");
  if (log) log_fd = real_open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const char *fail = getenv("SHIM_FAIL");
  if (fail) {
    char kind[16], sticky[16] = "";
    sscanf(fail, "%15[a-z]:%ld:%d:%15s", kind, &fail_at, &fail_errno, sticky);
    fail_kind = kind[0];
    fail_sticky = sticky[0] != 0;
  }
}

/* Shared memory beside the database is rebuilt by whoever opens it: no part of what must last. */
static int counts(const char *name) {
  size_t length = strlen(name);
  return length < 4 || strcmp(name + length - 4, "-shm") != 0;
}

static const char *inside(const char *path) {
  if (!directory || strncmp(path, directory, directory_length) != 0) return NULL;
  if (path[directory_length] != '/') return NULL;
  const char *name = path + directory_length + 1;
  return counts(name) ? name : NULL;
}

static const char *name_of(int fd) { return fd >= 0 && fd < FDS ? names[fd] : NULL; }

static void record(char kind, const char *name, uint64_t offset, const void *data, uint32_t size) {
  if (log_fd < 0) return;
  unsigned char head[14];
  head[0] = (unsigned char)kind;
  head[1] = (unsigned char)strlen(name);
  memcpy(head + 2, &size, 4);
  memcpy(head + 6, &offset, 8);
  pthread_mutex_lock(&lock);
  if (real_write(log_fd, head, 14) < 0 || real_write(log_fd, name, head[1]) < 0) abort();
  if (size > 0 && real_write(log_fd, data, size) < 0) abort();
  pthread_mutex_unlock(&lock);
}

/* True when this call of a kind is to fail; sets errno. Marks of the test never fail. */
static int fails(char kind, const char *name) {
  if (strcmp(name, "marks") == 0) return 0;
  long now = kind == 'w' ? ++writes : ++syncs;
  if (kind != fail_kind || fail_at < 0) return 0;
  if (now != fail_at && !(fail_sticky && now > fail_at)) return 0;
  errno = fail_errno;
  return 1;
}

static void opened(int fd, const char *path) {
  if (fd < 0 || fd >= FDS) return;
  const char *name = inside(path);
  free(names[fd]);
  names[fd] = name ? strdup(name) : NULL;
}

#define OPEN(symbol)                                                  \
  int symbol(const char *path, int flags, ...) {                      \
    mode_t mode = 0;                                                  \
    if (flags & (O_CREAT | O_TMPFILE)) {                              \
      va_list rest;                                                   \
      va_start(rest, flags);                                          \
      mode = va_arg(rest, mode_t);                                    \
      va_end(rest);                                                   \
    }                                                                 \
    int fd = real_##symbol(path, flags, mode);                        \
    opened(fd, path);                                                 \
    if (fd >= 0 && fd < FDS && names[fd] && (flags & O_TRUNC))        \
      record('T', names[fd], 0, NULL, 0);                             \
    return fd;                                                        \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < FDS && names[fd]) {
    free(names[fd]);
    names[fd] = NULL;
  }
  return real_close(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
  const char *name = name_of(fd);
  if (!name) return real_write(fd, data, size);
  if (fails('w', name)) return -1;
  off64_t offset = lseek64(fd, 0, SEEK_CUR);
  ssize_t done = real_write(fd, data, size);
  if (done > 0) record('W', name, (uint64_t)offset, data, (uint32_t)done);
  return done;
}

#define PWRITE(symbol, offset_type)                                           \
  ssize_t symbol(int fd, const void *data, size_t size, offset_type offset) { \
    const char *name = name_of(fd);                                           \
    if (name && fails('w', name)) return -1;                                  \
    ssize_t done = real_##symbol(fd, data, size, offset);                     \
    if (name && done > 0) record('W', name, (uint64_t)offset, data, (uint32_t)done); \
    return done;                                                              \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SYNC(symbol)                                    \
  int symbol(int fd) {                                  \
    const char *name = name_of(fd);                     \
    if (name && fails('s', name)) return -1;            \
    int result = real_##symbol(fd);                     \
    if (name && result == 0) record('S', name, 0, NULL, 0); \
    return result;                                      \
  }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(symbol, size_type)                                     \
  int symbol(int fd, size_type size) {                                  \
    const char *name = name_of(fd);                                     \
    int result = real_##symbol(fd, size);                               \
    if (name && result == 0) record('T', name, (uint64_t)size, NULL, 0); \
    return result;                                                      \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path) {
  const char *name = inside(path);
  int result = real_unlink(path);
  if (name && result == 0) record('U', name, 0, NULL, 0);
  return result;
}
