// The way in, over a real pipe with real TLS: what it takes for a session to open, and that each thing that is wrong is told by
// its own number and leaves nothing behind. The server is this process, which the system says truly.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Pipes;
using System.Linq;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class BootstrapTests
    {
        private static readonly Lazy<X509Certificate2> One = new Lazy<X509Certificate2>(() => Certificate(1));
        private static readonly Lazy<X509Certificate2> Other = new Lazy<X509Certificate2>(() => Certificate(2));
        private static int names;

        [Test]
        internal static void A_text_that_is_no_block_starts_nothing()
        {
            var block = Block("portcullis-x");
            Check.True(ParameterBlock.Read(block) != null, "a block is refused");
            foreach (var bad in new[]
            {
                "", block + ";more=1", block + " ", block.Replace("/1", "/2"), block.Replace("pipe=", "pipe=a\\"),
                block.Replace("server=", "server=0"), block.Replace("server=", "server=+"), block.Replace("started=", "started=0"),
                block.Replace("secret=00", "secret=0G"), block.Replace("secret=00", "secret="), block.ToUpperInvariant(),
                block.Replace("pipe=portcullis-x", "pipe=" + new string('p', 129)), block.Replace("pipe=portcullis-x", "pipe="),
            })
            {
                Check.Equal((int)StartCode.BadBlock, Bootstrap.Start(bad), bad);
            }
            Check.Equal((int)StartCode.BadBlock, Bootstrap.Start((string)null!));
        }

        /// <summary>The bytes are those of the server's `Transcript`, hashed by another program.</summary>
        [Test]
        internal static void A_proof_is_the_keyed_hash_that_the_server_makes()
        {
            var block = ParameterBlock.Read(
                "portcullis-inspector/1;pipe=portcullis-00ff;server=7;started=133000000000000000;certificate="
                + string.Concat(Enumerable.Repeat("ab", 32)) + ";secret=" + string.Concat(Enumerable.Repeat("01", 32)))!;
            var nonce = Enumerable.Repeat((byte)5, 36).ToArray();
            var own = Enumerable.Repeat((byte)6, 32).ToArray();
            string Hash(string label) => BitConverter.ToString(Proof.Hash(block, label, 9, 10, 3, nonce, own))
                .Replace("-", "").ToLowerInvariant();
            Check.Equal("09e6149df2597114d46fb5b977d287c209da79c6a151edf0eaf9bf2e979a8c39", Hash(Limits.ServerLabel));
            Check.Equal("4ba3ba30ad7b954ad1dd02fd3d34144856fb4aef1318a03610615bd5d32ebee7", Hash(Limits.InspectorLabel));
        }

        [Test]
        internal static void A_session_opens_says_bye_and_opens_again()
        {
            for (var round = 0; round < 3; round++)
            {
                var name = Name();
                using var server = new Server(name, One.Value);
                Check.Equal((int)StartCode.Proved, Bootstrap.Start(Block(name)), "round " + round);
                server.Join();
                Check.True(server.Proved, "the inspector did not prove itself");
                var hello = HelloResult.Read(server.Call(1, Method.Hello, new HelloParams
                {
                    ProtocolMin = 1, ProtocolMax = 1, Server = "test",
                }.Write));
                Check.Equal((uint?)1, hello.Protocol);
                var denied = server.Answer(2, Method.Describe, new DescribeParams().Write);
                Check.Equal(ErrorCode.Denied, denied.Error!.Code, "the mask of the proof");
                if (round != 1)
                {
                    ByeResult.Read(server.Call(3, Method.Bye, new ByeParams().Write));
                    Check.True(server.HasEnded(), "the channel stays open after bye");
                }
            }
        }

        [Test]
        internal static void What_is_wrong_is_told_by_its_stage()
        {
            Check.Equal((int)StartCode.NoPipe, Bootstrap.Start(Block(Name())), "no pipe");
            Refused(StartCode.WrongServer, name => Block(name, process: Native.GetCurrentProcessId() + 4));
            Refused(StartCode.WrongServer, name => Block(name, started: Native.OwnStart() + 1));
            Refused(StartCode.Tls, name => Block(name, certificate: Other.Value));
            Refused(StartCode.Proof, name => Block(name, secret: 0x11));
            Refused(StartCode.Proof, name => Block(name), mask: 16);
        }

        [Test]
        internal static void Sessions_of_a_process_have_a_cap_and_each_a_pipe_of_its_own()
        {
            var servers = new List<Server>();
            string Started()
            {
                var name = Name();
                servers.Add(new Server(name, One.Value));
                return Block(name);
            }

            try
            {
                Check.Soon(() => Bootstrap.Start(Block(Name())) == (int)StartCode.NoPipe, "sessions of other tests do not end");
                string block = "";
                for (var session = 0; session < Bootstrap.SessionCap; session++)
                {
                    Check.Equal((int)StartCode.Proved, Bootstrap.Start(block = Started()), "session " + session);
                    Check.Equal((int)StartCode.Full, Bootstrap.Start(block), "twice with one pipe");
                }
                Check.Equal((int)StartCode.Full, Bootstrap.Start(Started()));
                servers.ForEach(server => server.Dispose());
                Check.Soon(() => Bootstrap.Start(Started()) == (int)StartCode.Proved, "there is no room again");
            }
            finally
            {
                servers.ForEach(server => server.Dispose());
            }
        }

        [Test]
        internal static void A_server_that_says_nothing_is_given_up()
        {
            var name = Name();
            using var pipe = new NamedPipeServerStream(
                name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
            Check.Equal(StartCode.Late, Bootstrap.Start(ParameterBlock.Read(Block(name))!, 2_000, 100));
        }

        /// <summary>On a busy machine TLS alone takes longer than the pipe may.</summary>
        [Test]
        internal static void The_proofs_have_a_time_of_their_own()
        {
            var name = Name();
            using var server = new Server(name, One.Value);
            Check.Equal(StartCode.Proved, Bootstrap.Start(ParameterBlock.Read(Block(name))!, 1, 10_000));
        }

        private static void Refused(StartCode stage, Func<string, string> block, uint mask = Limits.Screenshots)
        {
            var name = Name();
            using var server = new Server(name, One.Value, mask);
            Check.Equal((int)stage, Bootstrap.Start(block(name)));
            server.Dispose();
            server.Join();
            Check.True(!server.Proved, "it was proved all the same");
        }

        private static string Name() => "portcullis-test-" + Native.GetCurrentProcessId() + "-" + Interlocked.Increment(ref names);

        private static string Block(
            string pipe, uint? process = null, ulong? started = null, X509Certificate2? certificate = null, byte secret = 0)
        {
            using var sha = SHA256.Create();
            var hash = sha.ComputeHash((certificate ?? One.Value).RawData);
            string Hex(byte[] bytes) => BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
            return string.Format(
                CultureInfo.InvariantCulture, "portcullis-inspector/1;pipe={0};server={1};started={2};certificate={3};secret={4}",
                pipe, process ?? Native.GetCurrentProcessId(), started ?? Native.OwnStart(), Hex(hash),
                Hex(Enumerable.Repeat(secret, 32).ToArray()));
        }

        private static X509Certificate2 Certificate(int number)
        {
            // A key of the older provider, written away when it is disposed: the system's TLS takes no key that is in memory
            // alone, and the lab cannot copy one of the newer. The two keys are used again by the next run.
            using var key = new RSACryptoServiceProvider(2048, new CspParameters
            {
                KeyContainerName = "portcullis inspector tests " + number, KeyNumber = (int)KeyNumber.Exchange,
            });
            var request = new CertificateRequest("CN=portcullis", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        }

        /// <summary>A server that serves one inspector.</summary>
        private sealed class Server : IDisposable
        {
            private readonly NamedPipeServerStream pipe;
            private readonly Thread thread;
            private readonly X509Certificate2 certificate;
            private readonly uint mask;
            private SslStream? stream;

            internal Server(string name, X509Certificate2 certificate, uint mask = Limits.Screenshots)
            {
                this.mask = mask;
                this.certificate = certificate;
                pipe = new NamedPipeServerStream(
                    name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
                Pipe = name;
                thread = new Thread(Serve) { IsBackground = true };
                thread.Start();
            }

            internal bool Proved { get; private set; }

            private string Pipe { get; }

            private void Serve()
            {
                try
                {
                    pipe.WaitForConnection();
                    stream = new SslStream(pipe);
                    stream.AuthenticateAsServer(certificate, false, SslProtocols.Tls12, false);
                    var nonce = Enumerable.Range(0, 36).Select(at => (byte)at).ToArray();
                    BitConverter.GetBytes(mask).CopyTo(nonce, 32);
                    Send(FrameKind.Proof, nonce);
                    var answer = Frames.Read(stream).Body;
                    var own = answer.Take(32).ToArray();
                    var block = ParameterBlock.Read(Block(Pipe))!;
                    byte[] Hash(string label) => Proof.Hash(
                        block, label, Native.GetCurrentProcessId(), Native.OwnStart(), mask, nonce, own);
                    Proved = answer.Skip(32).SequenceEqual(Hash(Limits.InspectorLabel));
                    Send(FrameKind.Proof, Hash(Limits.ServerLabel));
                }
                catch (Exception e) when (e is IOException || e is AuthenticationException || e is ObjectDisposedException
                    || e is System.ComponentModel.Win32Exception)
                {
                }
            }

            private void Send(FrameKind kind, byte[] body)
            {
                var frame = Frames.Write(kind, body);
                stream!.Write(frame, 0, frame.Length);
            }

            internal void Join() => Check.True(thread.Join(10_000), "the server waits for ever");

            internal Json Call(ulong id, string method, Action<JsonWriter> parameters) =>
                Check.NotNull(Answer(id, method, parameters).Result, "no result");

            internal Response Answer(ulong id, string method, Action<JsonWriter> parameters)
            {
                var body = new JsonWriter();
                parameters(body);
                var bytes = body.ToArray();
                var writer = new JsonWriter();
                new Request { Id = id, Method = method, DeadlineMs = 5_000, Params = Json.Parse(bytes, 0, bytes.Length) }
                    .Write(writer);
                Send(FrameKind.Request, writer.ToArray());
                while (true)
                {
                    var frame = Frames.Read(stream!);
                    if (frame.Kind == FrameKind.Response)
                    {
                        return Response.Read(Json.Parse(frame.Body, 0, frame.Body.Length));
                    }
                }
            }

            internal bool HasEnded()
            {
                try
                {
                    while (true)
                    {
                        Frames.Read(stream!);
                    }
                }
                catch (Exception e) when (e is IOException)
                {
                    return true;
                }
            }

            public void Dispose()
            {
                stream?.Dispose();
                pipe.Dispose();
            }
        }
    }
}
