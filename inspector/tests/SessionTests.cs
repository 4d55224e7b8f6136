// The session itself: numbers, gates, caps, taking back, threads that hang, silence, and the end.
using System;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Windows.Controls;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class SessionTests
    {
        [Test]
        internal static void Hello_tells_who_answers()
        {
            using var shown = Ui.Main.Show(() => new TextBlock());
            using var client = Client.Open();
            var hello = client.Greeting;
            Check.Equal((uint?)1, hello.Protocol);
            Check.Equal((uint)Process.GetCurrentProcess().Id, hello.Process);
            Check.Equal((ulong)Process.GetCurrentProcess().StartTime.ToFileTimeUtc(), hello.Started);
            Check.Equal("x64", hello.Architecture);
            Check.True(hello.Runtime.StartsWith(".NET Core 3.1"), hello.Runtime);
            Check.True(hello.Wpf.StartsWith("4.8"), hello.Wpf);
            Check.True(hello.Has.Handlers && hello.Has.DragEvents && hello.Has.TreeChanges, "mechanisms are missing");
            var thread = shown.Ui.Do(Native.GetCurrentThreadId);
            Check.True(hello.Dispatchers.Any(row => row.IsApplication && row.Thread == thread), "the thread is not told");
        }

        [Test]
        internal static void Without_a_common_version_the_session_ends()
        {
            using var client = Client.Raw();
            var answer = HelloResult.Read(client.Call(Method.Hello, new HelloParams
            {
                ProtocolMin = Limits.ProtocolMax + 1, ProtocolMax = Limits.ProtocolMax + 2, Server = "later",
            }.Write));
            Check.Equal(null, answer.Protocol);
            Check.Soon(() => client.IsClosed, "the session goes on");
        }

        [Test]
        internal static void A_session_begins_with_hello_and_is_greeted_once()
        {
            using var client = Client.Raw();
            Check.Refused(ErrorCode.BadRequest, () => client.Call(Method.Health, new HealthParams { ProbeMs = 1 }.Write));
            var hello = new HelloParams { ProtocolMin = 1, ProtocolMax = 1, Server = "test" };
            client.Call(Method.Hello, hello.Write);
            Check.Refused(ErrorCode.BadRequest, () => client.Call(Method.Hello, hello.Write));
        }

        [Test]
        internal static void What_is_no_request_is_answered_by_its_number_or_ends_the_session()
        {
            using (var client = Client.Open())
            {
                Check.Refused(ErrorCode.UnknownMethod, () => client.Call("eval", new ByeParams().Write));
                Check.Refused(ErrorCode.BadRequest, () => client.Call(Method.Health, new ByeParams().Write));
                client.Send(FrameKind.Request, System.Text.Encoding.UTF8.GetBytes("{\"id\":77,\"method\":\"health\"}"));
                Check.Equal(ErrorCode.BadRequest, client.Answer(77).Error!.Code);
                client.Send(FrameKind.Request, System.Text.Encoding.UTF8.GetBytes("{\"method\":\"health\"}"));
                Check.Soon(() => client.IsClosed, "a request without a number is taken");
            }
            using (var client = Client.Open())
            {
                client.Send(FrameKind.Response, new byte[0]);
                Check.Soon(() => client.IsClosed, "a response is taken");
            }
        }

        [Test]
        internal static void Every_method_of_the_protocol_asks_its_gate()
        {
            var open = new[] { Method.Hello, Method.Health, Method.Roots, Method.Unsubscribe, Method.Bye };
            var context = new Context(0, _ => { });
            var known = Minimal();
            Check.Same(
                Array.Empty<string>(), Table.Methods.Except(open).Except(known.Select(row => row.Item1)), "methods without a row here");
            foreach (var (method, parameters) in known.Where(row => Table.Methods.Contains(row.Item1)))
            {
                var error = Check.Refused(
                    ErrorCode.Denied, () => Table.Find(method)(context, new Turn(1000, Pace.Normal), Json.Parse(parameters)));
                Check.True(error.Message.Contains(": "), error.Message);
            }
        }

        [Test]
        internal static void Every_method_of_the_protocol_is_there()
        {
            const System.Reflection.BindingFlags Constants =
                System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic;
            var named = typeof(Method).GetFields(Constants).Select(field => (string)field.GetRawConstantValue()!).ToList();
            Check.Equal(21, named.Count);
            Check.Same(named.OrderBy(name => name), Table.Methods.OrderBy(name => name));
        }

        [Test]
        internal static void Gates_depend_on_what_is_asked()
        {
            Check.Equal(Limits.ViewModel, Gates.Of(new FacetsParams { Facets = { Facet.DataContext } }));
            Check.Equal(Limits.SensitiveReads, Gates.Of(new FacetsParams()));
            Check.Equal(
                Limits.SensitiveReads | Limits.ViewModel,
                Gates.Of(new FacetsParams { Facets = { Facet.DataContext, Facet.Layout } }));
            Check.Equal(Limits.SensitiveReads, Gates.Of(new BindingsParams()));
            Check.Equal(Limits.SensitiveReads | Limits.ViewModel, Gates.Of(new BindingsParams { Resolve = true }));
            Check.Equal(Limits.Destructive, Gates.Of(new WriteParams()));
            Check.Equal(Limits.Destructive, Gates.Of(Writes(WriteKind.UpdateSource, WriteKind.UpdateTarget)));
            Check.Equal(Limits.Destructive | Limits.SensitiveReads, Gates.Of(Writes(WriteKind.Set)));
            Check.Equal(Limits.Destructive | Limits.ViewModel, Gates.Of(Writes(WriteKind.SetMember)));
            Check.Equal(Limits.Destructive | Limits.SensitiveReads, Gates.Of(new CaptureParams()));
            Check.Equal(
                Limits.Destructive | Limits.SensitiveReads | Limits.ViewModel,
                Gates.Of(new CaptureParams { Objects = { new CaptureObject() } }));
            Check.Equal(Limits.Destructive, Gates.Of(new ActParams { Kind = ActKind.Click }));
            Check.Equal(Limits.Destructive | Limits.ViewModel, Gates.Of(new ActParams { Kind = ActKind.Command }));
            Check.Equal(Limits.ViewModel, Gates.Of(new SubscribeParams { Kind = EventKind.Member }));
            Check.Equal(Limits.SensitiveReads, Gates.Of(new SubscribeParams { Kind = EventKind.Property }));
            Check.Equal(Limits.SensitiveReads | Limits.Destructive, Gates.Of(new DiagParams { Collect = true }));
            Check.Equal("viewmodel, destructive", Gates.Names(Limits.ViewModel | Limits.Destructive));
        }

        [Test]
        internal static void A_thread_that_hangs_costs_neither_the_session_nor_other_threads()
        {
            using var main = Ui.Main.Show(() => new TextBlock { Text = "one" });
            var another = Ui.Another();
            using var second = another.Show(() => new TextBlock { Text = "two" });
            using var client = Client.Open();
            var roots = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots;
            var (alive, hung) = (roots.Single(root => root.IsMain), roots.Single(root => !root.IsMain));
            // Not disposed of: the thread may still be coming out of it.
            var release = new ManualResetEventSlim(false);
            another.Hang(release);
            try
            {
                var error = Check.Refused(ErrorCode.Busy, () => client.Call(Method.Walk, Walks.All(hung.Handle).Write, 150));
                Check.Equal((ulong)hung.Dispatcher, error.Data!.Members["dispatcher"].UInt64());
                Check.True(!error.Data.Members["modal"].Boolean(), "nothing is modal");
                Check.True(WalkResult.Read(client.Call(Method.Walk, Walks.All(alive.Handle).Write)).Nodes.Count > 3, "no walk");
                var health = HealthResult.Read(client.Call(Method.Health, new HealthParams { ProbeMs = 100 }.Write));
                Check.True(health.Dispatchers.Single(row => row.Id == hung.Dispatcher).AnsweredUs == null, "it answered");
                Check.True(health.Dispatchers.Single(row => row.Id == alive.Dispatcher).AnsweredUs != null, "no answer");
                var rest = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots;
                Check.Same(new[] { alive.Handle }, rest.Select(root => root.Handle), "roots of the other thread");
            }
            finally
            {
                release.Set();
            }
            Check.True(WalkResult.Read(client.Call(Method.Walk, Walks.All(hung.Handle).Write)).Nodes.Count > 3, "no walk after");
        }

        [Test]
        internal static void What_has_not_begun_is_taken_back()
        {
            var another = Ui.Another();
            using var shown = another.Show(() => new TextBlock());
            using var client = Client.Open();
            var root = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots
                .First(one => one.Title == "Inspected");
            // Not disposed of: the thread may still be coming out of it.
            var release = new ManualResetEventSlim(false);
            another.Hang(release);
            var (posted, aborted) = (0, 0);
            another.Dispatcher.Hooks.OperationPosted += (_, __) => Interlocked.Increment(ref posted);
            another.Dispatcher.Hooks.OperationAborted += (_, __) => Interlocked.Increment(ref aborted);
            var id = client.Ask(Method.Walk, Walks.All(root.Handle).Write, 60_000);
            Check.Soon(() => Volatile.Read(ref posted) == 1, "it does not wait for the thread");
            client.Cancel(id);
            Check.Equal(ErrorCode.Cancelled, client.Answer(id).Error!.Code);
            Check.Equal(1, aborted, "what waits for the thread");
            release.Set();
            Check.Soon(() => client.Session.InFlightCount == 0, "it is still on its way");
        }

        [Test]
        internal static void Requests_on_their_way_have_a_cap()
        {
            var another = Ui.Another();
            using var shown = another.Show(() => new TextBlock());
            using var client = Client.Open();
            var root = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots
                .First(one => one.Title == "Inspected");
            // Not disposed of: the thread may still be coming out of it.
            var release = new ManualResetEventSlim(false);
            another.Hang(release);
            var asked = Enumerable.Range(0, Limits.InFlightCap)
                .Select(_ => client.Ask(Method.Walk, Walks.All(root.Handle).Write, 60_000)).ToList();
            Check.Refused(ErrorCode.Full, () => client.Call(Method.Health, new HealthParams { ProbeMs = 1 }.Write));
            release.Set();
            foreach (var id in asked)
            {
                client.Await(id);
            }
            client.Call(Method.Health, new HealthParams { ProbeMs = 1 }.Write);
        }

        [Test]
        internal static void What_waits_to_be_sent_has_a_cap_and_events_go_before_answers()
        {
            var (near, far) = Duplex.Pair();
            using var gate = new Gate(near);
            var outbox = new Outbox(gate);
            var sender = new Thread(outbox.Loop) { IsBackground = true };
            sender.Start();
            var piece = new byte[1024 * 1024];
            var events = 0;
            while (events < 100 && outbox.TrySend(piece))
            {
                events++;
            }
            Check.Equal(Outbox.EventByteCap / piece.Length, events, "events that wait");
            for (var answer = events; answer < Outbox.ByteCap / piece.Length; answer++)
            {
                Check.True(outbox.Send(piece), "an answer finds no room");
            }
            var sent = false;
            var waiting = new Thread(() => sent = outbox.Send(piece)) { IsBackground = true };
            waiting.Start();
            Check.Soon(() => waiting.ThreadState.HasFlag(System.Threading.ThreadState.WaitSleepJoin), "it does not wait");
            Check.True(!sent, "it was sent past the cap");
            gate.Open();
            Check.True(waiting.Join(10_000) && sent, "it waits for ever");
            outbox.Drain(10_000);
            far.Dispose();
            outbox.End();
            Check.True(sender.Join(10_000), "the sender does not end");
            Check.True(!outbox.Send(piece) && !outbox.TrySend(piece), "it sends after its end");
        }

        /// <summary>A stream that takes nothing until it is opened.</summary>
        private sealed class Gate : System.IO.Stream
        {
            private readonly System.IO.Stream inner;
            private readonly ManualResetEventSlim open = new ManualResetEventSlim(false);

            internal Gate(System.IO.Stream inner) => this.inner = inner;

            internal void Open() => open.Set();

            public override bool CanRead => false;

            public override bool CanSeek => false;

            public override bool CanWrite => true;

            public override long Length => throw new NotSupportedException();

            public override long Position
            {
                get => throw new NotSupportedException();
                set => throw new NotSupportedException();
            }

            public override void Write(byte[] buffer, int offset, int count)
            {
                open.Wait();
                inner.Write(buffer, offset, count);
            }

            public override void Flush()
            {
            }

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override long Seek(long offset, System.IO.SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();
        }

        [Test]
        internal static void Bytes_that_nobody_grants_are_given_up()
        {
            using var shown = Ui.Main.Show(() => new Canvas { Name = "Wide", Width = 1_000, Height = 1_000 });
            using var client = Client.Open(creditWaitMs: 100);
            client.Grants = false;
            var id = client.Ask(Method.Render, new RenderParams { Handle = client.Named("Wide"), Scale = 1 }.Write);
            Check.Equal(Session.FirstCredit, client.Blob(id).LongLength);
            Check.Soon(() => client.Session.InFlightCount == 0, "it is still on its way");
        }

        [Test]
        internal static void A_silent_server_is_gone_and_a_quiet_inspector_is_heard()
        {
            using var client = Client.Open(silenceMs: 3_000);
            Check.Soon(() => client.AliveFrames > 0, "it does not say that it is there");
            Check.Soon(() => client.IsClosed, "it waits for ever");
        }

        [Test]
        internal static void Hooks_go_with_bye_and_with_a_lost_pipe()
        {
            using var shown = Ui.Main.Show(() => new TextBlock());
            var removed = 0;
            int RemovedBy(Action<Client> end)
            {
                removed = 0;
                var client = Client.Open();
                client.Session.Context.Hooks.Add(Ui.Main.Dispatcher, () =>
                {
                    Check.True(Ui.Main.Dispatcher.CheckAccess(), "on another thread");
                    removed++;
                });
                client.Session.Context.Hooks.Add(Ui.Main.Dispatcher, () => throw new InvalidOperationException());
                var health = HealthResult.Read(client.Call(Method.Health, new HealthParams { ProbeMs = 100 }.Write));
                Check.Equal(2u, health.Hooks);
                end(client);
                Check.Soon(() => client.IsClosed && client.Session.Context.Hooks.Count == 0, "hooks are left");
                return removed;
            }

            Check.Equal(1, RemovedBy(client =>
            {
                var bye = ByeResult.Read(client.Call(Method.Bye, new ByeParams().Write));
                Check.Equal((2u, 0u), (bye.Removed, bye.Left));
            }), "bye");
            Check.Equal(1, RemovedBy(client => client.Dispose()), "a lost pipe");
        }

        [Test]
        internal static void Hooks_of_a_thread_that_hangs_go_when_it_answers()
        {
            var another = Ui.Another();
            using var client = Client.Open();
            var removed = false;
            client.Session.Context.Hooks.Add(another.Dispatcher, () => removed = true);
            // Not disposed of: the thread may still be coming out of it.
            var release = new ManualResetEventSlim(false);
            using var hangs = new ManualResetEventSlim(false);
            another.Dispatcher.BeginInvoke(new Action(() =>
            {
                hangs.Set();
                release.Wait();
            }));
            Check.True(hangs.Wait(5_000), "the thread does not begin to hang");
            var bye = ByeResult.Read(client.Call(Method.Bye, new ByeParams().Write));
            Check.Equal((0u, 1u), (bye.Removed, bye.Left));
            Check.True(!removed, "it was removed although its thread hangs");
            release.Set();
            Check.Soon(() => removed, "it is left");
            var late = false;
            client.Session.Context.Hooks.Add(another.Dispatcher, () => late = true);
            Check.True(late, "a hook of a session that has ended stays");
        }

        [Test]
        internal static void A_round_trip_waits_for_nothing()
        {
            using var shown = Ui.Main.Show(() => new TextBlock());
            using var client = Client.Open();
            var root = RootsResult.Read(client.Call(Method.Roots, new RootsParams().Write)).Roots[0].Handle;
            var asked = new PropsParams { Items = { new PropsItem { Handle = root, Names = { "Title" } } }, Text = 100 };
            var trips = Enumerable.Range(0, 300).Select(_ =>
            {
                var clock = Stopwatch.StartNew();
                client.Call(Method.Props, asked.Write);
                return clock.Elapsed.TotalMilliseconds;
            }).Skip(50).OrderBy(ms => ms).ToList();
            Console.WriteLine("        round trip: median {0:0.00} ms, 90 of 100 {1:0.00} ms", trips[125], trips[225]);
            // The bar is a benchmark's; this is far above it and below anything that waits for a tick.
            Check.True(trips[125] <= 20, "too slow: " + trips[125]);
        }

        private static WriteParams Writes(params WriteKind[] kinds) =>
            new WriteParams { Ops = kinds.Select(kind => new WriteOp { Kind = kind }).ToList() };

        private static (string, string)[] Minimal() => new[]
        {
            (Method.Walk, "{\"axis\":\"visual\",\"depth\":1,\"max\":1,\"maxChildren\":1,\"visit\":1,\"ms\":1,\"text\":1}"),
            (Method.Props, "{\"items\":[],\"text\":1}"),
            (Method.Describe, "{}"),
            (Method.Layout, "{\"repeat\":1}"),
            (Method.Render, "{}"),
            (Method.Adorn, "{\"color\":\"Red\",\"ms\":1}"),
            (Method.Facets, "{\"handles\":[],\"facets\":[\"layout\"],\"text\":1}"),
            (Method.Facets, "{\"handles\":[],\"facets\":[\"dataContext\"],\"text\":1}"),
            (Method.Bindings, "{\"max\":1,\"text\":1,\"visit\":1}"),
            (Method.Resource, "{\"key\":\"x\",\"text\":1}"),
            (Method.Object, "{\"object\":{},\"max\":1,\"text\":1}"),
            (Method.Capture, "{\"text\":1}"),
            (Method.Write, "{\"ops\":[],\"text\":1}"),
            (Method.Act, "{\"kind\":\"click\",\"graceMs\":1}"),
            (Method.Subscribe, "{\"kind\":\"frame\",\"ring\":1,\"ttlMs\":1}"),
            (Method.Events, "{\"after\":0,\"max\":1}"),
            (Method.Diag, "{\"checks\":[],\"visit\":1,\"max\":1}"),
        };
    }
}
