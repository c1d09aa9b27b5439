namespace Silc.Samples.Heads;

/// <summary>Asks a head about data that are open.</summary>
/// <param name="model">Whose head it is.</param>
/// <param name="head">Of the kind that the data are for.</param>
/// <param name="floors">Also measures what is right without it.</param>
delegate HeadAnswers HeadAsking(SilcModel model, ITrainedHead head, bool floors);
