namespace Silc;

/// <summary>
/// TensorFlow's <c>tf.image.resize</c>, bilinear without antialias, and its cast back to uint8, which cuts fractions off: big_vision's <c>resize</c>.
/// In float32, term by term as TensorFlow's kernel (resize_bilinear_op.cc, half-pixel centres) has it.
/// </summary>
static class TfResize
{
    /// <summary>Writes the part of the resized image; alpha is not looked at.</summary>
    public static void Fill(RgbImage image, Frame frame, Span<float> target)
    {
        float perColumn = image.Width / (float)frame.Across, perRow = image.Height / (float)frame.Down;
        Span<Tap> columns = frame.Width <= 1024 ? stackalloc Tap[frame.Width] : new Tap[frame.Width];
        for (int x = 0; x < columns.Length; x++) columns[x] = new(frame.Left + x, perColumn, image.Width);
        for (int y = 0; y < frame.Height; y++)
        {
            var row = new Tap(frame.Top + y, perRow, image.Height);
            var above = image.Rgba.AsSpan(row.Low * image.Width * 4);
            var below = image.Rgba.AsSpan(row.High * image.Width * 4);
            for (int x = 0; x < columns.Length; x++)
            {
                var column = columns[x];
                for (int channel = 0; channel < 3; channel++)
                {
                    int left = column.Low * 4 + channel, right = column.High * 4 + channel;
                    float top = above[left] + (above[right] - above[left]) * column.Fraction;
                    float bottom = below[left] + (below[right] - below[left]) * column.Fraction;
                    target[(y * columns.Length + x) * 3 + channel] = (byte)(top + (bottom - top) * row.Fraction) / 255f;
                }
            }
        }
    }

    // The two pixels around an output's centre, and the weight of the second.
    readonly struct Tap
    {
        public readonly int Low, High;
        public readonly float Fraction;

        public Tap(int output, float scale, int inputs)
        {
            float at = (output + 0.5f) * scale - 0.5f, floor = MathF.Floor(at);
            (Low, High, Fraction) = (Math.Max((int)floor, 0), Math.Min((int)MathF.Ceiling(at), inputs - 1), at - floor);
        }
    }
}
