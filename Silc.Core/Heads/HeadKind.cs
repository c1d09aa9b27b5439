namespace Silc;

/// <summary>What a head over the features of a tower is made of.</summary>
public enum HeadKind
{
    /// <summary>
    /// Moves each patch in the space of texts by a linear layer of its token: u = L2(A + W·LN(Z) + b). Before its first step it segments as the
    /// model does without a head.
    /// </summary>
    Adapter,

    /// <summary>CAT-Seg: the cosines of patches and classes as maps, which attention over places and over classes refines. Cho et al. 2024.</summary>
    CatSeg,

    /// <summary>OWL-ViT: a class embedding and a box for every patch, which finds things named by words. Minderer et al. 2022.</summary>
    Owl,

    /// <summary>A decoder that writes a caption, word by word, from the tokens of an image. Beyer et al. 2023.</summary>
    Caption,

    /// <summary>The same decoder, which begins with a question and goes on with its answer.</summary>
    Answer,
}

/// <summary>Which loss a head for segmentation is trained with.</summary>
public enum HeadLoss
{
    /// <summary>Cross-entropy of a softmax over the classes, at every labelled place.</summary>
    Softmax,

    /// <summary>Binary cross-entropy of each class at every labelled place.</summary>
    Binary,
}
