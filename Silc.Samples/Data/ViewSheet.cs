namespace Silc.Samples.Data;

/// <summary>A page of images, each with the views that training would make of it in the first epoch.</summary>
static class ViewSheet
{
    const int Rows = 8, MostLocal = 4;

    public static void Write(string path, IImageTextSource source, SilcConfig config)
    {
        var views = config.Views;
        config = config with { Views = views with { Local = views.Naflex > 0 ? 0 : Math.Min(views.Local, MostLocal) } };
        var sampler = new ViewSampler(config, seed: 0);
        var rows = new List<ContactSheetRow>();
        var batch = new Batch(config, 1);
        int candidates = Math.Min(source.Count, 4 * Rows);      // more than rows: some may be unreadable
        for (int i = 0; i < candidates && rows.Count < Rows; i++)
        {
            int index = (int)((long)i * source.Count / candidates);
            ImageTextPair pair;
            try
            {
                pair = source.Read(index);
            }
            catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                continue;       // the table says why
            }
            List<ContactSheetCell> cells = [new(pair.Image, $"{pair.Image.Width} x {pair.Image.Height}", null)];
            if (batch.Packed is { } packed)
            {
                foreach (var length in views.NaflexLengths)
                {
                    sampler.FillPacked(pair.Image, epoch: 0, index, batch, slot: 0, length);
                    cells.Add(new(Joined(packed, config.PatchSize), $"{packed.Grid(0).Rows} x {packed.Grid(0).Columns} patches", null));
                }
                rows.Add(new(pair.Captions.FirstOrDefault(""), cells));
                continue;
            }
            sampler.Fill(pair.Image, epoch: 0, index, batch, slot: 0);
            if (views.Plain) cells.Add(new(View(batch.Plain, 0, config.ImageSize), "plain", null));
            for (int view = 0; view < views.Global; view++) cells.Add(new(View(batch.Global, view, config.ImageSize), $"global {view + 1}", null));
            for (int view = 0; view < (views.AnchorScale > 0 ? views.Global : 0); view++)
                cells.Add(new(View(batch.Anchor, view, views.AnchorScale * config.ImageSize), $"anchor {view + 1}", null));
            for (int view = 0; view < config.Views.Local; view++) cells.Add(new(View(batch.Local, view, views.LocalSize), $"local {view + 1}", null));
            rows.Add(new(pair.Captions.FirstOrDefault(""), cells));
        }
        if (rows.Count == 0) throw new InvalidDataException($"{source.Name}: none of {candidates} images can be read");
        ContactSheet.Write(path, rows, $"{source.Name}: images and their views");
    }

    static RgbImage Joined(PackedImages packed, int patch)
    {
        var grid = packed.Grid(0);
        var values = packed.Patches(0);
        int width = grid.Columns * patch;
        var rgba = new byte[width * grid.Rows * patch * 4];
        for (int i = 0; i < values.Length; i++)
        {
            int at = i / packed.PatchSize, inside = i % packed.PatchSize;
            int y = at / grid.Columns * patch + inside / (3 * patch), x = at % grid.Columns * patch + inside / 3 % patch;
            rgba[4 * (y * width + x) + inside % 3] = Byte(values[i]);
            rgba[4 * (y * width + x) + 3] = 255;
        }
        return new(width, grid.Rows * patch, rgba);
    }

    static byte Byte(float value) => (byte)Math.Clamp((value + 1) * 127.5f + 0.5f, 0, 255);

    static RgbImage View(float[] values, int view, int size)
    {
        var rgba = new byte[size * size * 4];
        for (int pixel = 0; pixel < size * size; pixel++)
        {
            for (int channel = 0; channel < 3; channel++)
                rgba[4 * pixel + channel] = Byte(values[(view * size * size + pixel) * 3 + channel]);
            rgba[4 * pixel + 3] = 255;
        }
        return new(size, size, rgba);
    }
}
