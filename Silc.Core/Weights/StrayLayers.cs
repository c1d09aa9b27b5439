namespace Silc;

/// <summary>What layers are that some towers have and Silc's have not, by their names in big_vision, timm and transformers.</summary>
static class StrayLayers
{
    static readonly (string Part, string Meaning)[] known =
    [
        (".ls1.", "timm's layer scale (init_values)"),
        (".ls2.", "timm's layer scale (init_values)"),
        (".q_norm.", "a norm of queries and keys (qk_norm)"),
        (".k_norm.", "a norm of queries and keys (qk_norm)"),
        ("query_norm", "a norm of queries and keys (qk_norm)"),
        ("key_norm", "a norm of queries and keys (qk_norm)"),
        ("reg_token", "register tokens (reg_tokens)"),
        ("cls_token", "a class token"),
        ("img/cls", "a class token (pool_type=\"tok\")"),
        ("class_embedding", "a class token"),
        (".norm_pre.", "a norm in front of the first block (pre_norm)"),
        (".ln_pre.", "a norm in front of the first block"),
        (".fc_norm.", "a norm behind the pooling (fc_norm)"),
        (".visual.head.", "a projection of the image tower"),
        ("lora_", "an adapter (LoRA): merge it into the weights first"),
    ];

    /// <summary>In words; null for names that are not known.</summary>
    public static string? Meaning(string name) => known.FirstOrDefault(layer => name.Contains(layer.Part, StringComparison.Ordinal)).Meaning;
}
