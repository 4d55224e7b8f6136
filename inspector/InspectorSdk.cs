// The way in that an application opens by itself: it calls `Initialize`, and a server that knows the user's secret may then ask
// it to call back. Nothing but that question is answered here; the session that follows is the same as any other.
using System;
using System.IO;
using System.IO.Pipes;
using System.Security.Cryptography;
using System.Threading;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector
{
    /// <summary>Lets servers of this user look into this application.</summary>
    public static class InspectorSdk
    {
        private static readonly object Guard = new object();
        private static Rendezvous? running;

        /// <summary>Whether the application can be asked to call back.</summary>
        public static bool IsRunning
        {
            get
            {
                lock (Guard)
                {
                    return running != null;
                }
            }
        }

        /// <summary>
        /// Opens the application to servers that know this user's secret, which <c>portcullis wpf secret rotate</c> makes. A
        /// second call changes nothing.
        /// </summary>
        /// <exception cref="InvalidOperationException">There is no secret, it is too short, or it is another user's.</exception>
        public static void Initialize()
        {
            lock (Guard)
            {
                if (running == null)
                {
                    running = new Rendezvous(SdkSecret.Read());
                    running.Start();
                }
            }
        }

        /// <summary>Closes the application to new sessions. Those that are open go on.</summary>
        public static void Shutdown()
        {
            lock (Guard)
            {
                running?.Dispose();
                running = null;
            }
        }
    }

    /// <summary>The pipe that takes the one question, one at a time.</summary>
    internal sealed class Rendezvous : IDisposable
    {
        /// <summary>How long one question may take.</summary>
        private const int QuestionMs = 5_000;
        /// <summary>How long a failure of the pipe itself is waited out.</summary>
        private const int PauseMs = 500;
        private readonly byte[] root;
        private readonly ManualResetEventSlim stop = new ManualResetEventSlim(false);
        private NamedPipeServerStream? pipe;

        internal Rendezvous(byte[] root)
        {
            this.root = root;
        }

        internal void Start() =>
            new Thread(Loop) { IsBackground = true, Name = "Portcullis rendezvous" }.Start();

        public void Dispose()
        {
            stop.Set();
            lock (stop)
            {
                pipe?.Dispose();
            }
        }

        private void Loop()
        {
            var name = Limits.RendezvousName + Native.GetCurrentProcessId();
            while (!stop.IsSet)
            {
                try
                {
                    using var one = Listen(name);
                    lock (stop)
                    {
                        if (stop.IsSet)
                        {
                            return;
                        }
                        pipe = one;
                    }
                    one.WaitForConnection();
                    // A caller that does not go on is cut off, so that it keeps nobody else out.
                    using var limit = new Timer(_ => one.Dispose(), null, QuestionMs, Timeout.Infinite);
                    try
                    {
                        Answer(one);
                    }
                    catch (Exception)
                    {
                        // One caller's trouble is not the application's, nor the next one's, who finds the pipe there at once.
                    }
                }
                catch (Exception)
                {
                    stop.Wait(stop.IsSet ? 0 : PauseMs);
                }
            }
        }

        private static NamedPipeServerStream Listen(string name)
        {
#if NETCOREAPP
            const PipeOptions Options = PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly;
            return new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, Options);
#else
            var user = System.Security.Principal.WindowsIdentity.GetCurrent().User;
            var access = new PipeSecurity();
            access.SetAccessRuleProtection(true, false);
            access.AddAccessRule(new PipeAccessRule(user, PipeAccessRights.FullControl, System.Security.AccessControl.AccessControlType.Allow));
            return new NamedPipeServerStream(
                name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous, 0, 0, access);
#endif
        }

        /// <summary>Takes the question of one caller. What is sent holds no secret; what comes of it is a session over TLS.</summary>
        private void Answer(NamedPipeServerStream caller)
        {
            var first = Read(caller, Limits.NonceBytes);
            if (!Native.GetNamedPipeClientProcessId(caller.SafePipeHandle, out var process))
            {
                return;
            }
            var started = Native.StartOf(process);
            var own = new byte[Limits.NonceBytes];
            using (var random = RandomNumberGenerator.Create())
            {
                random.GetBytes(own);
            }
            var said = new Question(root, process, started, first, own);
            Write(caller, own);
            Write(caller, said.Proof(Limits.RendezvousApplicationLabel));
            var certificate = Read(caller, Limits.ProofBytes);
            var name = Read(caller, Read(caller, 1)[0]);
            said.Add(certificate, name);
            if (started == 0 || !Proof.AreEqual(Read(caller, Limits.ProofBytes), said.Proof(Limits.RendezvousServerLabel)))
            {
                return;
            }
            var block = ParameterBlock.Of(name, process, started, certificate, said.Proof(Limits.RendezvousSecretLabel));
            var code = block == null ? StartCode.BadBlock : Bootstrap.Start(block);
            Write(caller, new[] { (byte)code });
        }

        private static byte[] Read(Stream stream, int length)
        {
            var bytes = new byte[length];
            for (var at = 0; at < length;)
            {
                var count = stream.Read(bytes, at, length - at);
                if (count == 0)
                {
                    throw new EndOfStreamException();
                }
                at += count;
            }
            return bytes;
        }

        private static void Write(Stream stream, byte[] bytes)
        {
            stream.Write(bytes, 0, bytes.Length);
            stream.Flush();
        }

        /// <summary>What the two sides speak of, and the keyed hashes over it.</summary>
        private sealed class Question
        {
            private readonly byte[] root;
            private readonly MemoryStream bytes = new MemoryStream();

            internal Question(byte[] root, uint process, ulong started, byte[] first, byte[] own)
            {
                this.root = root;
                using var writer = new BinaryWriter(bytes, System.Text.Encoding.UTF8, true);
                writer.Write(process);
                writer.Write(started);
                writer.Write(Native.GetCurrentProcessId());
                writer.Write(Native.OwnStart());
                writer.Write(first);
                writer.Write(own);
            }

            internal void Add(byte[] certificate, byte[] pipe)
            {
                bytes.Write(certificate, 0, certificate.Length);
                bytes.Write(pipe, 0, pipe.Length);
            }

            internal byte[] Proof(string label)
            {
                using var hash = new HMACSHA256(root);
                var head = System.Text.Encoding.UTF8.GetBytes(label + "\0");
                var all = new byte[head.Length + bytes.Length];
                head.CopyTo(all, 0);
                bytes.ToArray().CopyTo(all, head.Length);
                return hash.ComputeHash(all);
            }
        }
    }
}
