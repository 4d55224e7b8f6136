// Frames: the length of the body as four bytes, little-endian, a byte for the kind, and the body. A length past its kind's cap
// is refused before a byte of it is read.
using System;
using System.IO;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Channel
{
    /// <summary>One frame that came.</summary>
    internal readonly struct Frame
    {
        internal Frame(FrameKind kind, byte[] body)
        {
            Kind = kind;
            Body = body;
        }

        internal FrameKind Kind { get; }

        internal byte[] Body { get; }
    }

    /// <summary>Reads and writes frames.</summary>
    internal static class Frames
    {
        /// <summary>Bytes of a blob frame before its part: request, part, and whether it is the last.</summary>
        internal const int BlobHeaderBytes = 13;
        internal const int CancelBytes = 8;
        internal const int CreditBytes = 12;
        private const int ProofCap = 128;

        /// <summary>The next frame.</summary>
        /// <exception cref="EndOfStreamException">The channel ended.</exception>
        /// <exception cref="InvalidDataException">The bytes are no frame.</exception>
        internal static Frame Read(Stream stream)
        {
            var header = Exactly(stream, Limits.HeaderBytes);
            var length = BitConverter.ToUInt32(header, 0);
            var kind = (FrameKind)header[4];
            if (kind > FrameKind.Proof || length > Cap(kind))
            {
                throw new InvalidDataException("no frame");
            }
            return new Frame(kind, Exactly(stream, (int)length));
        }

        /// <summary>A frame as it is sent.</summary>
        internal static byte[] Write(FrameKind kind, byte[] body)
        {
            if (body.Length > Cap(kind))
            {
                throw new InvalidDataException("a body past its cap");
            }
            var bytes = new byte[Limits.HeaderBytes + body.Length];
            Number(bytes, 0, (uint)body.Length);
            bytes[4] = (byte)kind;
            Buffer.BlockCopy(body, 0, bytes, Limits.HeaderBytes, body.Length);
            return bytes;
        }

        /// <summary>A part of a blob as it is sent.</summary>
        internal static byte[] Blob(ulong request, uint part, bool isLast, byte[] whole, int from, int count)
        {
            var body = new byte[BlobHeaderBytes + count];
            Number(body, 0, (uint)request);
            Number(body, 4, (uint)(request >> 32));
            Number(body, 8, part);
            body[12] = isLast ? (byte)1 : (byte)0;
            Buffer.BlockCopy(whole, from, body, BlobHeaderBytes, count);
            return Write(FrameKind.Blob, body);
        }

        private static int Cap(FrameKind kind) => kind switch
        {
            FrameKind.Cancel => CancelBytes,
            FrameKind.Blob => Limits.BlobPartCap + BlobHeaderBytes,
            FrameKind.Credit => CreditBytes,
            FrameKind.Alive => 0,
            FrameKind.Proof => ProofCap,
            _ => Limits.FrameCap,
        };

        private static void Number(byte[] bytes, int at, uint value)
        {
            for (var place = 0; place < 4; place++)
            {
                bytes[at + place] = (byte)(value >> (8 * place));
            }
        }

        private static byte[] Exactly(Stream stream, int count)
        {
            var bytes = new byte[count];
            var read = 0;
            while (read < count)
            {
                var more = stream.Read(bytes, read, count - read);
                if (more <= 0)
                {
                    throw new EndOfStreamException();
                }
                read += more;
            }
            return bytes;
        }
    }
}
