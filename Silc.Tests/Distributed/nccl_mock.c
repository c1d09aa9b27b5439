/* Stands for libnccl.so.2 where there is no GPU: its symbols and signatures on host memory, between processes through POSIX shared memory. Sums are
   added in the order of ranks, so that all have the same bits. MOCK_NCCL_WHO names a rank whose operation number MOCK_NCCL_HANG_AT hangs, or number
   MOCK_NCCL_FAIL_AT fails; MOCK_NCCL_GPU is the GPU that a rank says it has. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { Ok = 0, System = 2, Internal = 3, Argument = 4, Usage = 5, Remote = 6 };
enum { Bytes = 1, Floats = 7, Max = 2 };
enum { Ranks = 16, Piece = 1 << 20, NameAt = 4, Last = 127, Mark = 77 };

typedef struct { char bytes[128]; } Id;
struct Shared { atomic_int joined, dead; atomic_long arrived[Ranks], read[Ranks]; int gpu[Ranks]; };
struct Comm { int rank, size, error; long operation; atomic_int aborted; struct Shared *shared; char *data; char name[128]; };

int mockTakesHostMemory = 1;
static char last[200];

static int fail(int code, const char *why) { snprintf(last, sizeof last, "%s", why); return code; }
static long number(const char *name, long otherwise) { const char *text = getenv(name); return text ? atol(text) : otherwise; }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }

int ncclGetVersion(int *version) { *version = 22705; return Ok; }
const char *ncclGetLastError(void *comm) { (void)comm; return last; }
const char *ncclGetErrorString(int code)
{
    static const char *names[] = {"no error", "unhandled cuda error", "unhandled system error", "internal error", "invalid argument", "invalid usage",
        "remote process exited or there was a network error", "in progress"};
    return code >= 0 && code < 8 ? names[code] : "unknown";
}

/* The last byte tells whether all 128 arrive. */
int ncclGetUniqueId(Id *id)
{
    const char *meet = getenv("NCCL_COMM_ID");
    memset(id, 0, sizeof *id);
    memcpy(id->bytes, "MOCK", NameAt);
    if (meet) snprintf(id->bytes + NameAt, 100, "/nccl_%s", meet);
    else snprintf(id->bytes + NameAt, 100, "/nccl_%d_%ld", getpid(), (long)(now() * 1e6));
    for (char *p = id->bytes + NameAt + 1; *p; p++) if (*p == '/' || *p == ':') *p = '_';
    id->bytes[Last] = Mark;
    return Ok;
}

int ncclCommInitRank(void **out, int size, Id id, int rank)
{
    *out = 0;
    if (memcmp(id.bytes, "MOCK", NameAt) || id.bytes[Last] != Mark) return fail(Argument, "the id did not arrive whole");
    if (size < 1 || size > Ranks || rank < 0 || rank >= size) return fail(Argument, "rank or size out of range");
    size_t length = sizeof(struct Shared) + (size_t)size * Piece;
    int file = shm_open(id.bytes + NameAt, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, length)) return fail(System, "no shared memory");
    char *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    struct Comm *comm = calloc(1, sizeof *comm);
    comm->rank = rank;
    comm->size = size;
    comm->shared = (struct Shared *)memory;
    comm->data = memory + sizeof(struct Shared);
    snprintf(comm->name, sizeof comm->name, "%s", id.bytes + NameAt);
    comm->shared->gpu[rank] = (int)number("MOCK_NCCL_GPU", 1000 + rank);
    atomic_fetch_add(&comm->shared->joined, 1);
    for (double limit = now() + 60; atomic_load(&comm->shared->joined) < size; sched_yield())
        if (now() > limit) return fail(System, "not all ranks have come");
    shm_unlink(comm->name);
    for (int other = 0; other < size; other++)
        if (other != rank && comm->shared->gpu[other] == comm->shared->gpu[rank]) return fail(Usage, "Duplicate GPU detected");
    *out = comm;
    return Ok;
}

static int meet(struct Comm *comm, atomic_long *counter)
{
    long wanted = atomic_fetch_add(&counter[comm->rank], 1) + 1;
    for (int other = 0; other < comm->size; other++)
        while (atomic_load(&counter[other]) < wanted)
        {
            if (atomic_load(&comm->aborted)) return fail(Internal, "aborted");
            if (atomic_load(&comm->shared->dead)) return comm->error = Remote;
            sched_yield();
        }
    return Ok;
}

static int enter(struct Comm *comm)
{
    comm->operation++;
    if (number("MOCK_NCCL_WHO", -1) != comm->rank) return comm->error;
    if (number("MOCK_NCCL_HANG_AT", 0) == comm->operation)
    {
        while (!atomic_load(&comm->aborted)) usleep(1000);
        return fail(Internal, "aborted");
    }
    if (number("MOCK_NCCL_FAIL_AT", 0) == comm->operation)
    {
        comm->error = Remote;
        return fail(Remote, "network error");
    }
    return comm->error;
}

static int reduce(struct Comm *comm, const float *from, float *to, size_t count, int operation, size_t first, size_t take)
{
    const size_t most = Piece / sizeof(float);
    int code = enter(comm);
    for (size_t at = 0; !code && at < count; at += most)
    {
        size_t n = count - at < most ? count - at : most;
        memcpy(comm->data + (size_t)comm->rank * Piece, from + at, n * sizeof(float));
        if ((code = meet(comm, comm->shared->arrived))) break;
        for (size_t i = 0; i < n; i++)
        {
            if (at + i < first || at + i >= first + take) continue;
            float value = ((float *)comm->data)[i];
            for (int rank = 1; rank < comm->size; rank++)
            {
                float other = ((float *)(comm->data + (size_t)rank * Piece))[i];
                value = operation == Max ? (other > value ? other : value) : value + other;
            }
            to[at + i - first] = value;
        }
        code = meet(comm, comm->shared->read);
    }
    return code;
}

/* Bytes of the ranks from first on, one after another. */
static int copy(struct Comm *comm, const char *from, char *to, size_t bytes, int first, int ranks)
{
    int code = enter(comm);
    for (size_t at = 0; !code && at < bytes; at += Piece)
    {
        size_t n = bytes - at < Piece ? bytes - at : Piece;
        if (comm->rank >= first && comm->rank < first + ranks) memcpy(comm->data + (size_t)comm->rank * Piece, from + at, n);
        if ((code = meet(comm, comm->shared->arrived))) break;
        for (int i = 0; i < ranks; i++) memcpy(to + i * bytes + at, comm->data + (size_t)(first + i) * Piece, n);
        code = meet(comm, comm->shared->read);
    }
    return code;
}

int ncclAllReduce(const void *a, void *b, size_t n, int type, int operation, struct Comm *comm, void *stream)
{
    (void)stream;
    return type == Floats ? reduce(comm, a, b, n, operation, 0, n) : fail(Argument, "float32 alone");
}

int ncclReduceScatter(const void *a, void *b, size_t each, int type, int operation, struct Comm *comm, void *stream)
{
    (void)stream;
    return type == Floats ? reduce(comm, a, b, each * comm->size, operation, each * comm->rank, each) : fail(Argument, "float32 alone");
}

int ncclAllGather(const void *a, void *b, size_t each, int type, struct Comm *comm, void *stream)
{
    (void)stream;
    return copy(comm, a, b, type == Bytes ? each : each * sizeof(float), 0, comm->size);
}

int ncclBroadcast(const void *a, void *b, size_t n, int type, int root, struct Comm *comm, void *stream)
{
    (void)stream;
    return copy(comm, a, b, type == Bytes ? n : n * sizeof(float), root, 1);
}

int ncclCommGetAsyncError(struct Comm *comm, int *code) { *code = atomic_load(&comm->shared->dead) ? Remote : comm->error; return Ok; }
int ncclCommAbort(struct Comm *comm) { atomic_store(&comm->aborted, 1); atomic_store(&comm->shared->dead, 1); return Ok; }
int ncclCommDestroy(struct Comm *comm) { (void)comm; return Ok; }
