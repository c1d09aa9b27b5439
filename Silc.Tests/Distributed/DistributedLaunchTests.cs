namespace Silc.Tests;

/// <summary>Who started this process, by the variables of launchers, and which device is whose.</summary>
[TestClass]
public sealed class DistributedLaunchTests
{
    [TestMethod]
    [DataRow("", "no launcher", 0, 1)]
    [DataRow("OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=8 OMPI_COMM_WORLD_LOCAL_RANK=1 PMIX_RANK=3", "mpirun of Open MPI", 3, 8)]
    [DataRow("PMI_RANK=2 PMI_SIZE=4 MPI_LOCALRANKID=0", "mpiexec", 2, 4)]
    [DataRow("PMIX_RANK=5 SLURM_NTASKS=16 SLURM_PROCID=5 SLURM_LOCALID=1", "srun --mpi=pmix", 5, 16)]
    [DataRow("PMI_RANK=1 PMI_SIZE=2 SLURM_NTASKS=2 SLURM_LOCALID=1", "mpiexec", 1, 2)]
    [DataRow("RANK=1 WORLD_SIZE=2 LOCAL_RANK=1 MASTER_ADDR=h1 MASTER_PORT=29500", "torchrun", 1, 2)]
    [DataRow("SLURM_NTASKS=4 SLURM_PROCID=2", "srun", 2, 4)]
    [DataRow("SLURM_NTASKS=1 SLURM_PROCID=0", "no launcher", 0, 1)]
    public void A_launcher_is_known_by_its_variables(string variables, string launcher, int rank, int size)
    {
        var words = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var set = words.Select(word => word.Split('=')).ToDictionary(word => word[0], word => word[1]);
        var launch = Launch.Detect(set.GetValueOrDefault);
        Assert.AreEqual((launcher, rank, size), (launch.Launcher, launch.Rank, launch.Size));
        if (launcher == "mpiexec") Assert.AreEqual(MpiLibrary.OpenMpiFile, launch.Libraries[^1]);
        if (launcher.Contains("Open MPI") || launcher.Contains("pmix")) Assert.AreEqual(MpiLibrary.OpenMpiFile, launch.Libraries[0]);
    }

    [TestMethod]
    public void A_size_that_is_no_number_is_named() => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
        Launch.Detect(name => name == "WORLD_SIZE" ? "many" : null)).Message, "WORLD_SIZE=many in the environment is no number");

    [TestMethod]
    [DataRow("srun started 4 processes without MPI's help: start with srun --mpi=pmix", "SLURM_NTASKS=4")]
    [DataRow("torchrun started 2 processes, and brings no MPI: say --collective nccl", "RANK=0 WORLD_SIZE=2", "--collective", "mpi")]
    [DataRow("torchrun has set WORLD_SIZE and no MASTER_ADDR", "RANK=0 WORLD_SIZE=2")]
    [DataRow("MASTER_PORT=abc in the environment is no port", "RANK=0 WORLD_SIZE=2 MASTER_ADDR=localhost MASTER_PORT=abc")]
    [DataRow("--collective gloo: there are auto, none, mpi, nccl", "", "--collective", "gloo")]
    [DataRow("--collective-timeout 0: it must be more than 0", "", "--collective-timeout", "0")]
    public void What_cannot_start_says_how_it_can(string says, string variables, params string[] more)
    {
        using var folder = new TemporaryFolder();
        var line = DistributedRunTests.Line("", folder.File("run"), more);
        // Variables need a process of their own.
        var (code, output) = variables is "" ? Here() : OfItsOwn();
        Assert.AreNotEqual(0, code, output);
        StringAssert.Contains(output, says);
        Assert.IsFalse(Directory.Exists(folder.File("run")));

        (int, string) Here()
        {
            var (code, output, error) = CommandLineTests.Run(line);
            return (code, output + error);
        }

        (int, string) OfItsOwn()
        {
            using var rank = new JobProcess(JobProcess.Silc(line),
                [.. variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => (word.Split('=')[0], word.Split('=')[1]))]);
            return (rank.ExitCode, rank.Output);
        }
    }

    /// <summary>Ranks of a machine without a GPU divide its processor, however the device is called.</summary>
    [TestMethod]
    [DataRow("CPU")]
    [DataRow("auto")]
    public void Ranks_divide_the_processor(string name)
    {
        if (name == "auto" && Device.List()[0].Kind != DeviceKind.Cpu) Assert.Inconclusive("auto takes another device here");
        var threads = Ranks.Run(2, collective =>
        {
            using var device = collective.OpenLocal(name, Precision.Float32);
            return device.Workers;
        });
        CollectionAssert.AreEqual(new[] { LocalDevice.ThreadsOf(2), LocalDevice.ThreadsOf(2) }, threads);
    }

    [TestMethod]
    [DataRow("cuda", 8, 3, 8, "cuda:3")]
    [DataRow("auto", 2, 1, 2, "cuda:1")]
    [DataRow("cuda", 1, 3, 8, "cuda:0")]        // each process sees its own alone
    [DataRow("auto", 0, 1, 2, "auto")]
    [DataRow("cuda", 0, 0, 1, "cuda")]          // nobody counts for a rank alone
    [DataRow("cuda:1", 4, 3, 4, "cuda:1")]
    [DataRow("cpu", 4, 3, 4, "cpu")]
    public void Ranks_of_a_machine_take_different_GPUs(string name, int gpus, int localRank, int localSize, string device) =>
        Assert.AreEqual(device, LocalDevice.NameOf(name, gpus, localRank, localSize));

    [TestMethod]
    public void Fewer_GPUs_than_ranks_are_refused() => StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() =>
        LocalDevice.NameOf("cuda", 2, 3, 4)).Message, "this machine has 2 GPUs for 4 ranks");
}
