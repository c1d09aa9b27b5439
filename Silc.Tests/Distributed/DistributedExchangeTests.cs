namespace Silc.Tests;

/// <summary>A rank that makes other exchanges than the rest, or in another order, is named with what it makes and what they make.</summary>
[TestClass]
public sealed class DistributedExchangeTests
{
    [TestMethod]
    public void A_rank_that_skips_one_is_named_with_both()
    {
        var error = Assert.ThrowsExactly<CollectiveException>(() => Train(rank => rank == 1));
        StringAssert.Contains(error.Message, "rank 1 makes other exchanges than rank 0: number 2 since the last vote is a vote on rank 1, "
            + "an all-reduce of 8 values on rank 0");
    }

    /// <summary>The others are told, too: rank 0 is what all are compared with.</summary>
    [TestMethod]
    public void Rank_0_that_skips_one_is_named_with_both()
    {
        var error = Assert.ThrowsExactly<CollectiveException>(() => Train(rank => rank == 0));
        StringAssert.Contains(error.Message, "rank 1 makes other exchanges than rank 0: number 2 since the last vote is an all-reduce of 8 values on "
            + "rank 1, a vote on rank 0");
    }

    [TestMethod]
    public void Ranks_that_skip_none_or_all_the_same_go_on()
    {
        Train(_ => false);
        Train(_ => true);
    }

    static void Train(Func<int, bool> skips) => Ranks.Run(3, collective =>
    {
        using var device = Device.Cpu(1);
        collective.Bind(device);
        using var memory = device.Allocate(8, "test");
        var values = new Tensor(memory.View.AsContiguous(), 1, 8);
        for (int step = 0; step < 2; step++)
        {
            collective.Broadcast(values);
            if (step == 0 || !skips(collective.Rank)) collective.AllReduce(values);
            Assert.AreEqual(Votes.None, collective.Agree(Votes.None));
        }
        return true;
    });

    /// <summary>What a vote of processes compares: number and hash, as floats of which ranks take the largest.</summary>
    [TestMethod]
    public void A_vote_tells_other_exchanges_apart()
    {
        var all = Log((ExchangeKind.AllGather, 4), (ExchangeKind.AllReduce, 8));
        Assert.IsTrue(Agree(all, Log((ExchangeKind.AllGather, 4), (ExchangeKind.AllReduce, 8))));
        Assert.IsFalse(Agree(all, Log((ExchangeKind.AllGather, 4))));
        Assert.IsFalse(Agree(all, Log((ExchangeKind.AllReduce, 8), (ExchangeKind.AllGather, 4))));
        Assert.IsFalse(Agree(all, Log((ExchangeKind.AllGather, 4), (ExchangeKind.AllReduce, 9))));
        Assert.IsFalse(Agree(all, Log((ExchangeKind.AllGather, 4), (ExchangeKind.Broadcast, 8))));

        static bool Agree(ExchangeLog first, ExchangeLog second)
        {
            float[] a = new float[ExchangeLog.Values], b = new float[ExchangeLog.Values];
            first.Put(a);
            second.Put(b);
            return ExchangeLog.Agree([.. a.Zip(b, Math.Max)]);
        }
    }

    [TestMethod]
    public void What_ranks_send_of_theirs_names_the_first_difference()
    {
        StringAssert.Contains(Differ(Log((ExchangeKind.Share, 0), (ExchangeKind.AllGather, 4)), Log((ExchangeKind.Share, 0))),
            "rank 1 makes other exchanges than rank 0: number 2 since the last vote is none on rank 1, an all-gather of 4 values on rank 0");
        // More than are kept for the message.
        var many = Enumerable.Repeat((ExchangeKind.AllReduce, 1L), 5000).ToArray();
        StringAssert.Contains(Differ(Log(many), Log([.. many, (ExchangeKind.AllReduce, 1)])), "rank 1 has made 5,001 exchanges, rank 0 5,000");

        static string Differ(params ExchangeLog[] logs) => ExchangeLog.Differ(ExchangeLog.Read([.. logs.SelectMany(log => log.Write())])).Message;
    }

    static ExchangeLog Log(params (ExchangeKind Kind, long Count)[] exchanges)
    {
        var log = new ExchangeLog();
        log.Begin();
        foreach (var (kind, count) in exchanges) log.Add(kind, count);
        return log;
    }
}
