using System.CommandLine;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Silc.Samples.Models;
using Silc.Samples.Terminals;
using SkiaSharp;

namespace Silc.Samples.Commands;

/// <summary><c>silc doctor</c>: what this machine has of all that silc needs or can use, and what to do about the rest.</summary>
static class DoctorCommand
{
    const double Tolerance = 1e-3;
    const long LittleMemory = 2L << 30, LittleDisk = 1L << 30;

    // Side, patch and layers of the model that every device is tried with.
    static readonly SilcConfig tiny = new(new(32, 1, 2, 64), new(32, 1, 2, 64), ImageSize: 16, PatchSize: 8, TextLength: 4, VocabSize: 300,
        Head: new(16, 8, 16), Views: new(1, 0, 16));

    /// <summary>One finding.</summary>
    /// <param name="Works">True where all is well, false where silc cannot do its work, null where something that it could use is missing.</param>
    /// <param name="What">What was looked at.</param>
    /// <param name="Found">What is there.</param>
    /// <param name="Remedy">What to do; null where there is nothing to do.</param>
    internal sealed record Finding(bool? Works, string What, string Found, string? Remedy = null);

    public static Command Create()
    {
        var command = new Command("doctor", """
            Look at devices, drivers, vectors, memory and libraries, try a small model on each device, and say what to do about what is missing.
            Ends with 1 if silc cannot work here.
            """);
        command.SetAction(_ => Look());
        return command;
    }

    static int Look()
    {
        var failed = false;
        foreach (var finding in Findings())
        {
            Console.WriteLine($"{(finding.Works switch { true => "ok", false => "FAIL", _ => "note" }),-5} {finding.What,-10} {finding.Found}");
            if (finding.Remedy is { } remedy) Console.WriteLine($"{"",-5} {"",-10} -> {remedy}");
            failed |= finding.Works == false;
        }
        return failed ? SilcCommand.Failed : 0;
    }

    static IEnumerable<Finding> Findings() =>
        [Program(), Vectors(), Memory(), Disk(), Files(), Images(), Letters(), Cuda(), OpenCL(), .. Variables(), .. Devices()];

    static Finding Program() => new(true, "silc", $"{Checkpoint.LibraryVersion}, {RuntimeInformation.FrameworkDescription}, "
        + $"{RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.RuntimeIdentifier}");

    static Finding Vectors()
    {
        var bits = Vector512.IsHardwareAccelerated ? 512 : Vector<byte>.Count * 8;
        var found = $"{Environment.ProcessorCount} cores, {bits}-bit SIMD{(Fma.IsSupported ? " with FMA" : "")}";
        if (bits >= 256 || RuntimeInformation.ProcessArchitecture is Architecture.Arm64) return new(true, "processor", found);
        var off = Set("DOTNET_EnableAVX2", "DOTNET_EnableHWIntrinsic", "DOTNET_EnableAVX").ToList();
        return new(null, "processor", found, off.Count > 0 ? $"{string.Join(", ", off)} switches vectors off: unset it"
            : "without AVX2 matrix products take several times longer: choose a machine that has it, or a GPU");
    }

    static Finding Memory()
    {
        var total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var free = Available() ?? total;
        return new(free >= LittleMemory ? true : null, "memory", $"{ModelSummary.Size(free)} of {ModelSummary.Size(total)} free",
            free >= LittleMemory ? null : "close other programs, or train with a smaller --batch, --accumulate N or --recompute; "
                + "silc train --dry-run says what a run takes");
    }

    static Finding Disk()
    {
        var here = Directory.GetCurrentDirectory();
        var free = AtomicFile.FreeBytes(here);
        return new(free is null or >= LittleDisk ? true : null, "disk", $"{(free is { } bytes ? ModelSummary.Size(bytes) : "unknown")} free at "
            + $"{here}",
            free is null or >= LittleDisk ? null : "name an --out on a disk with more room; silc train --dry-run says what a checkpoint takes");
    }

    static Finding Files() => OpenFiles.Complaint() is { } complaint ? new(false, "files", complaint) : new(true, "files", "enough may be open");

    static Finding Images() => Try("images", "if the file is there, it is for another system or C library: publish silc for this one (dotnet "
        + "publish -r "
        + $"{RuntimeInformation.RuntimeIdentifier})", () =>
    {
        using var bitmap = new SKBitmap(2, 2);
        bitmap.Erase(SKColors.Red);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        using var read = SKBitmap.Decode(data.ToArray());
        return read.GetPixel(1, 1) == SKColors.Red ? $"libSkiaSharp {SkiaSharpVersion.Native} writes and reads them"
            : throw new InvalidOperationException("libSkiaSharp does not read what it wrote");
    });

    static Finding Letters() => Try("letters", "tokenizers and sheets need libHarfBuzzSharp beside silc", () =>
    {
        var families = SKFontManager.Default.FontFamilies.Count();
        return Nfc.Of("e\u0301") == "\u00e9" ? $"libHarfBuzzSharp composes them; "
            + $"{(families == 0 ? "no fonts here, sheets take the embedded Unifont" : $"{families} font families")}"
            : throw new InvalidOperationException("libHarfBuzzSharp does not compose letters");
    });

    static Finding Cuda()
    {
        string[] names = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];
        var card = File.Exists("/proc/driver/nvidia/version") || File.Exists("/dev/nvidia0");
        if (Loads(names) is { } library) return new(true, "CUDA", $"driver's library {library}");
        return card ? new(null, "CUDA", $"an NVIDIA kernel driver, but no {names[0]}",
                "in a container, start it with --gpus all (NVIDIA Container Toolkit); elsewhere reinstall the driver's packages")
            : new(null, "CUDA", $"no driver ({names[0]})", "none is needed without an NVIDIA GPU; with one, install NVIDIA's driver, no toolkit");
    }

    static Finding OpenCL()
    {
        string[] names = OperatingSystem.IsWindows() ? ["OpenCL.dll"] : ["libOpenCL.so.1", "libOpenCL.so"];
        const string remedy = "an AMD or Intel GPU needs it and its driver; on Debian, for the CPU: apt-get install ocl-icd-libopencl1 "
            + "pocl-opencl-icd";
        if (Loads(names) is not { } library) return new(null, "OpenCL", $"no loader ({names[0]})", remedy);
        var devices = Device.List().Count(device => device.Kind == DeviceKind.OpenCL);
        return devices > 0 ? new(true, "OpenCL", $"{library}, {devices} {(devices == 1 ? "device" : "devices")}")
            : new(null, "OpenCL", $"{library}, but no device of OpenCL 2.0 or later", remedy);
    }

    static IEnumerable<Finding> Variables() =>
        Set([Device.EnvironmentVariable, "SILC_CUDA_GRAPH", .. CudaTuning.Variables, "OCL_ICD_VENDORS", "CUDA_VISIBLE_DEVICES"]).Select(set =>
            new Finding(true, "variable", set));

    // Each device has to find the same embedding.
    static IEnumerable<Finding> Devices()
    {
        string? chosen = null;
        Finding? trouble = null;
        try
        {
            using var best = Device.Best();
            chosen = best.Info.Id;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            trouble = new(false, "device", error.Message, $"unset {Device.EnvironmentVariable}, or name one of silc devices");
        }
        if (trouble is not null) yield return trouble;
        var expected = Embedding("cpu");
        foreach (var info in Device.List()) yield return Try(info.Id, "update its driver; until then choose another by --device", () =>
        {
            var error = Embedding(info.Id).Zip(expected, (value, right) => Math.Abs(value - right)).Max();
            return error < Tolerance ? $"{info.Name}, {info.Capabilities}, {info.MemoryBytes >> 20:N0} MiB: a model "
                + $"works{(info.Id == chosen ? "; auto takes it" : "")}"
                : throw new InvalidOperationException($"{info.Name} computes an embedding that is off by "
                    + error.ToString("G2", CultureInfo.InvariantCulture));
        }, needed: info.Id == chosen);
    }

    static float[] Embedding(string name)
    {
        using var device = Device.Open(name);
        using var model = SilcModel.Create(device, tiny, seed: 1);
        var pixels = new float[3 * tiny.ImageSize * tiny.ImageSize];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (i * 37 % 255 - 127) / 127f;
        return [.. model.EmbedPixels(pixels)[0].ToArray()];
    }

    static Finding Try(string what, string remedy, Func<string> look, bool needed = true)
    {
        try
        {
            return new(true, what, look());
        }
        // Drivers and libraries fail in ways of their own; this command is for saying how.
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            var why = error is TypeInitializationException { InnerException: { } inner } ? inner : error;
            return new(needed ? false : null, what, why.Message.Split('\n')[0], remedy);
        }
    }

    static string? Loads(string[] names)
    {
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out var library))
            {
                NativeLibrary.Free(library);
                return name;
            }
        return null;
    }

    static IEnumerable<string> Set(params string[] names) => from name in names
                                                             let value = Environment.GetEnvironmentVariable(name)
                                                             where value is { Length: > 0 }
                                                             select $"{name}={value}";

    // What the kernel would give without swapping; null where it does not say.
    static long? Available()
    {
        const string key = "MemAvailable:";
        if (!File.Exists("/proc/meminfo")) return null;
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : long.Parse(line[key.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) << 10;
    }
}
