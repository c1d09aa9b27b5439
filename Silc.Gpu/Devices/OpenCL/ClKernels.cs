using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Silc;

/// <summary>Kernels that are compiled as one kernel.</summary>
interface IClFamily
{
    bool Has(Type kernel);

    /// <summary>The kernel that holds them all.</summary>
    Type Merged { get; }

    void Expect(ClKernels kernels);

    /// <summary>How a member is launched.</summary>
    Action<KernelConfig, TKernel> Load<TKernel>(ClKernels kernels) where TKernel : struct, IKernel;
}

/// <summary>
/// Kernels of an OpenCL processor. The driver takes some 85 ms to build any program, so the expected kernels become one program, built
/// concurrently until the first launch. Others are built at their first launch.
/// </summary>
sealed class ClKernels(CLAccelerator accelerator) : IDisposable
{
    readonly Dictionary<Type, Task<Kernel>> kernels = [];
    readonly List<(Type Kernel, Task<CLCompiledKernel> Compiled, Action<Kernel> Warm)> expected = [];
    readonly List<ClProgram> programs = [];
    readonly Lock compiling = new();
    readonly Lazy<AcceleratorStream> beside = new(accelerator.CreateStream);
    IClFamily[] families = [];

    /// <summary>Makes the kernels of each of these families compile as one kernel from now on.</summary>
    public ClKernels Merging(IClFamily[] merged)
    {
        families = merged;
        return this;
    }

    /// <summary>Programs that are built.</summary>
    public int Programs
    {
        get
        {
            lock (programs) return programs.Count;
        }
    }

    /// <summary>Notes a kernel of a dry run, or its family, which ILGPU then compiles concurrently.</summary>
    public void Expect<TKernel>() where TKernel : struct, IKernel
    {
        if (Family(typeof(TKernel)) is { } family) family.Expect(this);
        else ExpectAlone<TKernel>();
    }

    public void ExpectAlone<TKernel>() where TKernel : struct, IKernel
    {
        if (kernels.ContainsKey(typeof(TKernel)) || expected.Any(one => one.Kernel == typeof(TKernel))) return;
        expected.Add((typeof(TKernel), Task.Run(Compile<TKernel>), Warm<TKernel>));
    }

    /// <summary>Builds what was noted, concurrently with the caller.</summary>
    public void Build()
    {
        if (expected.Count == 0) return;
        var compiled = expected.Select(one => one.Compiled).ToArray();
        var program = Task.Run(async () => Program(await Task.WhenAll(compiled)));
        for (int i = 0; i < expected.Count; i++)
        {
            var (number, warm) = (i, expected[i].Warm);
            kernels[expected[i].Kernel] = Task.Run(async () =>
            {
                var loaded = (await program).Load(number);
                warm(loaded);
                return loaded;
            });
        }
        expected.Clear();
    }

    /// <summary>How a kernel is launched.</summary>
    public Action<KernelConfig, TKernel> Load<TKernel>() where TKernel : struct, IKernel =>
        Family(typeof(TKernel)) is { } family ? family.Load<TKernel>(this) : LoadAlone<TKernel>();

    public Action<KernelConfig, TKernel> LoadAlone<TKernel>() where TKernel : struct, IKernel
    {
        if (!kernels.TryGetValue(typeof(TKernel), out var loaded))
            kernels[typeof(TKernel)] = loaded = Task.FromResult(Program([Compile<TKernel>()]).Load(0));
        var launch = loaded.GetAwaiter().GetResult().CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
        var stream = accelerator.DefaultStream;
        return (config, kernel) => launch(stream, config, kernel);
    }

    IClFamily? Family(Type kernel) => Array.Find(families, family => family.Has(kernel));

    ClProgram Program(CLCompiledKernel[] compiled)
    {
        var program = new ClProgram(accelerator, compiled);
        lock (programs) programs.Add(program);
        return program;
    }

    // The driver compiles a kernel when it is first launched.
    void Warm<TKernel>(Kernel kernel) where TKernel : struct, IKernel
    {
        var launch = kernel.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
        lock (beside) launch(beside.Value, ClSource.Idle, default);
    }

    CLCompiledKernel Compile<TKernel>() where TKernel : struct, IKernel
    {
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(((Action<TKernel>)Device.Entry.Run).Method);
        lock (compiling) return (CLCompiledKernel)accelerator.Backend.Compile(entry, new KernelSpecialization());
    }

    /// <summary>Waits for what is still being built. Failures are thrown by <see cref="Load"/>, for the kernels that are used.</summary>
    public void Dispose()
    {
        Task[] building = [.. expected.Select(one => one.Compiled), .. kernels.Values];
        Task.WhenAll(building).ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        if (beside.IsValueCreated) beside.Value.Dispose();
        programs.ForEach(program => program.Dispose());
    }
}
