namespace Silc;

/// <summary>Time that went into each stage of loading, summed over threads.</summary>
/// <param name="Read">Reading files.</param>
/// <param name="Decode">Decoding images; drawing them, for sources that draw.</param>
/// <param name="Augment">Crops, resampling and colours of all views.</param>
/// <param name="Tokenize">Captions to token ids.</param>
/// <param name="Upload">Copying batches to the device, concurrently with the previous step; 0 without training.</param>
sealed record LoadTimes(TimeSpan Read, TimeSpan Decode, TimeSpan Augment, TimeSpan Tokenize, TimeSpan Upload = default)
{
    /// <summary>Stages by name, in their order.</summary>
    public IReadOnlyList<(string Name, TimeSpan Time)> Stages =>
        [("read", Read), ("decode", Decode), ("augment", Augment), ("tokenize", Tokenize), ("upload", Upload)];

    /// <summary>Name of the stage that takes most time: what to speed up when training waits for data.</summary>
    public string Slowest => Stages.MaxBy(stage => stage.Time).Name;

    /// <summary>Times since an earlier reading.</summary>
    public static LoadTimes operator -(LoadTimes now, LoadTimes before) =>
        new(now.Read - before.Read, now.Decode - before.Decode, now.Augment - before.Augment, now.Tokenize - before.Tokenize,
            now.Upload - before.Upload);
}
