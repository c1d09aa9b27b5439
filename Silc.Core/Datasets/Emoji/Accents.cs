namespace Silc;

/// <summary>
/// Western accents off their letters. The runtime's own decomposition is not there where globalization is switched off.
/// </summary>
static class Accents
{
    const string With = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöøùúûüýÿ";
    const string Without = "AAAAAACEEEEIIIINOOOOOOUUUUYaaaaaaceeeeiiiinoooooouuuuyy";

    /// <summary>The plain letter for an accented one, any other character as it is.</summary>
    public static char Strip(char letter) => With.IndexOf(letter) is >= 0 and var i ? Without[i] : letter;
}
