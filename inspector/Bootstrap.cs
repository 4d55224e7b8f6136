// Where the loader enters: one static method that takes and returns what the runtime's hosting interface allows. Only the
// way in may live here: whom the inspector talks to, and what came of it. What a session does is in other files.
using System;
using System.Collections.Generic;
using System.Threading;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector
{
    /// <summary>The entry that a host calls by name, through <c>ExecuteInDefaultAppDomain</c>.</summary>
    public static class Bootstrap
    {
        /// <summary>How long the pipe may take. Whoever started us waits at it.</summary>
        private const int PipeMs = 2_000;
        /// <summary>Sessions that may be open in this process, whosever they are.</summary>
        internal const int SessionCap = 8;

        private static readonly object Guard = new object();
        private static readonly HashSet<string> Open = new HashSet<string>(StringComparer.Ordinal);

        /// <summary>Starts a session of the inspector in this process. It can be called again at any time.</summary>
        /// <param name="parameters">A parameter block as the loader writes it.</param>
        /// <returns>The number of a <see cref="StartCode"/>: 0 when the session is open, else why not.</returns>
        public static int Start(string parameters)
        {
            try
            {
                var block = ParameterBlock.Read(parameters);
                return (int)(block == null ? StartCode.BadBlock : Start(block));
            }
            catch (Exception)
            {
                // Nothing may be thrown into the host that called.
                return (int)StartCode.Internal;
            }
        }

        /// <summary>Begins a session, and says how far it came.</summary>
        /// <param name="block">Whom to talk to.</param>
        /// <param name="pipeMs">How long the pipe may take.</param>
        /// <param name="proofMs">
        /// How long TLS and the proofs may take then. The first of them in a process compile what they run, which takes seconds
        /// on a machine that is busy.
        /// </param>
        internal static StartCode Start(ParameterBlock block, int pipeMs = PipeMs, int proofMs = Limits.HandshakeCapMs)
        {
            lock (Guard)
            {
                // A pipe is good for one session: who starts twice with one is no server of ours.
                if (Open.Count >= SessionCap || !Open.Add(block.Pipe))
                {
                    return StartCode.Full;
                }
            }
            Ahead.Begin();
            var attempt = new Attempt(block, pipeMs);
            new Thread(() =>
            {
                attempt.Run();
                lock (Guard)
                {
                    Open.Remove(block.Pipe);
                }
            })
            { IsBackground = true, Name = "Portcullis inspector" }.Start();
            return attempt.Await(pipeMs, proofMs);
        }

        /// <summary>One way from a block to a session.</summary>
        private sealed class Attempt
        {
            private readonly object guard = new object();
            private readonly ParameterBlock block;
            private readonly int pipeMs;
            private IDisposable? channel;
            private StartCode stage = StartCode.NoPipe;
            private bool decided;
            private bool tooLate;

            internal Attempt(ParameterBlock block, int pipeMs)
            {
                this.block = block;
                this.pipeMs = pipeMs;
            }

            /// <summary>What came of it; what takes too long is given up, and leaves nothing.</summary>
            internal StartCode Await(int pipe, int proof)
            {
                var until = Clock.Now + pipe + proof;
                lock (guard)
                {
                    while (!decided)
                    {
                        var left = until - Clock.Now;
                        if (left <= 0 || !Monitor.Wait(guard, (int)left))
                        {
                            tooLate = !decided;
                            break;
                        }
                    }
                    if (tooLate)
                    {
                        channel?.Dispose();
                        return stage == StartCode.NoPipe ? stage : StartCode.Late;
                    }
                    return stage;
                }
            }

            /// <summary>Connects, proves and serves, on a thread of its own.</summary>
            internal void Run()
            {
                Session? session = null;
                try
                {
                    session = Connect();
                }
                catch (Exception)
                {
                    // The stage says how far it came.
                }
                finally
                {
                    Array.Clear(block.Secret, 0, block.Secret.Length);
                }
                if (session == null)
                {
                    lock (guard)
                    {
                        channel?.Dispose();
                    }
                }
                else if (Decide(StartCode.Proved))
                {
                    session.Run();
                    return;
                }
                session?.End();
                Decide(stage);
            }

            private Session? Connect()
            {
                var pipe = PipeClient.Connect(block.Pipe, pipeMs);
                if (pipe == null || !Reach(StartCode.WrongServer, pipe)
                    || !PipeClient.IsServedBy(pipe, block.ServerProcess, block.ServerStarted) || !Reach(StartCode.Tls, pipe))
                {
                    return null;
                }
                var stream = Tls.Begin(pipe, block.Certificate);
                if (stream == null || !Reach(StartCode.Proof, stream))
                {
                    return null;
                }
                var mask = Proof.Exchange(stream, block);
                return mask == null ? null : new Session(stream, mask.Value);
            }

            /// <summary>The next stage begins, unless it is too late.</summary>
            private bool Reach(StartCode next, IDisposable open)
            {
                lock (guard)
                {
                    channel = open;
                    if (tooLate)
                    {
                        open.Dispose();
                        return false;
                    }
                    stage = next;
                    return true;
                }
            }

            private bool Decide(StartCode result)
            {
                lock (guard)
                {
                    decided = true;
                    stage = result;
                    Monitor.PulseAll(guard);
                    return !tooLate;
                }
            }
        }
    }
}
