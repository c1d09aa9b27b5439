namespace Silc;

/// <summary>
/// The random streams of the data side. Each is a function of what it is for, so order, views and captions are the same for any
/// number of workers and after a resume. The upper half of the key keeps them apart from each other and from initial weights.
/// </summary>
static class DataStreams
{
    /// <summary>Order of the samples in an epoch.</summary>
    public static Philox Order(int seed, long epoch) => new(Key(seed, 1), (ulong)epoch);

    /// <summary>Choice of a sample's caption.</summary>
    public static Philox Caption(int seed, long epoch, int sample) => new(Key(seed, 2), Counter(epoch, sample, 0));

    /// <summary>Crop and colours of one view.</summary>
    public static Philox View(int seed, long epoch, int sample, int view) => new(Key(seed, 3), Counter(epoch, sample, view));

    /// <summary>Which patches of one view of the image at a place of a step's batch are hidden.</summary>
    public static Philox Mask(int seed, long step, int place, int view) => new(Key(seed, 4), Counter(step, place, view));

    /// <summary>How many patches the images of a step's batch hide.</summary>
    public static Philox MaskShare(int seed, long step, int view) => new(Key(seed, 5), Counter(step, 0, view));

    /// <summary>Whether a decoder says the tokens of a step's captions at once.</summary>
    public static Philox Decoder(int seed, long step) => new(Key(seed, 6), Counter(step, 0, 0));

    /// <summary>How many patches the images of a step's batch have at most.</summary>
    public static Philox Naflex(int seed, long step) => new(Key(seed, 7), Counter(step, 0, 0));

    /// <summary>Choice of the box that a view's located captions are of.</summary>
    public static Philox Box(int seed, long epoch, int sample, int view) => new(Key(seed, 8), Counter(epoch, sample, view));

    static ulong Key(int seed, uint purpose) => (ulong)purpose << 32 | (uint)seed;

    // 24 bits of epoch or step, 32 of sample, 8 of view.
    static ulong Counter(long epoch, int sample, int view) => (ulong)epoch << 40 | (ulong)(uint)sample << 8 | (byte)view;
}
