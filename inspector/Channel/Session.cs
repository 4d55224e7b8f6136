// One session over a channel that is proved: requests by their numbers, many at once, each on a thread of its own; events;
// the bytes of pictures as fast as the other side takes them; and the end of it all. What a method does is not said here.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Channel
{
    /// <summary>A session from its first request to its end.</summary>
    internal sealed class Session
    {
        /// <summary>Bytes of a blob that may be sent before the other side grants more.</summary>
        internal const long FirstCredit = 1024 * 1024;
        /// <summary>How long the other side may grant nothing before the rest of a blob is given up.</summary>
        internal const int CreditWaitMs = 30_000;
        /// <summary>The longest that a request is worked on, whatever its deadline says.</summary>
        internal const uint DeadlineCapMs = 300_000;
        /// <summary>How long hooks are waited for at the end.</summary>
        private const int UnhookMs = 1_500;
        private const int DrainMs = 1_000;
        /// <summary>
        /// Values in the JSON of one request. One that fills a frame with the smallest there are takes fifty times its bytes.
        /// </summary>
        internal const int ValueCap = 250_000;
        private const int TickMs = 500;

        private readonly object guard = new object();
        private readonly Stream stream;
        private readonly Outbox outbox;
        private readonly Workers workers = new Workers(Limits.InFlightCap);
        private readonly Dictionary<ulong, InFlight> inFlight = new Dictionary<ulong, InFlight>();
        private readonly int silenceMs;
        private readonly int creditWaitMs;
        private long lastHeard = Clock.Now;
        private bool greeted;
        private bool ended;

        internal Session(
            Stream stream, uint mask, int silenceMs = Limits.SilenceCapMs, int creditWaitMs = CreditWaitMs)
        {
            this.stream = stream;
            this.silenceMs = silenceMs;
            this.creditWaitMs = creditWaitMs;
            outbox = new Outbox(stream);
            Context = new Context(mask, Tell);
        }

        internal Context Context { get; }

        /// <summary>Requests that are on their way.</summary>
        internal int InFlightCount
        {
            get
            {
                lock (guard)
                {
                    return inFlight.Count;
                }
            }
        }

        /// <summary>Serves until the channel ends or `bye` was said. On the thread that calls it.</summary>
        internal void Run()
        {
            new Thread(outbox.Loop) { IsBackground = true, Name = "Portcullis inspector sender" }.Start();
            new Thread(Watch) { IsBackground = true, Name = "Portcullis inspector watch" }.Start();
            try
            {
                while (!HasEnded)
                {
                    var frame = Frames.Read(stream);
                    Volatile.Write(ref lastHeard, Clock.Now);
                    if (!Take(frame))
                    {
                        break;
                    }
                }
            }
            catch (Exception)
            {
                // A channel that breaks, or brings what is no frame, ends the session like one that is closed.
            }
            End();
        }

        private bool HasEnded
        {
            get
            {
                lock (guard)
                {
                    return ended;
                }
            }
        }

        /// <summary>Whether the session goes on after this frame.</summary>
        private bool Take(Frame frame)
        {
            switch (frame.Kind)
            {
                case FrameKind.Request:
                    return Begin(frame.Body);
                case FrameKind.Cancel when frame.Body.Length == Frames.CancelBytes:
                    Find(BitConverter.ToUInt64(frame.Body, 0))?.Cancel();
                    return true;
                case FrameKind.Credit when frame.Body.Length == Frames.CreditBytes:
                    Find(BitConverter.ToUInt64(frame.Body, 0))?.Grant(BitConverter.ToUInt32(frame.Body, 8));
                    return true;
                case FrameKind.Alive:
                    return true;
                default:
                    return false;
            }
        }

        private InFlight? Find(ulong id)
        {
            lock (guard)
            {
                return inFlight.TryGetValue(id, out var found) ? found : null;
            }
        }

        private bool Begin(byte[] body)
        {
            ulong? id = null;
            try
            {
                var json = Json.Parse(body, 0, body.Length, ValueCap);
                if (json.Members.TryGetValue("id", out var number) && number.Kind == JsonKind.Number)
                {
                    id = number.UInt64();
                }
                var request = Request.Read(json);
                var one = new InFlight(new Turn(Math.Min(request.DeadlineMs, DeadlineCapMs), request.Pace));
                lock (guard)
                {
                    if (inFlight.ContainsKey(request.Id))
                    {
                        throw WireException.Bad("a request of this number is on its way");
                    }
                    if (inFlight.Count >= Limits.InFlightCap)
                    {
                        throw new WireException(
                            ErrorCode.Full, Limits.InFlightCap + " requests are on their way, which are the most");
                    }
                    if (!greeted && request.Method != Method.Hello)
                    {
                        throw WireException.Bad("a session begins with hello");
                    }
                    if (greeted && request.Method == Method.Hello)
                    {
                        throw WireException.Bad("the session was greeted before");
                    }
                    greeted = true;
                    inFlight.Add(request.Id, one);
                }
                workers.Do(() => Answer(request, one));
                return true;
            }
            catch (WireException e)
            {
                // Without a number there is nobody to answer, and what else it may have said cannot be told.
                return id != null && Refuse(id.Value, e);
            }
        }

        private void Answer(Request request, InFlight one)
        {
            var goesOn = true;
            try
            {
                var write = Table.Find(request.Method)(Context, one.Turn, request.Params ?? Json.Null);
                goesOn = Respond(request.Id, write, null, one.Turn.Blob);
                if (goesOn && one.Turn.Blob is { } blob)
                {
                    SendBlob(request.Id, one, blob);
                }
            }
            catch (Exception e)
            {
                goesOn = Refuse(request.Id, Turns.Translate(e));
            }
            finally
            {
                lock (guard)
                {
                    inFlight.Remove(request.Id);
                }
            }
            if (!goesOn || one.Turn.EndsSession)
            {
                outbox.Drain(DrainMs);
                End();
            }
        }

        /// <summary>
        /// Answers with an error. One that cannot be sent ends the session: nobody else is there to catch what is thrown here, and
        /// an exception that nobody catches ends the application.
        /// </summary>
        private bool Refuse(ulong id, WireException why)
        {
            try
            {
                return Respond(id, null, why.ToError(), null);
            }
            catch (Exception)
            {
                return false;
            }
        }

        private bool Respond(ulong id, Action<JsonWriter>? result, WireError? error, byte[]? blob)
        {
            var writer = new JsonWriter();
            writer.BeginObject();
            writer.Name("id");
            writer.UInt64(id);
            if (result != null)
            {
                writer.Name("result");
                result(writer);
            }
            if (error != null)
            {
                writer.Name("error");
                error.Write(writer);
            }
            if (blob != null)
            {
                writer.Name("blob");
                writer.UInt32((uint)blob.Length);
            }
            writer.EndObject();
            return outbox.Send(Frames.Write(FrameKind.Response, writer.ToArray()));
        }

        private void SendBlob(ulong id, InFlight one, byte[] blob)
        {
            var sent = 0;
            for (uint part = 0; ; part++)
            {
                var wanted = Math.Min(Limits.BlobPartCap, blob.Length - sent);
                // One that is not wanted any more ends with an empty last part.
                var granted = wanted == 0 ? 0 : one.Take(wanted, creditWaitMs);
                var isLast = sent + granted == blob.Length || granted == 0;
                if (!outbox.Send(Frames.Blob(id, part, isLast, blob, sent, granted)) || isLast)
                {
                    return;
                }
                sent += granted;
            }
        }

        private void Tell(Event told)
        {
            try
            {
                var writer = new JsonWriter();
                told.Write(writer);
                outbox.TrySend(Frames.Write(FrameKind.Event, writer.ToArray()));
            }
            catch (Exception)
            {
                // An event that cannot be written stays in its ring; the application's thread is not to hear of it.
            }
        }

        /// <summary>Says that the inspector is there, and notices when the other side is not.</summary>
        private void Watch()
        {
            while (true)
            {
                lock (guard)
                {
                    if (ended || (Monitor.Wait(guard, TickMs) && ended))
                    {
                        return;
                    }
                }
                var now = Clock.Now;
                if (now - Volatile.Read(ref lastHeard) > silenceMs)
                {
                    End();
                    return;
                }
                if (now - outbox.LastSent >= Limits.AliveEveryMs - TickMs)
                {
                    outbox.TrySend(Frames.Write(FrameKind.Alive, Array.Empty<byte>()));
                }
            }
        }

        /// <summary>Ends the session: nothing of it stays in the application.</summary>
        internal void End()
        {
            List<InFlight> open;
            lock (guard)
            {
                if (ended)
                {
                    return;
                }
                ended = true;
                open = new List<InFlight>(inFlight.Values);
                Monitor.PulseAll(guard);
            }
            foreach (var one in open)
            {
                one.Cancel();
            }
            outbox.End();
            Context.End(UnhookMs);
            try
            {
                stream.Dispose();
            }
            catch (Exception)
            {
                // It is broken already.
            }
        }

        /// <summary>One request on its way.</summary>
        private sealed class InFlight
        {
            private readonly object guard = new object();
            private long credit = FirstCredit;

            internal InFlight(Turn turn)
            {
                Turn = turn;
            }

            internal Turn Turn { get; }

            internal void Cancel()
            {
                Turn.Cancel();
                lock (guard)
                {
                    Monitor.PulseAll(guard);
                }
            }

            internal void Grant(uint bytes)
            {
                lock (guard)
                {
                    credit = Math.Min(credit + bytes, int.MaxValue);
                    Monitor.PulseAll(guard);
                }
            }

            /// <summary>Leave to send some bytes, at most `wanted`; none when it is not wanted or granted any more.</summary>
            internal int Take(int wanted, int ms)
            {
                lock (guard)
                {
                    while (credit == 0 && !Turn.Cancelled.IsCancellationRequested)
                    {
                        if (!Monitor.Wait(guard, ms))
                        {
                            return 0;
                        }
                    }
                    if (Turn.Cancelled.IsCancellationRequested)
                    {
                        return 0;
                    }
                    var taken = (int)Math.Min(wanted, credit);
                    credit -= taken;
                    return taken;
                }
            }
        }
    }
}
