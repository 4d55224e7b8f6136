// Both sides prove that they know the secret of this one session, over everything that makes the channel what it is. The bytes
// are those of the server's `Transcript`; which gates are open is part of them.
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Channel
{
    /// <summary>The inspector's side of the proofs.</summary>
    internal static class Proof
    {
        private const uint AllGates =
            Limits.SensitiveReads | Limits.Screenshots | Limits.ViewModel | Limits.Destructive;

        /// <summary>Proves and has proved to it; the gates of the session, or none when the server did not prove.</summary>
        internal static uint? Exchange(Stream stream, ParameterBlock block)
        {
            var first = Part(stream, Limits.NonceBytes + 4);
            if (first == null)
            {
                return null;
            }
            var mask = System.BitConverter.ToUInt32(first, Limits.NonceBytes);
            if ((mask & ~AllGates) != 0)
            {
                return null;
            }
            var own = new byte[Limits.NonceBytes];
            using (var random = RandomNumberGenerator.Create())
            {
                random.GetBytes(own);
            }
            var answer = new byte[Limits.NonceBytes + Limits.ProofBytes];
            own.CopyTo(answer, 0);
            Hash(block, Limits.InspectorLabel, mask, first, own).CopyTo(answer, Limits.NonceBytes);
            var frame = Frames.Write(FrameKind.Proof, answer);
            stream.Write(frame, 0, frame.Length);
            stream.Flush();
            var proof = Part(stream, Limits.ProofBytes);
            return proof != null && AreEqual(proof, Hash(block, Limits.ServerLabel, mask, first, own)) ? mask : (uint?)null;
        }

        /// <summary>Whether two byte strings are equal, in a time that does not tell where they differ.</summary>
        internal static bool AreEqual(byte[] one, byte[] other)
        {
            if (one.Length != other.Length)
            {
                return false;
            }
            var differs = 0;
            for (var at = 0; at < one.Length; at++)
            {
                differs |= one[at] ^ other[at];
            }
            return differs == 0;
        }

        private static byte[]? Part(Stream stream, int length)
        {
            var frame = Frames.Read(stream);
            return frame.Kind == FrameKind.Proof && frame.Body.Length == length ? frame.Body : null;
        }

        private static byte[] Hash(ParameterBlock block, string label, uint mask, byte[] serverPart, byte[] own) =>
            Hash(block, label, Native.GetCurrentProcessId(), Native.OwnStart(), mask, serverPart, own);

        /// <summary>The keyed hash; the process that it speaks of is given, so that a test can compare it with the server's.</summary>
        internal static byte[] Hash(
            ParameterBlock block, string label, uint process, ulong started, uint mask, byte[] serverPart, byte[] own)
        {
            using var bytes = new MemoryStream();
            using var writer = new BinaryWriter(bytes);
            writer.Write(Encoding.UTF8.GetBytes(label));
            writer.Write((byte)0);
            writer.Write(block.ServerProcess);
            writer.Write(block.ServerStarted);
            writer.Write(process);
            writer.Write(started);
            writer.Write(mask);
            writer.Write(block.Certificate);
            writer.Write(serverPart, 0, Limits.NonceBytes);
            writer.Write(own);
            writer.Write(block.PipeBytes());
            writer.Flush();
            using var hash = new HMACSHA256(block.Secret);
            return hash.ComputeHash(bytes.ToArray());
        }
    }
}
