using System.Text;

namespace Silc;

/// <summary>
/// What the driver's assembler says of a text. ILGPU drops it, so that a text which it has failed to load is given to the driver once more. The
/// context is the one that is current on this thread.
/// </summary>
static class AssemblerLog
{
    const int Bytes = 16 << 10, MostLines = 20;

    /// <summary>The driver's answer, 0 if it takes the text, and the log's first lines on one line: errors, then remarks.</summary>
    public static unsafe (int Answer, string Log) Of(string ptx)
    {
        byte[] errors = new byte[Bytes], remarks = new byte[Bytes];
        int answer;
        fixed (byte* text = Encoding.UTF8.GetBytes($"{ptx}\0"), errorsAt = errors, remarksAt = remarks)
        {
            var options = stackalloc int[] { CudaDriver.JitErrorLog, CudaDriver.JitErrorLogBytes, CudaDriver.JitInfoLog, CudaDriver.JitInfoLogBytes };
            // The driver takes each value in the place of a pointer.
            void** values = stackalloc void*[] { errorsAt, (void*)Bytes, remarksAt, (void*)Bytes };
            answer = CudaDriver.cuModuleLoadDataEx(out var module, text, 4, options, values);
            if (answer == 0) _ = CudaDriver.cuModuleUnload(module);
        }
        var lines = $"{Text(errors)}\n{Text(remarks)}".Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return (answer, lines.Length == 0 ? "nothing" : string.Join(" | ", lines.Take(MostLines)));
    }

    static string Text(byte[] zeroed) => Encoding.UTF8.GetString(zeroed, 0, Math.Max(0, Array.IndexOf(zeroed, (byte)0)));
}
