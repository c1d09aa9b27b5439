using System.Globalization;

namespace Silc;

// The whole state of a run in one file.
public sealed partial class Trainer
{
    const string StepKey = "silc.step", UpdatesKey = "silc.updates";

    /// <summary>Writes student, teacher, center, optimizer moments and step to one safetensors file; nothing is left half-written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">As for <see cref="SilcModel.Save"/>.</param>
    public void Save(string path, string tokenizer = "bytes")
    {
        List<NamedArray> arrays = [.. student.Parameters.ToArrays(), .. optimizer.ToArrays()];
        if (Teacher is not null)
        {
            arrays.AddRange(Teacher.Parameters.ToArrays("teacher/"));
            arrays.Add(new("teacher/center", [Teacher.Center.Count], device.Download(Teacher.Center.View.SubView(0, Teacher.Center.Count))));
        }
        var metadata = student.Metadata(tokenizer);
        metadata[StepKey] = Steps.ToString(CultureInfo.InvariantCulture);
        metadata[UpdatesKey] = gate.Read()[StepGate.Updates].ToString(CultureInfo.InvariantCulture);
        Safetensors.Write(path, arrays, metadata);
    }

    /// <summary>Continues from a file that <see cref="Save"/> wrote, for the same model and training configuration.</summary>
    /// <exception cref="InvalidDataException">Something is missing or has another shape; the message names it.</exception>
    public void Load(string path)
    {
        var file = Safetensors.Read(path);
        if (!file.Metadata.TryGetValue(StepKey, out var step))
            throw new InvalidDataException($"{path} has no '{StepKey}' in its metadata: it holds a model, not a run that can be continued");
        var arrays = file.Arrays.ToDictionary(entry => entry.Key, entry => entry.Value.ToNamedArray());
        student.Parameters.Load(arrays, origin: path);
        optimizer.Load(arrays, path);
        if (Teacher is not null)
        {
            Teacher.Parameters.Load(arrays, "teacher/", path);
            if (!arrays.TryGetValue("teacher/center", out var center) || center.Values.Length != Teacher.Center.Count)
                throw new InvalidDataException($"{path} lacks 'teacher/center' of {Teacher.Center.Count} values");
            device.Upload<float>(center.Values, Teacher.Center.View.SubView(0, Teacher.Center.Count));
        }
        Steps = long.Parse(step, CultureInfo.InvariantCulture);
        gate.SetUpdates(float.Parse(file.Metadata.GetValueOrDefault(UpdatesKey, step), CultureInfo.InvariantCulture));
    }
}
