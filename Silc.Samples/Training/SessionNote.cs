using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Silc.Samples.Training;

/// <summary>Where and with what a run was trained, as its checkpoints keep it.</summary>
/// <param name="Device">Name and capabilities.</param>
/// <param name="Silc">Version of the library.</param>
/// <param name="Framework">Version of .NET.</param>
/// <param name="Ilgpu">Version of ILGPU.</param>
/// <param name="System">Operating system and its architecture.</param>
/// <param name="DeviceBytes">Memory set aside on the device.</param>
/// <param name="ActivationBytes">Part of it that holds activations.</param>
/// <param name="Parameters">Of both towers.</param>
sealed record SessionNote(
    string Device, string Silc, string Framework, string Ilgpu, string System, long DeviceBytes, long ActivationBytes, long Parameters)
{
    public const string Key = "silc session";

    public static SessionNote Of(SilcModel model, Trainer? trainer) => new(
        $"{model.Device}", Checkpoint.LibraryVersion, RuntimeInformation.FrameworkDescription, VersionOf(typeof(ILGPU.Context).Assembly),
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}",
        model.Device.AllocatedBytes, trainer?.ActivationBytes ?? 0, model.TowerParameterCount);

    /// <summary>What a checkpoint says of it; null if an earlier version or another program wrote it.</summary>
    public static SessionNote? Read(Checkpoint checkpoint) =>
        checkpoint.Notes.TryGetValue(Key, out var note) ? JsonSerializer.Deserialize<SessionNote>(note) : null;

    public string Write() => JsonSerializer.Serialize(this);

    static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? $"{assembly.GetName().Version}";
}
