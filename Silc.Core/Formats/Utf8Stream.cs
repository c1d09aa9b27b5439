using System.Text;

namespace Silc;

/// <summary>Hands bytes through and checks on the way that they are UTF-8. What begins with the mark of UTF-16 is not checked.</summary>
/// <param name="inner">Bytes; disposed of with this stream.</param>
/// <param name="path">What the error calls them.</param>
sealed class Utf8Stream(Stream inner, string path) : Stream
{
    readonly Decoder decoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
    readonly char[] scratch = new char[4096];
    long line = 1, position;
    bool isUtf16;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int got = inner.Read(buffer);
        if (position == 0 && buffer[..got] is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) isUtf16 = true;
        position += got;
        if (!isUtf16) Check(buffer[..got], atEnd: got == 0 && buffer.Length > 0);
        return got;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    // The decoder keeps a character that a read cuts in two.
    void Check(ReadOnlySpan<byte> bytes, bool atEnd)
    {
        while (!bytes.IsEmpty || atEnd)
        {
            var part = bytes[..Math.Min(bytes.Length, scratch.Length / 2)];
            try
            {
                decoder.GetChars(part, scratch, atEnd);
            }
            catch (DecoderFallbackException error)
            {
                // The index counts from this part, and is negative for what the last one began.
                line += Lines(part[..Math.Clamp(error.Index, 0, part.Length)]);
                throw new InvalidDataException($"{path} line {line} is not UTF-8 (byte {error.BytesUnknown?[0]:X2}): save the file as UTF-8, or "
                    + "convert it by iconv -f WINDOWS-1252 -t UTF-8", error);
            }
            line += Lines(part);
            bytes = bytes[part.Length..];
            atEnd = false;
        }
    }

    static int Lines(ReadOnlySpan<byte> bytes) => bytes.Count((byte)'\n');

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
