using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>What ranks that want to meet have in common; 128 bytes that travel by value.</summary>
[InlineArray(Length)]
struct NcclId
{
    public const int Length = 128;

    byte first;
}

/// <summary>
/// libnccl, bound at run time, with the API's names and arguments (NVIDIA's NCCL 2.x; AMD's librccl has the same). Threads: calls on a communicator
/// come from one, but for <see cref="AsyncError"/> and <see cref="Abort"/>.
/// </summary>
sealed unsafe class NcclLibrary
{
    /// <summary>Names a library file.</summary>
    public const string Variable = "SILC_NCCL";

    const string FileName = "libnccl.so.2";
    const int Bytes = 1, Floats = 7, Sum = 0, Max = 2;

    readonly nint library;
    readonly delegate* unmanaged[Cdecl]<NcclId*, int> getUniqueId;
    readonly delegate* unmanaged[Cdecl]<nint*, int, NcclId, int, int> commInitRank;
    readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> allReduce, reduceScatter, broadcast;
    readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, nint, nint, int> allGather;
    readonly delegate* unmanaged[Cdecl]<nint, int*, int> commGetAsyncError;
    readonly delegate* unmanaged[Cdecl]<nint, int> commAbort, commDestroy;
    readonly delegate* unmanaged[Cdecl]<int, byte*> getErrorString;
    readonly delegate* unmanaged[Cdecl]<nint, byte*> getLastError;

    /// <exception cref="DllNotFoundException">There is none; the message lists where it was looked for.</exception>
    public NcclLibrary()
    {
        string[] candidates = [.. Candidates()];
        nint loaded = 0;
        File = candidates.FirstOrDefault(file => NativeLibrary.TryLoad(file, out loaded))
            ?? throw new DllNotFoundException($"NCCL was not found, tried {string.Join(", ", candidates)}: install libnccl2 or the wheel "
                + $"nvidia-nccl-cu12, or name the file in {Variable}");
        library = loaded;
        var version = (delegate* unmanaged[Cdecl]<int*, int>)Export("ncclGetVersion");
        getUniqueId = (delegate* unmanaged[Cdecl]<NcclId*, int>)Export("ncclGetUniqueId");
        commInitRank = (delegate* unmanaged[Cdecl]<nint*, int, NcclId, int, int>)Export("ncclCommInitRank");
        allReduce = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)Export("ncclAllReduce");
        reduceScatter = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)Export("ncclReduceScatter");
        broadcast = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)Export("ncclBroadcast");
        allGather = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, nint, nint, int>)Export("ncclAllGather");
        commGetAsyncError = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("ncclCommGetAsyncError");
        commAbort = (delegate* unmanaged[Cdecl]<nint, int>)Export("ncclCommAbort");
        commDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Export("ncclCommDestroy");
        getErrorString = (delegate* unmanaged[Cdecl]<int, byte*>)Export("ncclGetErrorString");
        // Older than 2.13 have none.
        getLastError = NativeLibrary.TryGetExport(library, "ncclGetLastError", out var last) ? (delegate* unmanaged[Cdecl]<nint, byte*>)last : null;
        int number;
        Check(version(&number), "ncclGetVersion", 0);
        Version = number;
    }

    /// <summary>The file that was loaded.</summary>
    public string File { get; }

    /// <summary>22705 is 2.27.5.</summary>
    public int Version { get; }

    /// <summary>A stand-in of tests, which works on the host's memory.</summary>
    public bool TakesHostMemory => NativeLibrary.TryGetExport(library, "mockTakesHostMemory", out _);

    /// <summary>Null where there is none.</summary>
    public static NcclLibrary? Find()
    {
        try
        {
            return new();
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } wish) return [wish];
        return [FileName, .. Prefixes().SelectMany(Wheels)];
    }

    static IEnumerable<string> Prefixes()
    {
        foreach (var variable in new[] { "VIRTUAL_ENV", "CONDA_PREFIX" })
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } prefix) yield return prefix;
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            if (System.IO.File.Exists(Path.Combine(folder, "python3")) && Path.GetDirectoryName(folder.TrimEnd('/')) is { Length: > 0 } above)
                yield return above;
    }

    // Where pip puts nvidia-nccl-cu12 and -cu13.
    static IEnumerable<string> Wheels(string prefix) =>
        from lib in new[] { "lib", "lib64" }
        let folder = Path.Combine(prefix, lib)
        where Directory.Exists(folder)
        from python in Directory.EnumerateDirectories(folder, "python3*")
        from packages in new[] { "site-packages", "dist-packages" }
        let file = Path.Combine(python, packages, "nvidia", "nccl", "lib", FileName)
        where System.IO.File.Exists(file)
        select file;

    public NcclId NewId()
    {
        NcclId id;
        Check(getUniqueId(&id), "ncclGetUniqueId", 0);
        return id;
    }

    public nint Join(int size, NcclId id, int rank)
    {
        nint communicator;
        Check(commInitRank(&communicator, size, id, rank), "ncclCommInitRank", 0);
        return communicator;
    }

    public void AllReduce(nint communicator, nint x, long count, Reduction reduction, nint stream) =>
        Check(allReduce(x, x, (nuint)count, Floats, reduction == Reduction.Max ? Max : Sum, communicator, stream), "ncclAllReduce", communicator);

    public void ReduceScatter(nint communicator, nint all, nint mine, long each, nint stream) =>
        Check(reduceScatter(all, mine, (nuint)each, Floats, Sum, communicator, stream), "ncclReduceScatter", communicator);

    public void AllGather(nint communicator, nint mine, nint all, long bytes, nint stream) =>
        Check(allGather(mine, all, (nuint)bytes, Bytes, communicator, stream), "ncclAllGather", communicator);

    public void Broadcast(nint communicator, nint x, long bytes, nint stream) =>
        Check(broadcast(x, x, (nuint)bytes, Bytes, 0, communicator, stream), "ncclBroadcast", communicator);

    /// <summary>What a communicator has met since; null where all is well.</summary>
    public string? AsyncError(nint communicator)
    {
        const int InProgress = 7;
        int code;
        return commGetAsyncError(communicator, &code) != 0 || code is 0 or InProgress ? null : Text(code, communicator);
    }

    public void Abort(nint communicator) => _ = commAbort(communicator);

    public void Destroy(nint communicator) => _ = commDestroy(communicator);

    string Text(int code, nint communicator)
    {
        var last = getLastError is null ? null : Marshal.PtrToStringUTF8((nint)getLastError(communicator));
        return $"NCCL {Version} of {File} reports {Marshal.PtrToStringUTF8((nint)getErrorString(code))}"
            + $"{(last is { Length: > 0 } ? $", {last}" : "")}";
    }

    nint Export(string name) => NativeLibrary.TryGetExport(library, name, out var address) ? address
        : throw new EntryPointNotFoundException($"{File} has no {name}: it is no NCCL");

    void Check(int code, string what, nint communicator)
    {
        const int Usage = 5;
        if (code == 0) return;
        throw new CollectiveException($"{what} failed: {Text(code, communicator).ReplaceLineEndings(" ")}"
            + (code == Usage ? "; ranks that share a GPU need --collective mpi" : ""));
    }
}
