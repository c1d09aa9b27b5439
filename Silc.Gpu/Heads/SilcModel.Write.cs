namespace Silc;

// Captions and answers.
public sealed partial class SilcModel
{
    /// <summary>
    /// Writes a caption for an image, by a head that was trained on this model. For many images take <see cref="DecoderHead.Captions"/>.
    /// </summary>
    /// <param name="image">Decoded; <see cref="ImageFile"/> reads files, streams and bytes.</param>
    /// <param name="head">Of <c>silc head train caption</c> or <see cref="DecoderRun"/>.</param>
    /// <param name="beam">Texts that are followed at once; 1 takes the most probable word each time.</param>
    /// <returns>Words in lower case with spaces between them.</returns>
    /// <exception cref="ArgumentException">The head is of another model, or the beam is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The head answers questions.</exception>
    public string Caption(RgbImage image, DecoderHead head, int beam = 1)
    {
        RequireOwn(head);
        return head.Captions([image], beam)[0].Text;
    }

    /// <summary>Answers a question about an image, by a head that was trained on this model.</summary>
    /// <param name="image">Decoded; <see cref="ImageFile"/> reads files, streams and bytes.</param>
    /// <param name="question">Its words; those that training did not show are unknown to the head.</param>
    /// <param name="head">Of <c>silc head train answer</c> or <see cref="DecoderRun"/>.</param>
    /// <param name="beam">Texts that are followed at once; 1 takes the most probable word each time.</param>
    /// <returns>Words in lower case with spaces between them.</returns>
    /// <exception cref="ArgumentException">The head is of another model, the question has no word, or the beam is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The head writes captions.</exception>
    public string Answer(RgbImage image, string question, DecoderHead head, int beam = 1)
    {
        RequireOwn(head);
        return head.Answers([image], [question], beam)[0].Text;
    }

    void RequireOwn(DecoderHead head) =>
        Require.That(head.Model == this, "the head was loaded beside another model: load it beside this one");
}
