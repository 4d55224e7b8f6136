// The place where an application that opened itself is asked to call back, under callers that are hostile: who does not prove that
// it knows the secret is called nowhere, and keeps nobody else out. The application is this process.
using System;
using System.IO;
using System.IO.Pipes;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class RendezvousTests
    {
        private const ulong Seed = 0x7264_767A;
        private const int Callers = 6;
        private const int ConnectMs = 10_000;
        private static readonly byte[] Root = Enumerable.Range(1, Limits.SecretBytes).Select(at => (byte)at).ToArray();

        [Test]
        internal static void Who_does_not_prove_is_called_nowhere_and_keeps_nobody_out()
        {
            using var rendezvous = new Rendezvous(Root);
            rendezvous.Start();
            var name = "portcullis-nowhere-" + Native.GetCurrentProcessId();
            using var nowhere = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
            var called = nowhere.WaitForConnectionAsync();
            for (var caller = 0; caller < Callers; caller++)
            {
                var dice = new Dice(Seed + (ulong)caller);
                using var pipe = Knock();
                var (said, _) = Begin(pipe, Root);
                var told = Told(name, said, dice.Bytes(Limits.SecretBytes));
                var stays = caller == 0 || caller == 2;
                // Of another secret; spoilt, and left; and one who stays without a word, and is cut off.
                Send(pipe, caller == 0 ? told : caller == 2 ? Array.Empty<byte>() : Spoil.Bytes(told, dice), !stays);
                Check.True(!stays || Ends(pipe), "caller " + caller + " was answered");
            }
            // What was proved is over the name and the certificate that were told.
            using (var pipe = Knock())
            {
                var (said, _) = Begin(pipe, Root);
                var told = Told(name, said, Root);
                told[0] ^= 1;
                Send(pipe, told, false);
                Check.True(Ends(pipe), "another certificate than the proof's was taken");
            }
            Check.True(!called.IsCompleted, "it called who proved nothing");
            // Who proves is called, and told by its stage that this is no server.
            using (var pipe = Knock())
            {
                var (said, isTrue) = Begin(pipe, Root);
                Check.True(isTrue, "the application does not prove itself");
                Send(pipe, Told(name, said, Root), false);
                Check.True(called.Wait(ConnectMs), "it did not call who proved");
                nowhere.Dispose();
                Check.Equal((int)StartCode.Tls, pipe.ReadByte());
            }
        }

        /// <summary>Comes as soon as the one before has gone: between two callers there is no pipe for a moment.</summary>
        private static NamedPipeClientStream Knock()
        {
            NamedPipeClientStream? come = null;
            Check.Soon(() =>
            {
                var pipe = new NamedPipeClientStream(
                    ".", Limits.RendezvousName + Native.GetCurrentProcessId(), PipeDirection.InOut, PipeOptions.Asynchronous);
                try
                {
                    pipe.Connect(ConnectMs);
                    come = pipe;
                    return true;
                }
                catch (IOException)
                {
                    pipe.Dispose();
                    return false;
                }
            }, "it is kept from taking callers");
            return come!;
        }

        /// <summary>Exchanges nonces; what both speak of so far, and whether the application proved that it knows the secret.</summary>
        private static (byte[] Said, bool IsTrue) Begin(Stream pipe, byte[] root)
        {
            var first = Enumerable.Repeat((byte)7, Limits.NonceBytes).ToArray();
            pipe.Write(first);
            var own = Exactly(pipe, Limits.NonceBytes);
            var one = BitConverter.GetBytes(Native.GetCurrentProcessId()).Concat(BitConverter.GetBytes(Native.OwnStart())).ToArray();
            var said = one.Concat(one).Concat(first).Concat(own).ToArray();
            return (said, Exactly(pipe, Limits.ProofBytes).SequenceEqual(Hash(root, Limits.RendezvousApplicationLabel, said)));
        }

        /// <summary>Where to call, and the proof.</summary>
        private static byte[] Told(string name, byte[] said, byte[] root)
        {
            var certificate = new byte[Limits.ProofBytes];
            var pipe = Encoding.UTF8.GetBytes(name);
            return certificate.Append((byte)pipe.Length).Concat(pipe)
                .Concat(Hash(root, Limits.RendezvousServerLabel, said.Concat(certificate).Concat(pipe).ToArray())).ToArray();
        }

        private static byte[] Hash(byte[] root, string label, byte[] said)
        {
            using var hash = new HMACSHA256(root);
            return hash.ComputeHash(Encoding.UTF8.GetBytes(label + "\0").Concat(said).ToArray());
        }

        private static void Send(Stream pipe, byte[] bytes, bool thenLeaves)
        {
            try
            {
                pipe.Write(bytes);
                pipe.Flush();
            }
            catch (IOException)
            {
                // It had read enough to know.
            }
            if (thenLeaves)
            {
                pipe.Dispose();
            }
        }

        private static byte[] Exactly(Stream pipe, int count)
        {
            var bytes = new byte[count];
            for (var at = 0; at < count;)
            {
                var more = pipe.Read(bytes, at, count - at);
                at += more > 0 ? more : throw new EndOfStreamException();
            }
            return bytes;
        }

        /// <summary>Whether the other side leaves without a word.</summary>
        private static bool Ends(Stream pipe)
        {
            try
            {
                return pipe.ReadByte() < 0;
            }
            catch (IOException)
            {
                return true;
            }
        }
    }
}
