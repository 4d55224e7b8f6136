// What the inspector is started with, as the server writes it: where to connect, whom to find there, and the secret of this
// one session. Nothing of it is ever repeated in an error.
using System.Globalization;
using System.Text;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Channel
{
    /// <summary>A parameter block.</summary>
    internal sealed class ParameterBlock
    {
        private const int PipeCap = 128;

        private ParameterBlock(string pipe, uint process, ulong started, byte[] certificate, byte[] secret)
        {
            Pipe = pipe;
            ServerProcess = process;
            ServerStarted = started;
            Certificate = certificate;
            Secret = secret;
        }

        /// <summary>The pipe's name without its prefix.</summary>
        internal string Pipe { get; }

        internal uint ServerProcess { get; }

        /// <summary>In 100 ns units since 1601.</summary>
        internal ulong ServerStarted { get; }

        /// <summary>The SHA-256 of the server's certificate, DER.</summary>
        internal byte[] Certificate { get; }

        internal byte[] Secret { get; }

        /// <summary>Reads a block; none for a text that is not the one writing of a block.</summary>
        internal static ParameterBlock? Read(string? text)
        {
            var fields = (text ?? "").Split(';');
            if (fields.Length != 6 || fields[0] != Limits.BlockHead)
            {
                return null;
            }
            var pipe = Field(fields[1], "pipe");
            var process = Field(fields[2], "server");
            var started = Field(fields[3], "started");
            var certificate = Bytes(Field(fields[4], "certificate"));
            var secret = Bytes(Field(fields[5], "secret"));
            if (pipe == null || !IsPipeName(pipe) || certificate == null || secret == null
                || !uint.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || !ulong.TryParse(started, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
                || id.ToString(CultureInfo.InvariantCulture) != process || at.ToString(CultureInfo.InvariantCulture) != started)
            {
                return null;
            }
            return new ParameterBlock(pipe, id, at, certificate, secret);
        }

        /// <summary>The block of an application that was asked to call back; none when the name is none of a pipe.</summary>
        internal static ParameterBlock? Of(byte[] pipe, uint process, ulong started, byte[] certificate, byte[] secret)
        {
            var name = Encoding.UTF8.GetString(pipe);
            return IsPipeName(name) ? new ParameterBlock(name, process, started, certificate, secret) : null;
        }

        private static string? Field(string text, string name) =>
            text.StartsWith(name + "=", System.StringComparison.Ordinal) ? text.Substring(name.Length + 1) : null;

        private static bool IsPipeName(string name)
        {
            foreach (var sign in name)
            {
                if (!(sign >= 'a' && sign <= 'z' || sign >= 'A' && sign <= 'Z' || sign >= '0' && sign <= '9' || sign == '-'))
                {
                    return false;
                }
            }
            return name.Length > 0 && name.Length <= PipeCap;
        }

        private static byte[]? Bytes(string? hex)
        {
            const string Digits = "0123456789abcdef";
            if (hex == null || hex.Length != Limits.SecretBytes * 2)
            {
                return null;
            }
            var bytes = new byte[Limits.SecretBytes];
            for (var at = 0; at < hex.Length; at++)
            {
                var digit = Digits.IndexOf(hex[at]);
                if (digit < 0)
                {
                    return null;
                }
                bytes[at / 2] = (byte)((bytes[at / 2] << 4) | digit);
            }
            return bytes;
        }

        /// <summary>The name's bytes, as a proof has them.</summary>
        internal byte[] PipeBytes() => Encoding.UTF8.GetBytes(Pipe);
    }
}
