using System.Runtime.Intrinsics.X86;

namespace Silc.Tests;

/// <summary>Heads on devices that do not train.</summary>
[TestClass]
public sealed class HeadPrecisionTests
{
    [TestMethod]
    public void A_head_is_asked_in_8_bits_and_not_trained()
    {
        if (!AvxVnni.IsSupported) Assert.Inconclusive("this processor has no AVX-VNNI");
        using var device = Device.Cpu(2, Precision.Int8);
        using var model = SilcModel.Create(device, TinyRun.Config with { ImageSize = 32, VocabSize = 258 }, 3, new ByteTokenizer());
        var halves = new HeadTest.Halves(6);
        using var adapter = SegmentationHead.Create(model, HeadKind.Adapter, halves.Classes.Names, Prompts.NameOnly);
        using var finder = DetectionHead.Create(model, new DemoDetection(1, 3, 32).Truth.Classes().Names, Prompts.NameOnly);
        using var examples = DecoderExamples.OfCaptions(model, new DemoSource(4, 1, 32));
        using var writer = DecoderHead.Create(model, examples, new DecoderConfig(Width: 16, Depth: 1, Heads: 2));
        var train = new HeadTrainConfig(Steps: 2, BatchSize: 2);
        foreach (var begin in (Func<IDisposable>[])[() => new HeadRun(adapter, halves, train),
            () => new DetectionRun(finder, new DemoDetection(6, 3, 32), train), () => new DecoderRun(writer, examples, train)])
        {
            var message = Assert.ThrowsExactly<ArgumentException>(() => begin()).Message;
            Assert.Contains("do not learn", message);
            Assert.Contains("another precision", message);
        }
        Assert.HasCount(1, finder.Detect(halves.Read(0).Image, finder.Prototypes(ClassList.Of(["red"])), most: 1));
    }
}
