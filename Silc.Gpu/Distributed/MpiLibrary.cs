using System.Runtime.InteropServices;
using System.Text;

namespace Silc;

/// <summary>
/// libmpi of any family, bound at run time: Open MPI, MPICH and its kin, the ABI of MPI 5. Functions with the API's names and arguments; what
/// differs in memory layout (MPI_Status, arrays of requests) is left alone. MPI.NET 1.4.0 is no way: it knows msmpi.dll with MPICH's constants.
/// Threads: the one that calls <see cref="Init"/>, but for <see cref="Abort"/>.
/// </summary>
sealed unsafe class MpiLibrary
{
    /// <summary>Names a library file.</summary>
    public const string Variable = "SILC_MPI";

    public const string OpenMpiFile = "libmpi.so.40", MpichFile = "libmpich.so.12";

    readonly nint library;
    readonly MpiConstants constants;
    readonly delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int> initThread;
    readonly delegate* unmanaged[Cdecl]<int> finalize;
    readonly delegate* unmanaged[Cdecl]<nint, int, int> abort;
    readonly delegate* unmanaged[Cdecl]<nint, int*, int> commRank, commSize;
    readonly delegate* unmanaged[Cdecl]<nint, int, int, nint, nint*, int> commSplitType;
    readonly delegate* unmanaged[Cdecl]<nint, nint, int> setErrhandler;
    readonly delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, int> allreduce, reduceScatterBlock;
    readonly delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, nint, int> allgather;
    readonly delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, int> bcast;
    readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> errorString;
    readonly delegate* unmanaged[Cdecl]<int> queryCuda;

    /// <param name="candidates">Files, the first that loads is taken.</param>
    /// <exception cref="DllNotFoundException">None loads; the message lists them.</exception>
    public MpiLibrary(IReadOnlyList<string> candidates)
    {
        // UCX would take SIGSEGV, by which .NET makes a null reference an exception, and kill the process.
        NativeEnvironment.Default("UCX_ERROR_SIGNALS", "");
        nint loaded = 0;
        File = candidates.FirstOrDefault(file => NativeLibrary.TryLoad(file, out loaded))
            ?? throw new DllNotFoundException($"no MPI library was found, tried {string.Join(", ", candidates)}: install Open MPI or MPICH, or name "
                + $"the file in {Variable}");
        library = loaded;
        constants = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _) ? MpiConstants.OpenMpi(Export)
            : System.IO.Path.GetFileName(File).StartsWith("libmpi_abi", StringComparison.Ordinal) ? MpiConstants.Standard : MpiConstants.Mpich;
        initThread = (delegate* unmanaged[Cdecl]<int*, byte***, int, int*, int>)Export("MPI_Init_thread");
        finalize = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
        abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        commRank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank");
        commSize = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size");
        commSplitType = (delegate* unmanaged[Cdecl]<nint, int, int, nint, nint*, int>)Export("MPI_Comm_split_type");
        setErrhandler = (delegate* unmanaged[Cdecl]<nint, nint, int>)Export("MPI_Comm_set_errhandler");
        allreduce = (delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        reduceScatterBlock = (delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, int>)Export("MPI_Reduce_scatter_block");
        allgather = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, nint, int>)Export("MPI_Allgather");
        bcast = (delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, int>)Export("MPI_Bcast");
        errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Export("MPI_Error_string");
        // An extension that Open MPI and MPICH have, with CUDA or without.
        queryCuda = NativeLibrary.TryGetExport(library, "MPIX_Query_cuda_support", out var query) ? (delegate* unmanaged[Cdecl]<int>)query : null;
    }

    /// <summary>The file that was loaded.</summary>
    public string File { get; }

    /// <summary>Open MPI, MPICH or the ABI of MPI 5.</summary>
    public string Family => constants.Name;

    /// <summary>True if it was built with CUDA and takes pointers into a GPU's memory; known once the job is joined.</summary>
    public bool TakesCuda { get; private set; }

    public int Rank { get; private set; }

    public int Size { get; private set; }

    public int LocalRank { get; private set; }

    public int LocalSize { get; private set; }

    /// <summary>Joins the job and asks for numbers, and for errors as values.</summary>
    public void Init()
    {
        int provided, rank, size;
        Check(initThread(null, null, constants.Funneled, &provided), "MPI_Init_thread");
        Check(setErrhandler(constants.World, constants.ErrorsReturn), "MPI_Comm_set_errhandler");
        Check(commRank(constants.World, &rank), "MPI_Comm_rank");
        Check(commSize(constants.World, &size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
        // An int handle is written into the low half.
        nint local = 0;
        Check(commSplitType(constants.World, constants.Shared, 0, constants.InfoNull, &local), "MPI_Comm_split_type");
        Check(commRank(local, &rank), "MPI_Comm_rank");
        Check(commSize(local, &size), "MPI_Comm_size");
        (LocalRank, LocalSize) = (rank, size);
        TakesCuda = queryCuda is not null && queryCuda() == 1;
    }

    public void AllReduce(float* x, int count, Reduction reduction) => Check(allreduce(constants.InPlace, (nint)x, count, constants.Float,
        reduction == Reduction.Max ? constants.Max : constants.Sum, constants.World), "MPI_Allreduce");

    public void AllGather(float* mine, float* all, int each) =>
        Check(allgather(mine == all + (long)Rank * each ? constants.InPlace : (nint)mine, each, constants.Float, (nint)all, each, constants.Float,
            constants.World), "MPI_Allgather");

    public void AllGatherBytes(byte* mine, byte* all, int each) =>
        Check(allgather((nint)mine, each, constants.Byte, (nint)all, each, constants.Byte, constants.World), "MPI_Allgather");

    public void ReduceScatter(float* all, float* mine, int each) =>
        Check(reduceScatterBlock((nint)all, (nint)mine, each, constants.Float, constants.Sum, constants.World), "MPI_Reduce_scatter_block");

    public void Broadcast(float* x, int count) => Check(bcast((nint)x, count, constants.Float, 0, constants.World), "MPI_Bcast");

    public void BroadcastBytes(byte* x, int count) => Check(bcast((nint)x, count, constants.Byte, 0, constants.World), "MPI_Bcast");

    public void Finish() => Check(finalize(), "MPI_Finalize");

    public void Abort(int code) => _ = abort(constants.World, code);

    nint Export(string name) => NativeLibrary.TryGetExport(library, name, out var address) ? address
        : throw new EntryPointNotFoundException($"{File} has no {name}: it is no MPI library of those known here");

    void Check(int code, string what)
    {
        if (code == 0) return;
        var text = stackalloc byte[8192];
        int length = 0;
        _ = errorString(code, text, &length);
        throw new CollectiveException($"{what} of {File} failed: {Encoding.UTF8.GetString(text, length).ReplaceLineEndings(" ")}");
    }
}
