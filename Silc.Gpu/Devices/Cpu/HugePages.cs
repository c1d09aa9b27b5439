using System.Runtime.InteropServices;

namespace Silc;

/// <summary>
/// Asks Linux to back large buffers by huge pages of 2 MiB: a step walks through hundreds of megabytes, more than the TLB covers in pages
/// of 4 KiB. A system without huge pages ignores it.
/// </summary>
static partial class HugePages
{
    const nint Page = 2 << 20;
    const int Advice = 14;      // MADV_HUGEPAGE

    public static void Advise(nint address, long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes < 2 * Page) return;
        nint first = (address + Page - 1) / Page * Page, end = (address + (nint)bytes) / Page * Page;
        try
        {
            // Errors are ignored: the pages stay small.
            if (end > first) _ = MemoryAdvise(first, (nuint)(end - first), Advice);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(nint address, nuint length, int advice);
}
