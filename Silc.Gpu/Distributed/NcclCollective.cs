using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Silc;

/// <summary>
/// Ranks with a CUDA device each. Exchanges run on a stream of their own, after what was queued before them, and what is queued later waits for
/// them; the host does not. Votes go by MPI where a launcher has it, else through the device. Threads: one.
/// </summary>
sealed unsafe class NcclCollective : ICollective
{
    // Floats of a vote: its bits.
    const int Bits = 8;

    readonly Launch launch;
    readonly MpiCollective? host;
    readonly NcclLibrary nccl;
    readonly bool required;
    // Where votes go by MPI, its own counts.
    readonly ExchangeLog log = new();
    Device? device;
    nint communicator;
    AcceleratorStream? stream;
    DeviceEvent? ready, done;
    MemoryBuffer1D<float, Stride1D.Dense>? scratch;
    // Held while the watchdog looks, and while the communicator goes.
    readonly Lock looking = new();
    long begun;
    bool byHost, aborted;

    /// <param name="launch">Who started this process.</param>
    /// <param name="host">MPI; null where the launcher has none.</param>
    /// <param name="nccl">The library.</param>
    /// <param name="required">NCCL was asked for; else devices that are not CUDA exchange by MPI.</param>
    /// <param name="timeout">Of the watchdog.</param>
    public NcclCollective(Launch launch, MpiCollective? host, NcclLibrary nccl, bool required, TimeSpan timeout)
    {
        (this.launch, this.host, this.nccl, this.required) = (launch, host, nccl, required);
        var errors = Console.Error;     // the program may silence it for this rank
        Watch = new(timeout, why =>
        {
            errors.WriteLine($"[{Place}] {why}");
            Abort(Watchdog.Lost);
        }, () => Complaint(timeout));
    }

    public int Rank => host?.Rank ?? launch.Rank;

    public int Size => host?.Size ?? launch.Size;

    public int LocalRank => host?.LocalRank ?? launch.LocalRank ?? 0;

    public int LocalSize => host?.LocalSize ?? launch.LocalSize ?? Size;

    public Watchdog Watch { get; }

    public string Engine => byHost ? host!.Engine : $"NCCL {nccl.Version} ({nccl.File})";

    public string Place => $"rank {Rank} of {Size}, host {Environment.MachineName}";

    public bool Overlaps => !byHost;

    /// <summary>Without MPI nothing is exchanged before a device is open.</summary>
    public bool NeedsDevice => host is null && device is null;

    public Device Open(string name, Precision precision) => device ?? this.OpenLocal(name, precision, primaryContext: true);

    public void Bind(Device device)
    {
        if (this.device == device) return;
        this.device = device;
        var can = device.Kind == DeviceKind.Cuda || required && nccl.TakesHostMemory;
        if (host is not null) can = host.Collect([(byte)(can ? 1 : 0)]).All(one => one == 1);
        if (!can && required)
            throw new ArgumentException($"NCCL works on CUDA devices alone, and {device.Info.Id} is none, here or on another rank: say "
                + "--collective mpi");
        if (!can)
        {
            byHost = true;
            host!.Bind(device);
            return;
        }
        using var exclusive = device.Exclusive();
        Join();
        device.Disposing += Leave;
    }

    void Join()
    {
        using var wait = Watch.Enter("NCCL's start");
        NcclId id = default;
        if (host is null || Rank == 0) id = nccl.NewId();
        if (host is not null)
            id = MemoryMarshal.Read<NcclId>(host.Share(
                Rank == 0 ? MemoryMarshal.AsBytes(new ReadOnlySpan<NcclId>(ref id)).ToArray() : null));
        communicator = nccl.Join(Size, id, Rank);
        if (device!.Kind != DeviceKind.Cuda) return;
        stream = device.Accelerator.CreateStream();
        (ready, done) = (new(device), new(device));
    }

    public void AllReduce(Tensor x, Reduction reduction)
    {
        if (byHost) host!.AllReduce(x, reduction);
        else Do("all-reduce", ExchangeKind.AllReduce, x.Count, () => nccl.AllReduce(communicator, At(x), x.Count, reduction, Handle), x);
    }

    public void AllGather(Tensor mine, Tensor all)
    {
        if (byHost) host!.AllGather(mine, all);
        else
            Do("all-gather", ExchangeKind.AllGather, mine.Count,
                () => nccl.AllGather(communicator, At(mine), At(all), sizeof(float) * (long)mine.Count, Handle), mine, all);
    }

    public void AllGather(Tensor all)
    {
        if (byHost)
        {
            host!.AllGather(all);
            return;
        }
        var each = sizeof(float) * (long)all.Count / Size;
        Do("all-gather", ExchangeKind.AllGather, all.Count / Size,
            () => nccl.AllGather(communicator, At(all) + (nint)(Rank * each), At(all), each, Handle), all);
        device!.Ops.Weights?.Written(all.View);
    }

    public void ReduceScatter(Tensor all, Tensor mine)
    {
        if (byHost) host!.ReduceScatter(all, mine);
        else
            Do("reduce-scatter", ExchangeKind.ReduceScatter, mine.Count,
                () => nccl.ReduceScatter(communicator, At(all), At(mine), mine.Count, Handle), all, mine);
    }

    public void Broadcast(Tensor x)
    {
        if (byHost)
        {
            host!.Broadcast(x);
            return;
        }
        Do("broadcast", ExchangeKind.Broadcast, x.Count, () => nccl.Broadcast(communicator, At(x), sizeof(float) * (long)x.Count, Handle), x);
        device!.Ops.Weights?.Written(x.View);
    }

    public void Begin(Tensor x)
    {
        if (byHost) host!.Begin(x);
        else if (Before("all-reduce", x))
            Issue("all-reduce", ExchangeKind.AllReduce, x.Count, () => nccl.AllReduce(communicator, At(x), x.Count, Reduction.Sum, Handle));
    }

    public void Finish()
    {
        if (!byHost && device is { IsMeasuring: false } on) done?.MakeWait(on.Stream);
    }

    void Do(string what, ExchangeKind kind, long count, Action call, params ReadOnlySpan<Tensor> tensors)
    {
        if (!Before(what, tensors)) return;
        Issue(what, kind, count, call);
        done?.MakeWait(device!.Stream);
    }

    bool Before(string what, params ReadOnlySpan<Tensor> tensors)
    {
        var on = device ?? throw new InvalidOperationException($"{what} before this rank has opened a device");
        foreach (var x in tensors)
            if (!x.IsDense || x.DType != DType.Float32) throw new ArgumentException($"a {x.Rows} x {x.Cols} tensor has gaps or is not float32");
        if (on.IsMeasuring) return false;
        if (stream is null) on.Synchronize();       // the stand-in works at once
        else
        {
            ready!.Record();
            ready.MakeWait(stream);
        }
        return true;
    }

    void Issue(string what, ExchangeKind kind, long count, Action call)
    {
        if (host is not null) host.Next(kind, count);
        else log.Add(kind, count);
        using (Watch.Enter(what)) call();
        if (stream is null) return;
        done!.Record(stream);
        Interlocked.CompareExchange(ref begun, Stopwatch.GetTimestamp(), 0);
    }

    public Votes Agree(Votes mine)
    {
        if (host is not null) return host.Agree(mine);
        var values = new float[Bits + ExchangeLog.Values];
        for (int bit = 0; bit < Bits; bit++) values[bit] = (int)mine >> bit & 1;
        log.Put(values.AsSpan(Bits));
        using var exclusive = device!.Exclusive();
        using var wait = Watch.Enter("vote");
        var x = Room(values.Length);
        device.Upload<float>(values, x.View);
        AllReduce(x, Reduction.Max);
        device.Download(x.View, values);
        if (!ExchangeLog.Agree(values.AsSpan(Bits))) throw ExchangeLog.Differ(ExchangeLog.Read(Collect(log.Write())));
        log.Begin();
        var all = 0;
        for (int bit = 0; bit < Bits; bit++) all |= values[bit] != 0 ? 1 << bit : 0;
        return (Votes)all;
    }

    public byte[] Share(byte[]? bytes)
    {
        if (host is not null) return host.Share(bytes);
        using var exclusive = device!.Exclusive();
        var length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes?.LongLength ?? 0);
        length = Exchanged(length, Broadcast);
        var count = (int)BinaryPrimitives.ReadInt64LittleEndian(length);
        return count == 0 ? [] : Exchanged(Rank == 0 ? bytes! : new byte[count], Broadcast);
    }

    public byte[] Collect(byte[] mine)
    {
        if (host is not null) return host.Collect(mine);
        using var exclusive = device!.Exclusive();
        // Every rank's part of zeros and its own bytes, added as numbers of one byte each.
        var parts = new float[mine.Length * Size];
        for (int i = 0; i < mine.Length; i++) parts[Rank * mine.Length + i] = mine[i];
        var x = Room(parts.Length);
        device.Upload<float>(parts, x.View);
        AllReduce(x, Reduction.Sum);
        return [.. device.Download(x.View).Select(value => (byte)value)];
    }

    byte[] Exchanged(byte[] bytes, Action<Tensor> exchange)
    {
        var words = new float[(bytes.Length + sizeof(float) - 1) / sizeof(float)];
        bytes.CopyTo(MemoryMarshal.AsBytes(words.AsSpan()));
        var x = Room(words.Length);
        device!.Upload<float>(words, x.View);
        exchange(x);
        device.Download(x.View, words);
        return MemoryMarshal.AsBytes(words.AsSpan())[..bytes.Length].ToArray();
    }

    Tensor Room(int floats)
    {
        if (scratch is null || scratch.Length < floats)
        {
            device!.Free(scratch);
            scratch = device.Allocate(floats, "votes");
        }
        return new(scratch.View.AsContiguous().SubView(0, floats), 1, floats);
    }

    // Looked at every second: what NCCL has met, and whether an exchange that was queued is done.
    string? Complaint(TimeSpan timeout)
    {
        if (!looking.TryEnter()) return null;
        try
        {
            return Found(timeout);
        }
        finally
        {
            looking.Exit();
        }
    }

    string? Found(TimeSpan timeout)
    {
        if (communicator == 0 || aborted) return null;
        if (nccl.AsyncError(communicator) is { } error) return error;
        var since = Interlocked.Read(ref begun);
        if (since == 0) return null;
        if (done!.HasHappened)
        {
            Interlocked.CompareExchange(ref begun, 0, since);
            return null;
        }
        return Stopwatch.GetElapsedTime(since) < timeout * Watch.Patience ? null
            : $"an exchange on the GPU has not ended in {Stopwatch.GetElapsedTime(since).TotalSeconds:F0} s";
    }

    nint Handle => stream is CudaStream cuda ? cuda.StreamPtr : 0;

    static nint At(Tensor x) => (nint)x.View.LoadEffectiveAddressAsPtr();

    public void Abort(int code)
    {
        // Seconds that an abort may take before the process ends all the same.
        const int Patience = 5;
        aborted = true;
        var ending = new Thread(() => nccl.Abort(communicator)) { IsBackground = true };
        if (communicator != 0) ending.Start();
        if (communicator != 0) ending.Join(TimeSpan.FromSeconds(Patience));
        host?.Abort(code);
        NativeEnvironment.Exit(code);
    }

    // Before the device goes, whose context the communicator works in.
    void Leave()
    {
        lock (looking)
        {
            if (communicator != 0 && !Watch.IsBroken && !aborted) nccl.Destroy(communicator);
            (communicator, begun) = (0, 0);
            ready?.Dispose();
            done?.Dispose();
            stream?.Dispose();
            // Another device may come; memory on this one goes with it.
            (ready, done, stream, scratch, device) = (null, null, null, null, null);
        }
    }

    public void Dispose()
    {
        Watch.Dispose();
        Leave();
        host?.Dispose();
    }
}
