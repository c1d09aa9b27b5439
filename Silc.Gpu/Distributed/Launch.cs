using System.Globalization;
using System.Runtime.InteropServices;

namespace Silc;

/// <summary>Which launcher has started this process, and as which of how many, as its variables say. Threads: immutable.</summary>
/// <param name="Launcher">Its name, for messages.</param>
/// <param name="Rank">Of this process.</param>
/// <param name="Size">Of the job.</param>
/// <param name="LocalRank">On its machine, where the launcher says.</param>
/// <param name="LocalSize">Ranks of its machine, where the launcher says.</param>
/// <param name="Libraries">MPI libraries in the order in which they are tried; none where the launcher knows no MPI.</param>
sealed record Launch(string Launcher, int Rank, int Size, int? LocalRank, int? LocalSize, IReadOnlyList<string> Libraries)
{
    public const string Auto = "auto", None = "none", Mpi = "mpi", Nccl = "nccl";

    /// <summary>The words of <c>--collective</c>.</summary>
    public static IReadOnlyList<string> Engines { get; } = [Auto, None, Mpi, Nccl];

    const string Abi = "libmpi_abi.so.0", IntelMpi = "libmpi.so.12";
    static readonly string[] openMpiFirst = [MpiLibrary.OpenMpiFile, Abi, MpiLibrary.MpichFile, IntelMpi];
    static readonly string[] mpichFirst = [Abi, MpiLibrary.MpichFile, IntelMpi, MpiLibrary.OpenMpiFile];

    /// <summary>Of a process that was started alone.</summary>
    public static Launch Alone { get; } = new("no launcher", 0, 1, 0, 1, openMpiFirst);

    /// <summary>True where <see cref="Join"/> would join a job of several.</summary>
    public bool IsJob => Size > 1;

    /// <summary>Asks the variables of this process.</summary>
    public static Launch Detect() => Detect(Environment.GetEnvironmentVariable);

    /// <summary>Asks some variables.</summary>
    /// <exception cref="ArgumentException">One is no number.</exception>
    public static Launch Detect(Func<string, string?> variable)
    {
        if (Number("OMPI_COMM_WORLD_SIZE") is { } size)
            return new("mpirun of Open MPI", Needed("OMPI_COMM_WORLD_RANK"), size, Number("OMPI_COMM_WORLD_LOCAL_RANK"),
                Number("OMPI_COMM_WORLD_LOCAL_SIZE"), openMpiFirst);
        if (Number("PMIX_RANK") is { } slot && Number("SLURM_NTASKS") is { } tasks)
            return new("srun --mpi=pmix", slot, tasks, Number("SLURM_LOCALID"), null, openMpiFirst);
        if (Number("PMI_SIZE") is { } ranks)
            return new("mpiexec", Needed("PMI_RANK"), ranks, Number("MPI_LOCALRANKID") ?? Number("SLURM_LOCALID"), Number("MPI_LOCALNRANKS"),
                mpichFirst);
        if (Number("WORLD_SIZE") is { } world && Number("RANK") is { } rank)
            return new("torchrun", rank, world, Number("LOCAL_RANK"), Number("LOCAL_WORLD_SIZE"), []);
        if (Number("SLURM_NTASKS") is { } alone and > 1)
            return new("srun", Number("SLURM_PROCID") ?? 0, alone, Number("SLURM_LOCALID"), null, []);
        return Alone;

        int? Number(string name) => variable(name) is not { Length: > 0 } text ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
            : throw new ArgumentException($"{name}={text} in the environment is no number: the launcher is one that is not known here, say "
                + "--collective none");

        int Needed(string name) => Number(name) ?? throw new ArgumentException($"the launcher has set a size and no {name}: say --collective none");
    }

    /// <summary>Joins the job by an engine.</summary>
    public static ICollective Join(string engine, TimeSpan timeout)
    {
        if (!Engines.Contains(engine)) throw new ArgumentException($"no engine '{engine}': {string.Join(", ", Engines)}");
        var launch = engine == None ? Alone : Detect();
        if (engine == None || engine == Auto && !launch.IsJob) return new Solo();
        if (launch.Launcher == "srun")
            throw new ArgumentException($"srun started {launch.Size} processes without MPI's help: start with srun --mpi=pmix for Open MPI, "
                + "--mpi=pmi2 for MPICH, or say --collective none, and each process trains alone");
        if (launch.Libraries.Count == 0) return JoinStore(launch, engine, timeout);
        if (engine == Nccl)
        {
            // Before a rank waits in MPI for one that has no NCCL.
            var library = new NcclLibrary();
            return new NcclCollective(launch, JoinMpi(launch, timeout), library, required: true, timeout);
        }
        var mpi = JoinMpi(launch, timeout);
        if (engine == Mpi) return mpi;
        var nccl = NativeLibrary.TryLoad("libcuda.so.1", out _) ? NcclLibrary.Find() : null;
        // One rank without it, and all take MPI.
        return mpi.Collect([(byte)(nccl is null ? 0 : 1)]).All(one => one == 1)
            ? new NcclCollective(launch, mpi, nccl!, required: false, timeout) : mpi;
    }

    // torchrun and its like name an address and no MPI: NCCL meets there by itself.
    static NcclCollective JoinStore(Launch launch, string engine, TimeSpan timeout)
    {
        if (engine == Mpi)
            throw new ArgumentException($"{launch.Launcher} started {launch.Size} processes, and brings no MPI: say --collective nccl, "
                + "or start with mpirun");
        string Needed(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
            : throw new ArgumentException($"{launch.Launcher} has set WORLD_SIZE and no {name}, where the ranks meet: set it, or say "
                + "--collective none");
        var (address, given) = (Needed("MASTER_ADDR"), Needed("MASTER_PORT"));
        if (!ushort.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var first) || first == 0)
            throw new ArgumentException($"MASTER_PORT={given} in the environment is no port, 1 to 65535: set it, or say --collective none");
        int port = first;
        // torchrun's agent keeps the port itself then.
        if (Environment.GetEnvironmentVariable("TORCHELASTIC_USE_AGENT_STORE") == "True") port++;
        // An address of IPv6 has colons of its own.
        NativeEnvironment.Default("NCCL_COMM_ID", address.Contains(':') && !address.StartsWith('[') ? $"[{address}]:{port}" : $"{address}:{port}");
        return new(launch, null, new NcclLibrary(), required: true, timeout);
    }

    static MpiCollective JoinMpi(Launch launch, TimeSpan timeout)
    {
        var mpi = new MpiLibrary(Environment.GetEnvironmentVariable(MpiLibrary.Variable) is { Length: > 0 } wish ? [wish] : launch.Libraries);
        mpi.Init();
        if (mpi.Size == launch.Size || launch == Alone) return new(mpi, timeout);
        var other = mpi.Family == "Open MPI" ? MpiLibrary.MpichFile : MpiLibrary.OpenMpiFile;
        mpi.Finish();
        throw new ArgumentException($"{launch.Launcher} started {launch.Size} processes, but {mpi.File} sees {mpi.Size}: set "
            + $"{MpiLibrary.Variable}={other}, or start with the mpirun of {mpi.Family}");
    }
}
