// The server's side of a session, as far as tests need it: requests by number, answers in any order, events and blobs kept as
// they come.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal sealed class Client : IDisposable
    {
        internal const uint AllGates = Limits.SensitiveReads | Limits.Screenshots | Limits.ViewModel | Limits.Destructive;
        private const int PatienceMs = 20_000;

        private readonly Stream stream;
        private readonly Thread reader;
        private readonly ConcurrentDictionary<ulong, Response> answers = new ConcurrentDictionary<ulong, Response>();
        private readonly ConcurrentDictionary<ulong, MemoryStream> blobs = new ConcurrentDictionary<ulong, MemoryStream>();
        private readonly ConcurrentDictionary<ulong, byte[]> raw = new ConcurrentDictionary<ulong, byte[]>();
        private readonly HashSet<ulong> whole = new HashSet<ulong>();
        private readonly object guard = new object();
        private long last;

        private Client(Stream stream, Session session)
        {
            this.stream = stream;
            Session = session;
            reader = new Thread(Loop) { IsBackground = true };
            reader.Start();
        }

        internal Session Session { get; }

        internal List<Event> Events { get; } = new List<Event>();

        internal int AliveFrames { get; private set; }

        internal bool IsClosed { get; private set; }

        /// <summary>Whether credit is granted as parts of a blob come.</summary>
        internal bool Grants { get; set; } = true;

        internal HelloResult Greeting { get; private set; } = new HelloResult();

        /// <summary>A session with these gates, greeted.</summary>
        internal static Client Open(
            uint gates = AllGates, int silenceMs = Limits.SilenceCapMs, int creditWaitMs = Session.CreditWaitMs)
        {
            var client = Raw(gates, silenceMs, creditWaitMs);
            client.Greeting = HelloResult.Read(client.Call(Method.Hello, new HelloParams
            {
                ProtocolMin = Limits.ProtocolMin, ProtocolMax = Limits.ProtocolMax, Server = "test",
            }.Write));
            return client;
        }

        /// <summary>A session that was not greeted.</summary>
        internal static Client Raw(
            uint gates = AllGates, int silenceMs = Limits.SilenceCapMs, int creditWaitMs = Session.CreditWaitMs)
        {
            var (ours, theirs) = Duplex.Pair();
            var session = new Session(theirs, gates, silenceMs, creditWaitMs);
            new Thread(session.Run) { IsBackground = true }.Start();
            return new Client(ours, session);
        }

        /// <summary>Asks and waits; an error is thrown as a `Refusal`.</summary>
        internal Json Call(string method, Action<JsonWriter> parameters, uint deadlineMs = 10_000, Pace pace = Pace.Normal) =>
            Await(Ask(method, parameters, deadlineMs, pace));

        /// <summary>Asks, and gives the number.</summary>
        internal ulong Ask(string method, Action<JsonWriter> parameters, uint deadlineMs = 10_000, Pace pace = Pace.Normal)
        {
            var id = (ulong)Interlocked.Increment(ref last);
            var body = new JsonWriter();
            parameters(body);
            var bytes = body.ToArray();
            var writer = new JsonWriter();
            new Request { Id = id, Method = method, DeadlineMs = deadlineMs, Pace = pace, Params = Json.Parse(bytes, 0, bytes.Length) }
                .Write(writer);
            Send(FrameKind.Request, writer.ToArray());
            return id;
        }

        internal void Send(FrameKind kind, byte[] body)
        {
            var frame = Frames.Write(kind, body);
            lock (stream)
            {
                stream.Write(frame, 0, frame.Length);
            }
        }

        /// <summary>Sends bytes as they are.</summary>
        internal void Bytes(byte[] bytes, int from, int count)
        {
            lock (stream)
            {
                stream.Write(bytes, from, count);
            }
        }

        internal void Cancel(ulong id) => Send(FrameKind.Cancel, BitConverter.GetBytes(id));

        internal void Credit(ulong id, uint bytes)
        {
            var body = new byte[12];
            BitConverter.GetBytes(id).CopyTo(body, 0);
            BitConverter.GetBytes(bytes).CopyTo(body, 8);
            Send(FrameKind.Credit, body);
        }

        internal Json Await(ulong id)
        {
            var answer = Answer(id);
            return answer.Error != null ? throw new Refusal(answer.Error) : answer.Result ?? Json.Null;
        }

        internal Response Answer(ulong id)
        {
            var body = Arrived(id);
            return answers.GetOrAdd(id, _ => Response.Read(Json.Parse(body, 0, body.Length)));
        }

        internal bool HasArrived(ulong id) => raw.ContainsKey(id);

        /// <summary>The bytes of an answer, once they are here.</summary>
        internal byte[] Arrived(ulong id)
        {
            byte[]? body = null;
            Until(() => raw.TryGetValue(id, out body), "no answer came");
            return body!;
        }

        /// <summary>The bytes that an answer announced, once the last has come.</summary>
        internal byte[] Blob(ulong id)
        {
            Until(() => whole.Contains(id), "no blob came");
            return blobs[id].ToArray();
        }

        internal long BlobBytesSoFar(ulong id) => blobs.TryGetValue(id, out var blob) ? blob.Length : 0;

        internal void Until(Func<bool> holds, string what)
        {
            var until = Clock.Now + PatienceMs;
            lock (guard)
            {
                while (!holds())
                {
                    Check.True(!IsClosed || holds(), what + ", the session has ended");
                    var left = until - Clock.Now;
                    Check.True(left > 0 && Monitor.Wait(guard, (int)Math.Min(left, 100)) || left > 0, what);
                }
            }
        }

        /// <summary>Waits until something holds or the session has ended.</summary>
        internal void Settled(Func<bool> holds, string what)
        {
            lock (guard)
            {
                for (var until = Clock.Now + PatienceMs; !IsClosed && !holds();)
                {
                    Check.True(Clock.Now < until, what);
                    Monitor.Wait(guard, 100);
                }
            }
        }

        private void Loop()
        {
            try
            {
                while (true)
                {
                    var frame = Frames.Read(stream);
                    lock (guard)
                    {
                        Take(frame);
                        Monitor.PulseAll(guard);
                    }
                }
            }
            catch (Exception e)
            {
                if (!(e is EndOfStreamException || e is IOException))
                {
                    Console.WriteLine(e);
                }
                lock (guard)
                {
                    IsClosed = true;
                    Monitor.PulseAll(guard);
                }
            }
        }

        private void Take(Frame frame)
        {
            switch (frame.Kind)
            {
                case FrameKind.Response:
                    // An answer begins with its number; the rest is read by who waits for it.
                    var head = System.Text.Encoding.ASCII.GetString(frame.Body, 0, Math.Min(32, frame.Body.Length));
                    raw[ulong.Parse(head.Substring(6, head.IndexOfAny(new[] { ',', '}' }) - 6))] = frame.Body;
                    break;
                case FrameKind.Event:
                    Events.Add(Event.Read(Json.Parse(frame.Body, 0, frame.Body.Length)));
                    break;
                case FrameKind.Alive:
                    AliveFrames++;
                    break;
                case FrameKind.Blob:
                    var id = BitConverter.ToUInt64(frame.Body, 0);
                    var bytes = frame.Body.Length - Frames.BlobHeaderBytes;
                    blobs.GetOrAdd(id, _ => new MemoryStream()).Write(frame.Body, Frames.BlobHeaderBytes, bytes);
                    if (frame.Body[12] == 1)
                    {
                        whole.Add(id);
                    }
                    else if (Grants)
                    {
                        Credit(id, (uint)bytes);
                    }
                    break;
                default:
                    throw new InvalidDataException(frame.Kind.ToString());
            }
        }

        public void Dispose() => stream.Dispose();
    }
}
