using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Silc.Tests;

/// <summary>The result of assembling a PTX text.</summary>
/// <param name="Error">0 if it is machine code.</param>
/// <param name="Registers">32-bit registers of a thread.</param>
/// <param name="SpilledBytes">Bytes of register spills.</param>
/// <param name="Log">The assembler's output.</param>
/// <param name="Cubin">The machine code, an ELF file; empty after an error.</param>
public sealed record PtxAssembly(int Error, int Registers, int SpilledBytes, string Log, byte[] Cubin);

/// <summary>
/// NVIDIA's PTX assembler, as in the driver, from a library that needs neither driver nor GPU: libnvJitLink. Used for errors and register
/// spills; register counts may differ from the driver's. It is looked for at <c>SILC_NVJITLINK</c>, then beside the checkout, compressed.
/// </summary>
public sealed unsafe partial class PtxAssembler
{
    const string Variable = "SILC_NVJITLINK", Beside = "shared/nvjitlink/libnvJitLink.so.12.xz";
    const int Ptx = 2;

    static readonly Lazy<(PtxAssembler? Library, string Reason)> found = new(Find);

    readonly delegate* unmanaged<nint*, uint, byte**, int> create;
    readonly delegate* unmanaged<nint, int, byte*, nuint, byte*, int> addData;
    readonly delegate* unmanaged<nint, int> complete;
    readonly delegate* unmanaged<nint, nuint*, int> infoSize, errorSize, cubinSize;
    readonly delegate* unmanaged<nint, byte*, int> info, error, cubin;
    readonly delegate* unmanaged<nint*, int> destroy;

    // Names carry the version; the header maps plain ones to them.
    PtxAssembler(nint library, string version)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, $"__nvJitLink{name}_{version}");
        create = (delegate* unmanaged<nint*, uint, byte**, int>)Export("Create");
        addData = (delegate* unmanaged<nint, int, byte*, nuint, byte*, int>)Export("AddData");
        complete = (delegate* unmanaged<nint, int>)Export("Complete");
        infoSize = (delegate* unmanaged<nint, nuint*, int>)Export("GetInfoLogSize");
        info = (delegate* unmanaged<nint, byte*, int>)Export("GetInfoLog");
        errorSize = (delegate* unmanaged<nint, nuint*, int>)Export("GetErrorLogSize");
        error = (delegate* unmanaged<nint, byte*, int>)Export("GetErrorLog");
        cubinSize = (delegate* unmanaged<nint, nuint*, int>)Export("GetLinkedCubinSize");
        cubin = (delegate* unmanaged<nint, byte*, int>)Export("GetLinkedCubin");
        destroy = (delegate* unmanaged<nint*, int>)Export("Destroy");
    }

    /// <summary>The assembler; where there is none the test that asks is skipped, and says why.</summary>
    public static PtxAssembler Get()
    {
        var (library, reason) = found.Value;
        if (library is null) Assert.Inconclusive(reason);
        return library!;
    }

    /// <summary>Assembles a text for an architecture such as sm_80. Threads may do so at the same time.</summary>
    public PtxAssembly Assemble(string ptx, string architecture)
    {
        fixed (byte* text = Zeroed(ptx), name = Zeroed("kernel"), arch = Zeroed($"-arch={architecture}"), verbose = Zeroed("-verbose"))
        {
            byte** options = stackalloc byte*[] { arch, verbose };
            nint handle;
            int code = create(&handle, 2, options);
            if (code != 0) return new(code, 0, 0, $"nvJitLinkCreate for {architecture}: {code}", []);
            code = addData(handle, Ptx, text, (nuint)Encoding.UTF8.GetByteCount(ptx) + 1, name);
            if (code == 0) code = complete(handle);
            var log = Log(handle, infoSize, info) + Log(handle, errorSize, error);
            var machineCode = code == 0 ? Bytes(handle, cubinSize, cubin) : [];
            destroy(&handle);
            return new(code, Most(UsedRegisters(), log), Most(Spilled(), log), log, machineCode);
        }
    }

    static byte[] Zeroed(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    static string Log(nint handle, delegate* unmanaged<nint, nuint*, int> sizeOf, delegate* unmanaged<nint, byte*, int> read) =>
        Encoding.UTF8.GetString(Bytes(handle, sizeOf, read)).TrimEnd('\0');

    static byte[] Bytes(nint handle, delegate* unmanaged<nint, nuint*, int> sizeOf, delegate* unmanaged<nint, byte*, int> read)
    {
        nuint size;
        if (sizeOf(handle, &size) != 0 || size == 0) return [];
        var bytes = new byte[size];
        fixed (byte* to = bytes) read(handle, to);
        return bytes;
    }

    static int Most(Regex pattern, string log) =>
        pattern.Matches(log).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();

    static (PtxAssembler?, string) Find()
    {
        if (Locate() is not { } file) return (null, $"no assembler: {Variable} names none, and ../{Beside} is not beside the checkout");
        try
        {
            var library = NativeLibrary.Load(file.EndsWith(".xz", StringComparison.Ordinal) ? Unpacked(file) : file);
            var versions = from major in new[] { 13, 12 } from minor in Enumerable.Range(0, 20).Reverse() select $"{major}_{minor}";
            var version = versions.FirstOrDefault(version => NativeLibrary.TryGetExport(library, $"__nvJitLinkCreate_{version}", out _));
            return version is null ? (null, $"{file} has no nvJitLinkCreate of a version that is known here") : (new(library, version), "");
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or System.ComponentModel.Win32Exception or IOException)
        {
            return (null, $"{file} cannot be loaded: {e.Message}");
        }
    }

    static string? Locate([CallerFilePath] string here = "")
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return named;
        var packed = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", Beside));
        return File.Exists(packed) ? packed : null;
    }

    // Once for each version of the file; moved into place, so that another process never loads half of it.
    static string Unpacked(string packed)
    {
        var target = Path.Combine(Path.GetTempPath(), $"silc-nvjitlink-{new FileInfo(packed).Length}.so");
        if (File.Exists(target)) return target;
        var part = $"{target}.{Environment.ProcessId}";
        using (var xz = Process.Start(new ProcessStartInfo("xz", ["-dkc", packed]) { RedirectStandardOutput = true })!)
        {
            using (var to = File.Create(part)) xz.StandardOutput.BaseStream.CopyTo(to);
            xz.WaitForExit();
            if (xz.ExitCode != 0) throw new IOException($"xz ends with {xz.ExitCode}");
        }
        File.Move(part, target, overwrite: true);
        return target;
    }

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex UsedRegisters();

    [GeneratedRegex(@"(\d+) bytes spill (?:stores|loads)")]
    private static partial Regex Spilled();
}
