using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Silc;

/// <summary>What kind of accelerator a <see cref="Device"/> is.</summary>
public enum DeviceKind
{
    /// <summary>An NVIDIA GPU; needs its driver and nothing else.</summary>
    Cuda,

    /// <summary>An OpenCL device: a GPU, or a CPU through PoCL.</summary>
    OpenCL,

    /// <summary>This process's own threads, with SIMD.</summary>
    Cpu,
}

/// <summary>
/// An accelerator, its in-order queue of kernels and its memory. Launches return at once on GPUs; <see cref="Synchronize"/> and
/// reading memory back wait. Threads: safe from any number of threads, one at a time under the device's lock, which models and
/// trainers on it take too; inside the assembly, calls of <c>Ops</c> must come from one thread while no other uses the device.
/// </summary>
/// <example>
/// <code>
/// foreach (var info in Device.List()) Console.WriteLine(info);
/// using var device = Device.Open("cuda:0", Precision.Bf16);                // or Device.Best(), Device.Cpu(threads: 2)
/// </code>
/// </example>
public sealed partial class Device : IDisposable
{
    readonly Context context;
    readonly Dictionary<Type, Delegate> launchers = [];
    readonly ClKernels? kernels;
    readonly CudaKernels? cuda;
    readonly Dictionary<MemoryBuffer, string> allocations = [];
    AcceleratorStream? copies;
    DeviceEvent? copied;
    KernelProfile? kernelProfile;

    Device(Context context, Accelerator accelerator, DeviceInfo info, Precision precision)
    {
        Precision = precision;
        CudaGraphs = Environment.GetEnvironmentVariable("SILC_CUDA_GRAPH") switch { "1" => true, "0" => false, _ => precision == Precision.Bf16 };
        this.context = context;
        Accelerator = accelerator;
        Info = info;
        BlockThreads = info switch
        {
            { Kind: DeviceKind.Cpu } => 1,
            { Kind: DeviceKind.OpenCL, IsProcessor: true } => 1,
            _ => Silc.BlockReduce.MaxThreads,
        };
        MaxBlocks = info.IsProcessor ? accelerator.NumMultiprocessors : accelerator.NumMultiprocessors * 16;
        Queue = info.Kind == DeviceKind.Cpu ? new(accelerator) : null;
        cuda = accelerator is CudaAccelerator gpu ? new(gpu) : null;
        Stream = cuda?.Stream ?? accelerator.DefaultStream;
        kernels = info is { Kind: DeviceKind.OpenCL, IsProcessor: true } ? new((CLAccelerator)accelerator) : null;
        PinsUploads = RunsAhead;
        Ops = Ops.For(this);
    }

    /// <summary>Name, kind, memory and capabilities.</summary>
    public DeviceInfo Info { get; }

    /// <summary>CUDA, OpenCL or CPU.</summary>
    public DeviceKind Kind => Info.Kind;

    /// <summary>How matrix products and attention multiply here.</summary>
    public Precision Precision { get; }

    /// <summary>
    /// Trainers that are made from now on record the launches of a step and send them as one CUDA graph; without effect on other devices. True
    /// in bf16, where 950 steps had the bits of launches one by one on an H200, unless SILC_CUDA_GRAPH, 0 or 1, says otherwise.
    /// </summary>
    public bool CudaGraphs { get; set; }

    /// <summary>The operations, in their best form for this device.</summary>
    internal Ops Ops { get; set; }

    /// <summary>Bytes allocated on this device through this object.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>The most that <see cref="AllocatedBytes"/> has been.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>
    /// Buffers allocated so far, those included that were freed: training allocates none while it steps and reports, but for
    /// <see cref="PixelBytes"/>.
    /// </summary>
    internal long Allocations { get; private set; }

    /// <summary>Threads of the CPU accelerator, or compute units.</summary>
    public int Workers => Accelerator.NumMultiprocessors;

    internal Accelerator Accelerator { get; }

    /// <summary>Where launches and copies go, in order.</summary>
    internal AcceleratorStream Stream { get; }

    /// <summary>The in-order queue of the CPU's kernels; null on other devices, whose drivers have queues.</summary>
    internal CpuQueue? Queue { get; }

    /// <summary>Compiles and loads kernels where OpenCL's device is a processor; null elsewhere, where ILGPU does.</summary>
    internal ClKernels? ClKernels => kernels;

    /// <summary>Threads of a block of generic kernels: a kernel's loops stride by it. 1 on processors.</summary>
    internal int BlockThreads { get; set; }

    /// <summary>True if a step may be queued while the one before still runs; see <see cref="DeviceEvent"/>.</summary>
    internal bool RunsAhead => Kind == DeviceKind.Cuda;

    /// <summary>True if batches are uploaded through pinned (page-locked) memory; see <see cref="PinnedUpload"/>.</summary>
    internal bool PinsUploads { get; set; }

    /// <summary>Blocks that keep the device busy: the largest grid of elementwise kernels.</summary>
    internal int MaxBlocks { get; }

    /// <summary>Takes the launches in place of the accelerator: <see cref="DryRun"/> drops them, tests run CUDA's kernels without a GPU.</summary>
    internal ILauncher? Launcher { get; set; }

    /// <summary>Launches one block for each row or item, or fewer blocks that loop over their <see cref="BlockRange"/>.</summary>
    internal void ForRows<TKernel>(int rows, TKernel kernel) where TKernel : struct, IKernel
    {
        if (Queue is null || Launcher is not null) Launch(Info.IsProcessor ? Math.Min(rows, MaxBlocks) : rows, BlockThreads, kernel);
        else if (rows > 0) Queue.Add(kernel);
    }

    /// <summary>Launches enough blocks for <paramref name="count"/> elements; each loops over its <see cref="BlockRange"/>.</summary>
    internal void ForElements<TKernel>(int count, TKernel kernel) where TKernel : struct, IKernel
    {
        if (Queue is null || Launcher is not null) Launch(Math.Clamp((count + BlockThreads - 1) / BlockThreads, 1, MaxBlocks), BlockThreads, kernel);
        else Queue.Add(kernel);
    }

    /// <summary>Launches one block, which does all the work: the last stage of a reduction.</summary>
    internal void Single<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        if (Queue is null || Launcher is not null) Launch(1, BlockThreads, kernel);
        else Queue.AddSingle(kernel);
    }

    /// <summary>Queues items of work on the CPU. Launchers take kernels alone and ignore items.</summary>
    internal void ForItems<TWork>(int items, TWork work) where TWork : struct, ICpuWork
    {
        if (Launcher is null) Queue!.Add(items, work);
    }

    /// <summary>To be called before a model is made: where kernels take long to compile, those that it needs are begun.</summary>
    internal void Prepare(bool training)
    {
        using var exclusive = Exclusive();
        Ops.Prepare(training);
    }

    /// <summary>
    /// Launches exactly <paramref name="blocks"/> blocks of <paramref name="threads"/> threads, on CUDA or OpenCL; CUDA's own kernels can
    /// have dynamic shared memory.
    /// </summary>
    internal void Launch<TKernel>(int blocks, int threads, TKernel kernel, int dynamicBytes = 0) where TKernel : struct, IKernel
    {
        if (blocks == 0) return;
        if (Launcher is not null)
        {
            Launcher.Launch(blocks, threads, kernel, dynamicBytes);
            return;
        }
        if (cuda is not null)
        {
            kernelProfile?.Begin(cuda.Stream.StreamPtr);
            cuda.Launch(blocks, threads, dynamicBytes, kernel);
            kernelProfile?.End(typeof(TKernel), cuda.Stream.StreamPtr);
            return;
        }
        if (!launchers.TryGetValue(typeof(TKernel), out var launcher))
            launchers[typeof(TKernel)] = launcher = kernels?.Load<TKernel>() ?? Accelerator.LoadStreamKernel<TKernel>(Entry.Run);
        var launch = (Action<KernelConfig, TKernel>)launcher;
        launch(new KernelConfig(blocks, threads), kernel);
    }

    /// <summary>From now on every operation is timed; models and trainers must be made after this.</summary>
    internal OpProfile StartProfile()
    {
        using var exclusive = Exclusive();
        var profile = new OpProfile(this);
        Ops = Ops.Timed(profile);
        return profile;
    }

    /// <summary>From now on every launch is timed, on CUDA; without waiting for any.</summary>
    /// <exception cref="InvalidOperationException">The device is not CUDA.</exception>
    internal KernelProfile StartKernelProfile() => kernelProfile ??= new(this);

    /// <summary>True while launches or operations are timed one by one.</summary>
    internal bool IsObserved => kernelProfile is not null || Ops.IsTimed;

    /// <summary>Registers and local memory of a thread of a kernel, on CUDA.</summary>
    internal (int Registers, int LocalBytes) KernelSize(Type kernel) => cuda!.SizeOf(kernel);

    internal MemoryBuffer1D<float, Stride1D.Dense> Allocate(long floats, string what) => Allocate<float>(floats, what);

    internal MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(long count, string what) where T : unmanaged
    {
        using var exclusive = Exclusive();
        var bytes = count * Marshal.SizeOf<T>();
        try
        {
            var buffer = Accelerator.Allocate1D<T>(count);
            AllocatedBytes += bytes;
            PeakBytes = Math.Max(PeakBytes, AllocatedBytes);
            Allocations++;
            allocations[buffer] = what;
            if (Kind == DeviceKind.Cpu) HugePages.Advise(buffer.NativePtr, bytes);
            return buffer;
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            throw new InvalidOperationException(
                $"{Info.Name} has no room for {bytes >> 20:N0} MiB of {what}; {InUse()}. Use a smaller batch or model, "
                + "or trade time for memory with --recompute (activation checkpointing) or --accumulate "
                + "(TrainConfig.Recompute, TrainConfig.Accumulate)", e);
        }
    }

    // The largest of what lies on the device, for the message that there is no more room.
    string InUse()
    {
        const int Named = 4;
        if (allocations.Count == 0) return "nothing else of this program is there";
        var kinds = allocations.GroupBy(one => one.Value, one => one.Key.LengthInBytes).Select(kind => (What: kind.Key, MiB: kind.Sum() >> 20));
        return "it holds " + string.Join(", ", kinds.OrderByDescending(kind => kind.MiB).Take(Named)
            .Select(kind => $"{kind.MiB:N0} MiB of {kind.What}"));
    }

    internal void Free<T>(MemoryBuffer1D<T, Stride1D.Dense>? buffer) where T : unmanaged
    {
        if (buffer is null) return;
        using var exclusive = ExclusiveForRelease();
        if (disposed || buffer.IsDisposed) return;
        Queue?.Drain();     // kernels that use it may still be queued; drivers see to that themselves
        AllocatedBytes -= buffer.LengthInBytes;
        allocations.Remove(buffer);
        buffer.Dispose();
    }

    // Fill kernels rather than the driver's: PoCL's refuses windows of a buffer.
    internal void Zero(ArrayView<float> view) => Fill(view, 0);

    // NaN, also as two bfloat16.
    static readonly float NoNumber = BitConverter.UInt32BitsToSingle(uint.MaxValue);

    internal void Poison(ArrayView<float> view) => Fill(view, NoNumber);

    // In chunks that kernels can index.
    void Fill(ArrayView<float> view, float value)
    {
        const int Most = 1 << 30;
        for (long start = 0; start < view.Length; start += Most)
        {
            int count = (int)Math.Min(Most, view.Length - start);
            Ops.Fill(new(view.SubView(start, count), 1, count), value);
        }
    }

    internal unsafe void Upload<T>(ReadOnlySpan<T> from, ArrayView<T> to) where T : unmanaged
    {
        if (!to.IsValid || from.Length == 0) return;
        Ops.Weights?.Written(to);
        Queue?.Drain();     // CPU copies do not queue: kernels before them must be done
        fixed (T* source = from)
        {
            to.SubView(0, from.Length).CopyFromCPUUnsafeAsync(Stream, ref *source, from.Length);
            Wait();     // before the array may move again: the copy reads it later than this call
        }
    }

    /// <summary>
    /// Copies on a stream of its own, concurrently with queued kernels, and returns when
    /// done. The caller guarantees that no queued kernel uses <paramref name="to"/>.
    /// </summary>
    internal unsafe void UploadOnCopyStream<T>(ReadOnlySpan<T> from, ArrayView<T> to) where T : unmanaged
    {
        if (!to.IsValid || from.Length == 0) return;
        var stream = copies ??= Accelerator.CreateStream();
        fixed (T* source = from)
        {
            to.SubView(0, from.Length).CopyFromCPUUnsafeAsync(stream, ref *source, from.Length);
            stream.Synchronize();
        }
    }

    /// <summary>As <see cref="UploadOnCopyStream"/> from pinned memory, but returns at once; see <see cref="WaitForCopies"/>.</summary>
    internal void CopyAsync<T>(ref T from, ArrayView<T> to) where T : unmanaged =>
        to.CopyFromCPUUnsafeAsync(copies ??= Accelerator.CreateStream(), ref from, to.Length);

    /// <summary>Makes kernels that are launched from now on wait for the copies on the copy stream; the host does not wait.</summary>
    internal void WaitForCopies()
    {
        if (copies is null || !PinsUploads) return;
        if (!RunsAhead)
        {
            copies.Synchronize();
            return;
        }
        copied ??= new(this);
        copied.Record(copies);
        copied.MakeWait(Stream);
    }

    /// <summary>Allocates pinned (page-locked) host memory; null if there is not enough.</summary>
    internal PageLockedArray1D<T>? AllocatePinned<T>(long count) where T : unmanaged
    {
        try
        {
            return Accelerator.AllocatePageLocked1D<T>(count, false);
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            return null;
        }
    }

    internal T[] Download<T>(ArrayView<T> view) where T : unmanaged
    {
        var host = new T[view.Length];
        Download(view, host);
        return host;
    }

    internal unsafe void Download<T>(ArrayView<T> view, Span<T> host) where T : unmanaged
    {
        if (!view.IsValid || host.Length == 0) return;
        Queue?.Drain();
        fixed (T* target = host)
        {
            view.CopyToCPUUnsafeAsync(Stream, ref *target, host.Length);
            Wait();
        }
    }

    /// <summary>Waits until every launch has finished.</summary>
    public void Synchronize()
    {
        using var exclusive = Exclusive();
        Wait();
    }

    void Wait()
    {
        if (Queue is not null) Queue.Drain();
        else
            try
            {
                Stream.Synchronize();
            }
            catch (AcceleratorException e) when (Kind == DeviceKind.Cuda)
            {
                throw CudaDriver.Lost(e.Message);
            }
    }

    /// <inheritdoc/>
    public override string ToString() => Precision == Precision.Float32 ? $"{Info}" : $"{Info}, {Precision.ToString().ToLowerInvariant()} products";

    internal static class Entry
    {
        public static void Run<TKernel>(TKernel kernel) where TKernel : struct, IKernel => kernel.Execute();
    }
}
