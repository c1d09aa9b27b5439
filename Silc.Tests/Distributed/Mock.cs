namespace Silc.Tests;

/// <summary>The libraries of tests that stand for NCCL and NVIDIA's driver, built by gcc from the C files beside this one.</summary>
static class Mock
{
    static readonly Lock building = new();

    /// <summary>libnccl.so.2 on host memory.</summary>
    public static string Nccl() => Build("nccl_mock", "libnccl.so.2", "nccl");

    /// <summary>The folder of a libcuda.so.1 without a GPU, and of the name by which ILGPU loads the same.</summary>
    public static string CudaFolder()
    {
        var file = Build("cuda_mock", "libcuda.so.1", "cuda");
        var other = Path.ChangeExtension(file, null);
        lock (building)
            if (!File.Exists(other)) File.CreateSymbolicLink(other, Path.GetFileName(file));
        return Path.GetDirectoryName(file)!;
    }

    /// <summary>A library of Open MPI's that says it takes a GPU's memory.</summary>
    public static string MpiWithCuda() => Build("mpi_cuda_mock", "libmpi_cuda.so", "mpi", "-Wl,--no-as-needed", $"-l:{MpiLibrary.OpenMpiFile}");

    static string Build(string source, string name, string folder, params string[] more)
    {
        JobProcess.Require("gcc");
        lock (building)
        {
            var target = Path.Combine(AppContext.BaseDirectory, "Distributed", folder, name);
            var file = Path.Combine(AppContext.BaseDirectory, "Distributed", $"{source}.c");
            if (File.Exists(target) && File.GetLastWriteTimeUtc(target) > File.GetLastWriteTimeUtc(file)) return target;
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var (exit, _, errors) = Peer.Run("gcc", ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", target, file, "-lrt", .. more])!.Value;
            Assert.AreEqual(0, exit, errors);
            return target;
        }
    }
}
