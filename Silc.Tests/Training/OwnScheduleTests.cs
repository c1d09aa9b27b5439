namespace Silc.Tests;

[TestClass]
public sealed class OwnScheduleTests
{
    [TestMethod]
    public void A_schedule_of_ones_own_decides_on_the_learning_rate()
    {
        using var usual = new TinyRun(TestDevices.OneThread);
        using var own = new TinyRun(TestDevices.OneThread);
        own.Trainer.Schedule = step => step == 1 ? 0 : 1;
        Assert.AreEqual(TinyRun.Recipe.LearningRate, own.Step(own.Batch(0)).LearningRate);
        usual.Steps(0);
        var before = own.Read(own.Model.Parameters.Values);
        CollectionAssert.AreEqual(usual.Read(usual.Model.Parameters.Values), before);
        Assert.AreEqual(0, own.Step(own.Batch(1)).LearningRate);
        CollectionAssert.AreEqual(before, own.Read(own.Model.Parameters.Values), "a step at rate 0 moves nothing");
        own.Steps(2);
        CollectionAssert.AreNotEqual(before, own.Read(own.Model.Parameters.Values));
        own.Trainer.Schedule = _ => double.NaN;
        Assert.Contains("step 3", Assert.ThrowsExactly<ArgumentException>(() => own.Steps(3)).Message);
    }
}
