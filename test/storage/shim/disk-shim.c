/*
 * A disk that fails on command, for one process: preloaded, it stands between LevelDB, Node and the C library.
 *
 *   DISK_SHIM_BELOW   files below this directory are concerned, and no others
 *   DISK_SHIM_ORDERS  a file; while it is there, what it says goes wrong: "write EIO", "write ENOSPC",
 *                     "sync EIO", "sync ENOSPC"; with " once" behind it the file is removed as it is obeyed
 *   DISK_SHIM_LOSES   if set, what LevelDB writes stays in this process until it is synced, as it stays in the
 *                     memory of a machine: SIGKILL then loses exactly what a power cut would
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#undef fwrite_unlocked

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What was written to a stream and not synced. */
struct unsynced {
  FILE *stream;
  char *bytes;
  size_t size;
  struct unsynced *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct unsynced *all;

static int is_below(int fd) {
  const char *below = getenv("DISK_SHIM_BELOW");
  char name[64], path[PATH_MAX];
  if (below == NULL) return 0;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, below, strlen(below)) == 0;
}

/* The error that is ordered for this kind of call, or 0. */
static int ordered(const char *kind, int fd) {
  const char *orders = getenv("DISK_SHIM_ORDERS");
  char text[64] = "", what[16] = "", error[16] = "", times[16] = "";
  if (orders == NULL || !is_below(fd)) return 0;
  int file = open(orders, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  sscanf(text, "%15s %15s %15s", what, error, times);
  if (strcmp(what, kind) != 0) return 0;
  if (strcmp(times, "once") == 0) unlink(orders);
  return strcmp(error, "ENOSPC") == 0 ? ENOSPC : EIO;
}

static int loses(FILE *stream) {
  return getenv("DISK_SHIM_LOSES") != NULL && is_below(fileno(stream));
}

static void keep(FILE *stream, const void *bytes, size_t size) {
  struct unsynced *one = all;
  while (one != NULL && one->stream != stream) one = one->next;
  if (one == NULL) {
    one = calloc(1, sizeof *one);
    one->stream = stream;
    one->next = all;
    all = one;
  }
  one->bytes = realloc(one->bytes, one->size + size);
  memcpy(one->bytes + one->size, bytes, size);
  one->size += size;
}

/* Takes out what a file has not synced; NULL if there is nothing. */
static struct unsynced *take(int fd) {
  for (struct unsynced **at = &all; *at != NULL; at = &(*at)->next) {
    struct unsynced *one = *at;
    if (fileno(one->stream) != fd) continue;
    *at = one->next;
    return one;
  }
  return NULL;
}

/* Writes what a file has not synced, unless there is an error; answers the error, or that of the write. */
static int flush(int fd, int error) {
  struct unsynced *one = take(fd);
  if (one == NULL) return 0;
  size_t done = 0;
  /* A sync that fails has lost what it was to write: a later one does not bring it back. */
  while (error == 0 && done < one->size) {
    ssize_t count = REAL(write)(fd, one->bytes + done, one->size - done);
    if (count < 0) error = errno;
    else done += (size_t)count;
  }
  free(one->bytes);
  free(one);
  return error;
}

static int synced(int fd, const char *name) {
  int error = ordered("sync", fd);
  pthread_mutex_lock(&mutex);
  int lost = flush(fd, error);
  pthread_mutex_unlock(&mutex);
  if (error == 0) error = lost;
  if (error == 0) return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
  errno = error;
  return -1;
}

int fdatasync(int fd) { return synced(fd, "fdatasync"); }

int fsync(int fd) { return synced(fd, "fsync"); }

size_t fwrite_unlocked(const void *bytes, size_t size, size_t count, FILE *stream) {
  int error = ordered("write", fileno(stream));
  /* A full or broken disk takes part of it. */
  size_t taken = error == 0 ? size * count : size * count / 2;
  if (loses(stream)) {
    pthread_mutex_lock(&mutex);
    keep(stream, bytes, taken);
    pthread_mutex_unlock(&mutex);
  } else {
    taken = REAL(fwrite_unlocked)(bytes, 1, taken, stream);
  }
  if (error != 0) {
    errno = error;
    return 0;
  }
  return size == 0 ? 0 : taken / size;
}

int fflush_unlocked(FILE *stream) {
  return stream != NULL && loses(stream) ? 0 : REAL(fflush_unlocked)(stream);
}

/* What is closed is read again by its name, so it has to be there; LevelDB's log stays open. */
int fclose(FILE *stream) {
  pthread_mutex_lock(&mutex);
  int error = flush(fileno(stream), 0);
  pthread_mutex_unlock(&mutex);
  int result = REAL(fclose)(stream);
  if (error == 0) return result;
  errno = error;
  return EOF;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  int error = ordered("write", fd);
  if (error == 0) return REAL(pwrite64)(fd, bytes, count, offset);
  errno = error;
  return -1;
}
