using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>
/// What docs/distributed.md says to type, run here: its lines as they stand, but for the data, the sizes and the device, which are those of a
/// small run on this machine.
/// </summary>
[TestClass, DoNotParallelize]
public sealed partial class DistributedPageTests : TempFolder
{
    const int Ranks = 2;

    internal static readonly Beside Jobs = Beside.Of<DistributedPageTests>(
        ("Slurm", test => test.TrainBySlurm()),
        ("torchrun", test => test.TrainByTorchrun()),
        ("MPIJob", test => test.TrainByMpiJob()),
        ("stand-in", test => test.TrainBy($"bash {Script("torchrun.sh")}")));

    [ClassCleanup]
    public static void StopJobs() => Jobs.Stop();

    // The command of a job, from its first word on.
    [GeneratedRegex(@"silc train .*")]
    private static partial Regex Train();

    [GeneratedRegex(@"^(?:mpirun[^\n]* |srun[^\n]* |torchrun[^\n]* |)silc (?<line>[^#\n]*)", RegexOptions.Multiline)]
    private static partial Regex Line();

    static string Page
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (folder is not null && !File.Exists(Path.Combine(folder, "Silc.sln"))) folder = Path.GetDirectoryName(folder);
            if (folder is null) Assert.Inconclusive("there are no docs above the tests");
            return File.ReadAllText(Path.Combine(folder, "docs/distributed.md"));
        }
    }

    static string Block(string language, string holds) => Regex.Matches(Page, $"```{language}\n(.*?)```", RegexOptions.Singleline)
        .Select(block => block.Groups[1].Value).Single(block => block.Contains(holds, StringComparison.Ordinal));

    // Puts one thing of the page in another's place; a page that no longer has it fails.
    static string Swap(string text, string old, string with)
    {
        StringAssert.Contains(text, old);
        return text.Replace(old, with);
    }

    // The same command with the small run's data and sizes; of its own options stay those that say how ranks meet and what a restart does.
    string Small(string command, string folder, params string[] more)
    {
        var kept = new[] { "--resume", "--collective nccl" }.Where(option => command.Contains(option, StringComparison.Ordinal));
        return Train().Replace(command, $"silc {string.Join(' ', DistributedRunTests.Line("", At(folder), more))} {string.Join(' ', kept)}");
    }

    // A folder of programs by the names that the page calls them by.
    string Programs(params (string Name, string Line)[] programs)
    {
        Directory.CreateDirectory(At("bin"));
        foreach (var (name, line) in programs)
        {
            var file = At(Path.Combine("bin", name));
            File.WriteAllText(file, $"#!/bin/sh\nexec {line} \"$@\"\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
        return $"{At("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
    }

    static (string, string) Silc => ("silc", string.Join(' ', JobProcess.Silc()));

    static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Distributed", name);

    [TestMethod]
    public void Every_line_of_the_page_is_one_that_silc_takes()
    {
        var lines = Line().Matches(Page).Select(match => match.Groups["line"].Value.Trim()).ToList();
        Assert.IsGreaterThanOrEqualTo(5, lines.Count);
        foreach (var line in lines)
        {
            var errors = SilcCommand.Root().Parse(line).Errors;
            Assert.IsEmpty(errors, $"{line}: {string.Join("; ", errors.Select(error => error.Message))}");
        }
    }

    /// <summary>Processes that know each other by the variables of torchrun alone exchange by NCCL, here by its stand-in.</summary>
    [TestMethod]
    public void The_line_of_torchrun_trains() => Jobs.Take("stand-in");

    /// <summary>
    /// The same by PyTorch's own torchrun, where it is. What it passes on and keeps is said a rank at a time, without which version 1.13 fails on
    /// Python 3.11.
    /// </summary>
    [TestMethod]
    public void A_real_torchrun_trains() => Jobs.Take("torchrun");

    void TrainByTorchrun()
    {
        var python = NumpyPeer.Candidates.FirstOrDefault(name => Peer.Run(name, "-c", "import torch.distributed.run") is { Exit: 0 });
        if (python is null) Assert.Inconclusive("no python3 with torch.distributed.run on this machine");
        var streams = string.Join(',', Enumerable.Range(0, Ranks).Select(rank => $"{rank}:1"));
        TrainBy($"{python} -m torch.distributed.run --tee {streams} --redirects {streams} --log_dir {At("logs")}");
    }

    void TrainBy(string torchrun)
    {
        var line = Swap(Block("sh", "torchrun --no_python"), "--nproc_per_node 8", $"--nproc_per_node {Ranks}");
        using var job = new JobProcess(["bash", "-c", Small(line, "run")], ("SILC_NCCL", Mock.Nccl()),
            ("PATH", Programs(Silc, ("torchrun", torchrun))));
        Assert.AreEqual(0, job.ExitCode, job.Output);
        StringAssert.Contains(job.Output, $"ranks    {Ranks}, {Ranks} of them on this machine, by NCCL 22705 (");
        // Rank 0 has the console.
        Assert.HasCount(2, job.Output.Split("ranks    "));
        DistributedRunTests.Same(DistributedRunTests.One, At("run"));
    }

    /// <summary>
    /// Fields by mpi-operator's types (pkg/apis/kubeflow/v2beta1/types.go) and Kubernetes' core/v1. Of its launcher the command runs here; there
    /// is no cluster.
    /// </summary>
    [TestMethod]
    public void The_MPIJob_has_known_fields_and_its_command_trains() => Jobs.Take("MPIJob");

    void TrainByMpiJob()
    {
        var manifest = Manifest.Read(Block("yaml", "kind: MPIJob"));
        string[] expected =
        [
            "apiVersion", "kind", "metadata.name", "spec.slotsPerWorker", "spec.runPolicy.backoffLimit",
            "spec.mpiReplicaSpecs.Launcher.replicas", "spec.mpiReplicaSpecs.Launcher.restartPolicy",
            "spec.mpiReplicaSpecs.Launcher.template.spec.containers.0.name", "spec.mpiReplicaSpecs.Launcher.template.spec.containers.0.image",
            "spec.mpiReplicaSpecs.Launcher.template.spec.containers.0.command", "spec.mpiReplicaSpecs.Worker.replicas",
            "spec.mpiReplicaSpecs.Worker.template.spec.containers.0.name", "spec.mpiReplicaSpecs.Worker.template.spec.containers.0.image",
            "spec.mpiReplicaSpecs.Worker.template.spec.containers.0.resources.limits.nvidia.com/gpu",
        ];
        CollectionAssert.AreEquivalent(expected, manifest.Keys.ToArray());
        string One(string path) => manifest[path].Single();
        Assert.AreEqual(("kubeflow.org/v2beta1", "MPIJob"), (One("apiVersion"), One("kind")));
        Assert.AreEqual("1", One("spec.mpiReplicaSpecs.Launcher.replicas"));
        CollectionAssert.Contains(new[] { "Never", "OnFailure" }, One("spec.mpiReplicaSpecs.Launcher.restartPolicy"));
        // A slot a GPU, and a rank a slot.
        int slots = int.Parse(One("spec.slotsPerWorker"));
        Assert.AreEqual($"{slots}", One("spec.mpiReplicaSpecs.Worker.template.spec.containers.0.resources.limits.nvidia.com/gpu"));
        var command = manifest["spec.mpiReplicaSpecs.Launcher.template.spec.containers.0.command"];
        Assert.AreEqual(slots * int.Parse(One("spec.mpiReplicaSpecs.Worker.replicas")), int.Parse(command[Array.IndexOf(command, "-n") + 1]));
        Assert.IsEmpty(SilcCommand.Root().Parse(command[(Array.IndexOf(command, "silc") + 1)..]).Errors);
        CollectionAssert.Contains(command, "--resume", "a launcher that is started again goes on");

        JobProcess.Require(JobProcess.OpenMpi);
        var line = Swap(string.Join(' ', command), "-n 16", $"-n {Ranks} --oversubscribe");
        using var job = new JobProcess(["bash", "-c", Small(line, "run")], ("PATH", Programs(Silc, ("mpirun", JobProcess.OpenMpi))));
        Assert.AreEqual(0, job.ExitCode, job.Output);
        // The same ranks by the same library: the same bits again.
        DistributedRunTests.SameBits(DistributedRunTests.Two.Folder, At("run"));
    }

    /// <summary>Slurm's own daemons on this machine: a signal ends the job with a checkpoint, and the same script goes on.</summary>
    [TestMethod]
    public void The_script_of_Slurm_trains_stops_and_goes_on() => Jobs.Take("Slurm");

    void TrainBySlurm()
    {
        JobProcess.Require("sbatch", "slurmctld", "slurmd", "munged", JobProcess.OpenMpi, JobProcess.Mpich);
        if (!Environment.IsPrivilegedProcess) Assert.Inconclusive("Slurm's daemons are started by root");
        (string, string)[] variables = [("SLURM_CONF", At("slurm/slurm.conf")), ("PATH", Programs(Silc))];
        try
        {
            using (var up = new JobProcess(["bash", Script("slurm.sh"), "up", At("slurm")]))
                if (up.ExitCode != 0) Assert.Inconclusive($"Slurm does not start here: {up.Output.Trim()}");
            Assert.AreEqual(SilcCommand.Failed, Run(["srun", "-n", "2", .. Words("alone")], out var alone), alone);
            StringAssert.Contains(alone, "srun started 2 processes without MPI's help: start with srun --mpi=pmix");
            // MPICH's way in.
            Assert.AreEqual(0, Run(["srun", "-n", "2", "--mpi=pmi2", .. Words("mpich")], out var mpich), mpich);
            StringAssert.Contains(mpich, "by MPI (MPICH, ");
            DistributedRunTests.Same(DistributedRunTests.One, At("mpich"));

            var script = Block("sh", "#SBATCH");
            script = Swap(script, "--nodes=2 --ntasks-per-node=8 --gpus-per-node=8 --cpus-per-task=8",
                $"--nodes=1 --ntasks-per-node={Ranks} --cpus-per-task=1 --output={At("log")}");
            File.WriteAllText(At("job.sh"), Small(script, "run", "--steps", "4000"));
            var job = Submit();
            WaitFor(() => Log().Contains("step 3/4000", StringComparison.Ordinal));
            Assert.AreEqual(0, Run(["scancel", "--signal=USR1", job], out var said), said);
            WaitFor(HasEnded);
            StringAssert.Contains(Log(), "by MPI (Open MPI, ");
            StringAssert.Contains(Log(), "Stopped. To go on:");
            StringAssert.Contains(Log(), "Exited with exit code 130");
            var step = RunFolder.Newest(At("run")).Checkpoint.Step;
            Assert.IsGreaterThanOrEqualTo(3, step);

            File.WriteAllText(At("job.sh"), Small(script, "run", "--steps", $"{step + 2}"));
            Submit();
            WaitFor(HasEnded);
            StringAssert.Contains(Log(), $"resumed  after step {step}, ");
            Assert.AreEqual(step + 2, RunFolder.Newest(At("run")).Checkpoint.Step);
        }
        finally
        {
            using var down = new JobProcess(["bash", Script("slurm.sh"), "down", At("slurm")]);
            _ = down.ExitCode;
        }

        string[] Words(string folder) => ["silc", .. DistributedRunTests.Line("", At(folder))];

        int Run(string[] words, out string output)
        {
            using var process = new JobProcess(words, variables);
            var code = process.ExitCode;
            output = process.Output;
            return code;
        }

        string Submit()
        {
            File.Delete(At("log"));
            Assert.AreEqual(0, Run(["sbatch", "--parsable", At("job.sh")], out var id), id);
            return id.Trim();
        }

        bool HasEnded()
        {
            Assert.AreEqual(0, Run(["squeue", "-h"], out var left), left);
            return left.Trim().Length == 0;
        }

        string Log() => File.Exists(At("log")) ? File.ReadAllText(At("log")) : "";

        void WaitFor(Func<bool> condition)
        {
            for (var clock = System.Diagnostics.Stopwatch.StartNew(); !condition(); Thread.Sleep(100))
                Assert.IsTrue(clock.Elapsed < TimeSpan.FromMinutes(3) && !Log().Contains("error: ", StringComparison.Ordinal)
                    || Log().Contains("Stopped.", StringComparison.Ordinal), $"waited in vain: {Log()}");
        }
    }
}
