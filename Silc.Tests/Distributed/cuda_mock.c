/* Stands for libcuda.so.1 where there is no GPU: contexts, memory and streams on the host, kernels that do nothing. MOCK_CUDA_LOG names a file, to
   which it adds the context of every buffer and stream that is made; MOCK_CUDA_CAPABILITY=7.0 makes the GPU older; from launch
   MOCK_CUDA_FAIL_AT on a kernel has failed; texts with MOCK_CUDA_REFUSE in them, or for a newer GPU, do not assemble. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { Primary = 0x9999, Own = 0x1000 };
static __thread intptr_t current;
static int made, retained, launched;

static void note(const char *what, intptr_t context)
{
    const char *path = getenv("MOCK_CUDA_LOG");
    FILE *file = path ? fopen(path, "a") : 0;
    if (!file) return;
    fprintf(file, "%s %s\n", what, context == Primary ? "primary" : context ? "own" : "none");
    fclose(file);
}

/* 7 and 0 of MOCK_CUDA_CAPABILITY, or 9 and 0. */
static int capability(int minor)
{
    const char *text = getenv("MOCK_CUDA_CAPABILITY");
    return text ? text[minor ? 2 : 0] - '0' : minor ? 0 : 9;
}

/* CUDA_ERROR_ILLEGAL_ADDRESS, as every call answers after a kernel's. */
static int health(void)
{
    const char *at = getenv("MOCK_CUDA_FAIL_AT");
    return at && launched >= atoi(at) ? 700 : 0;
}

int cuInit(int flags) { (void)flags; return 0; }
int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGetName(char *name, int length, int device) { (void)device; snprintf(name, length, "no GPU"); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { (void)device; *bytes = 1L << 30; return 0; }
int cuDeviceComputeCapability(int *major, int *minor, int device) { (void)device; *major = capability(0); *minor = capability(1); return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    (void)device;
    switch (attribute)
    {
        case 10: *value = 32; break;
        case 75: *value = capability(0); break;
        case 76: *value = capability(1); break;
        case 1: case 2: case 3: case 4: *value = 1024; break;
        case 5: case 6: case 7: *value = 65535; break;
        case 16: *value = 4; break;
        case 39: *value = 2048; break;
        case 8: *value = 49152; break;
        case 81: *value = 233472; break;
        default: *value = 1;
    }
    return 0;
}
int cuCtxCreate_v2(intptr_t *context, int flags, int device) { (void)flags; (void)device; current = *context = Own + ++made; return 0; }
int cuCtxDestroy_v2(intptr_t context) { note("destroyed", context); return context == Primary ? 201 : 0; }
int cuCtxSetCurrent(intptr_t context) { current = context; return 0; }
int cuCtxGetCurrent(intptr_t *context) { *context = current; return 0; }
int cuCtxSynchronize(void) { return 0; }
int cuCtxGetCacheConfig(int *config) { *config = 0; return 0; }
int cuCtxSetCacheConfig(int config) { (void)config; return 0; }
int cuCtxGetSharedMemConfig(int *config) { *config = 0; return 0; }
int cuCtxSetSharedMemConfig(int config) { (void)config; return 0; }
int cuDevicePrimaryCtxRetain(intptr_t *context, int device) { (void)device; retained++; *context = Primary; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { (void)device; note(--retained ? "retained" : "released", Primary); return 0; }
int cuMemGetInfo_v2(size_t *free, size_t *total) { *free = *total = 1L << 30; return 0; }
/* Zeroed: no kernel writes what is read back. */
int cuMemAlloc_v2(void **p, size_t bytes)
{
    size_t whole = (bytes + 255) / 256 * 256;
    *p = memset(aligned_alloc(256, whole), 0, whole);
    note("memory", current);
    return 0;
}
int cuMemFree_v2(void *p) { free(p); return 0; }
int cuMemAllocHost_v2(void **p, size_t bytes) { *p = malloc(bytes); return 0; }
int cuMemHostAlloc(void **p, size_t bytes, int flags) { (void)flags; *p = malloc(bytes); return 0; }
int cuMemFreeHost(void *p) { free(p); return 0; }
int cuMemHostRegister_v2(void *p, size_t bytes, int flags) { (void)p; (void)bytes; (void)flags; note("page-locked", current); return 0; }
int cuMemHostUnregister(void *p) { (void)p; note("freed", current); return 0; }
int cuMemHostGetDevicePointer_v2(void **d, void *p, int flags) { (void)flags; *d = p; return 0; }
int cuMemcpyAsync(void *to, void *from, size_t bytes, intptr_t stream) { (void)stream; memcpy(to, from, bytes); return 0; }
int cuMemcpyDtoH_v2(void *to, void *from, size_t bytes) { memcpy(to, from, bytes); return 0; }
int cuMemcpyHtoD_v2(void *to, void *from, size_t bytes) { memcpy(to, from, bytes); return 0; }
int cuMemcpyDtoHAsync_v2(void *to, void *from, size_t bytes, intptr_t stream) { (void)stream; memcpy(to, from, bytes); return 0; }
int cuMemcpyHtoDAsync_v2(void *to, void *from, size_t bytes, intptr_t stream) { (void)stream; memcpy(to, from, bytes); return 0; }
int cuMemsetD8_v2(void *to, unsigned char value, size_t bytes) { memset(to, value, bytes); return 0; }
int cuMemsetD8Async(void *to, unsigned char value, size_t bytes, intptr_t stream) { (void)stream; memset(to, value, bytes); return 0; }
int cuStreamCreate(intptr_t *stream, int flags) { static int streams; (void)flags; *stream = ++streams; note("stream", current); return 0; }
int cuStreamCreateWithPriority(intptr_t *stream, int flags, int priority) { (void)priority; return cuStreamCreate(stream, flags); }
int cuStreamDestroy_v2(intptr_t stream) { (void)stream; return 0; }
int cuStreamSynchronize(intptr_t stream) { (void)stream; return health(); }
int cuStreamWaitEvent(intptr_t stream, intptr_t event, int flags) { (void)stream; (void)event; (void)flags; return 0; }
int cuEventCreate(intptr_t *event, int flags) { (void)flags; *event = 1; return 0; }
int cuEventRecord(intptr_t event, intptr_t stream) { (void)event; (void)stream; return 0; }
int cuEventQuery(intptr_t event) { (void)event; return 0; }
int cuEventSynchronize(intptr_t event) { (void)event; return 0; }
int cuEventElapsedTime(float *milliseconds, intptr_t start, intptr_t end) { (void)start; (void)end; *milliseconds = 1; return 0; }
int cuEventDestroy_v2(intptr_t event) { (void)event; return 0; }
int cuGetErrorString(int error, const char **text) { (void)error; *text = "an error of the mock"; return 0; }
int cuGetErrorName(int error, const char **text)
{
    *text = error == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : error == 218 ? "CUDA_ERROR_INVALID_PTX" : "MOCK_ERROR";
    return 0;
}
int cuPointerGetAttribute(void *value, int attribute, void *p) { (void)attribute; (void)p; *(int *)value = 2; return 0; }
/* CUDA_ERROR_INVALID_PTX and a log, where option 5 (CU_JIT_ERROR_LOG_BUFFER) gives memory and option 6 its size. Texts for sm_90a are for 9.0
   alone. */
int cuModuleLoadDataEx(intptr_t *module, const char *image, int n, int *options, void **values)
{
    const char *target = strstr(image, ".target sm_"), *wrong = getenv("MOCK_CUDA_REFUSE");
    int own = 10 * capability(0) + capability(1), wanted = 0, taken = 0;
    char *log = 0;
    size_t size = 0;
    if (target) sscanf(target, ".target sm_%d%n", &wanted, &taken);
    int fits = target && (target[taken] == 'a' ? wanted == own : wanted <= own);
    *module = 7;
    if (fits && !(wrong && strstr(image, wrong))) return 0;
    for (int i = 0; i < n; i++)
    {
        if (options[i] == 5) log = values[i];
        if (options[i] == 6) size = (size_t)values[i];
    }
    if (!log) return 218;
    if (!fits) snprintf(log, size, "ptxas fatal   : sm_%d is not for a GPU of sm_%d\n", wanted, own);
    else snprintf(log, size, "ptxas application ptx input, line 7; error   : no '%s' here\nptxas fatal   : Ptx assembly aborted\n", wrong);
    return 218;
}
int cuModuleLoadData(intptr_t *module, const char *image) { return cuModuleLoadDataEx(module, image, 0, 0, 0); }
int cuModuleUnload(intptr_t module) { (void)module; return 0; }
int cuModuleGetFunction(intptr_t *function, intptr_t module, const char *name) { (void)module; (void)name; *function = 8; return 0; }
int cuFuncSetAttribute(intptr_t function, int attribute, int value) { (void)function; (void)attribute; (void)value; return 0; }
int cuFuncGetAttribute(int *value, int attribute, intptr_t function) { (void)attribute; (void)function; *value = 16; return 0; }
int cuLaunchKernel() { ++launched; return health(); }
