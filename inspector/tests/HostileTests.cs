// Sessions whose server is hostile: it holds the secret and sends whatever it likes. Each request is answered or the session
// ends, nothing of the application is touched that its gates keep, no hook is left, and the process lives.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Input;
using System.Windows.Media;
using Portcullis.Inspector.Channel;
using Portcullis.Inspector.Primitives;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class HostileTests
    {
        private const ulong Seed = 0x6361_7374;
        private const int Sessions = 36;
        private const int FramesEach = 40;
        /// <summary>How long sessions are begun, whatever their number; fewer than a tenth of them is a failure.</summary>
        private const int LimitMs = 6_000;
        private const int BadEach = 16;
        private const uint Reads = Limits.SensitiveReads | Limits.Screenshots | Limits.ViewModel;
        /// <summary>What the largest frame may cost: its bytes, its text, a text of its own out of that, and as much again.</summary>
        private const long MostBytes = 12L * Limits.FrameCap;

        private static readonly IReadOnlyList<string> Methods =
            Table.Methods.Where(name => name != Method.Hello && name != Method.Bye).OrderBy(name => name, StringComparer.Ordinal).ToList();

        [Test]
        internal static void Whatever_comes_is_answered_or_ends_the_session()
        {
            using var stage = new Stage();
            var clock = Stopwatch.StartNew();
            var (session, answers) = (0, 0);
            for (; session < Sessions && clock.ElapsedMilliseconds < LimitMs; session++)
            {
                try
                {
                    answers += Serve(new Dice(Seed + (ulong)session), session % 3 == 0 ? 0 : Reads);
                    stage.IsUntouched();
                }
                catch (Exception e)
                {
                    throw new Exception("session " + session + " of seed " + Seed, e);
                }
            }
            Console.WriteLine("        {0} of {1} sessions, {2} answers", session, Sessions, answers);
            Check.True(session >= Sessions / 10, "only " + session + " sessions in " + LimitMs + " ms");
            Check.True(answers >= session * 4, "only " + answers + " answers");
        }

        /// <summary>With every gate open, what is no message of its method does nothing.</summary>
        [Test]
        internal static void With_every_gate_open_a_message_that_is_none_does_nothing()
        {
            using var stage = new Stage();
            using var client = Client.Open();
            var handles = client.Walk(Walks.All()).Nodes.Select(node => node.H ?? 0).ToList();
            for (var round = 0; round < BadEach * Methods.Count; round++)
            {
                var dice = new Dice(Seed + (ulong)round);
                var method = Methods[round % Methods.Count];
                var text = Spoil.Text(writer => writer.Raw(new Made(dice, handles).Parameters(Made.TypeOf(method))));
                text = dice.Of(new[] { "null", "[]", "\"x\"", "7", text.Substring(0, text.Length - 1) + (text.Length > 2 ? "," : "") + "\"zz\":1}" });
                Check.Refused(ErrorCode.BadRequest, () => client.Call(method, writer => writer.Raw(Json.Parse(text))));
            }
            stage.IsUntouched();
            Check.Equal(0u, client.Session.Context.Hooks.Count);
        }

        /// <summary>The largest frames there are: what they cost has a bound, and what is answered is short.</summary>
        [Test]
        internal static void The_largest_frames_cost_what_they_may()
        {
            const string Head = "{\"id\":77,\"deadlineMs\":1000,\"method\":";
            byte[] Full(string head, string piece, string tail)
            {
                var times = (Limits.FrameCap - head.Length - tail.Length) / Encoding.UTF8.GetByteCount(piece);
                return Encoding.UTF8.GetBytes(new StringBuilder(head + tail).Insert(head.Length, piece, times).ToString());
            }

            foreach (var (head, piece, tail) in new[]
            {
                (Head + "\"health\",\"params\":{\"probeMs\":1,\"", "x", "\":1}}"),
                (Head + "\"health\",\"params\":{\"probeMs\":1,\"", "\\b", "\":1}}"),
                // A name that would come back in a frame that is none too large.
                (Head + "\"health\",\"params\":{\"probeMs\":1,\"", "x", "\":1}}" + new string(' ', Limits.FrameCap / 2)),
                (Head + "\"", "x", "\"}"),
                (Head + "\"health\",\"", "\\t", "\":1}"),
                (Head + "\"resource\",\"params\":{\"text\":1,\"key\":\"", "\\u0001", "\"}}"),
                (Head + "\"health\",\"params\":{\"probeMs\":", "1", "}}"),
                (Head + "\"health\",\"params\":[0", ",0", "]}"),
                (Head + "\"health\",\"params\":[{}", ",{}", "]}"),
                (Head + "\"health\",\"params\":", "[", ""),
                ("\"", "\ud83d\ude42", "\""),
            })
            {
                var body = Full(head, piece, tail);
                var what = Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 80));
                using var client = Client.Open(Reads);
                GC.Collect();
                var before = GC.GetTotalAllocatedBytes(true);
                client.Send(FrameKind.Request, body);
                client.Settled(() => client.HasArrived(77), "neither an answer nor an end: " + what);
                var cost = GC.GetTotalAllocatedBytes(true) - before;
                Check.True(cost <= MostBytes, cost + " bytes for " + what);
                if (client.HasArrived(77))
                {
                    Check.True(client.Answer(77).Error!.Message.Length <= WireException.MessageCap + 1, "a long answer to " + what);
                }
            }
        }

        /// <summary>A blob is never more than was granted, and grants without end, measure or addressee change nothing.</summary>
        [Test]
        internal static void Grants_are_taken_at_their_word_and_no_further()
        {
            using var shown = Ui.Main.Show(() => new Canvas { Name = "Wide", Width = 1_000, Height = 1_000 });
            using var client = Client.Open(Reads);
            client.Grants = false;
            var asked = new RenderParams { Handle = client.Named("Wide"), Scale = 1 };
            var id = client.Ask(Method.Render, asked.Write);
            var whole = (long)client.Answer(id).Blob!.Value;
            client.Until(() => client.BlobBytesSoFar(id) == Session.FirstCredit, "the first bytes");
            client.Credit(id + 1, uint.MaxValue);
            client.Credit(0, uint.MaxValue);
            client.Credit(ulong.MaxValue, uint.MaxValue);
            client.Credit(id, 0);
            client.Credit(id, 1_000);
            client.Until(() => client.BlobBytesSoFar(id) >= Session.FirstCredit + 1_000, "what was granted");
            client.Call(Method.Health, new HealthParams { ProbeMs = 1 }.Write);
            Check.Equal(Session.FirstCredit + 1_000, client.BlobBytesSoFar(id), "bytes that nobody granted");
            for (var times = 0; times < 100; times++)
            {
                client.Credit(id, uint.MaxValue);
            }
            Check.Equal(whole, client.Blob(id).LongLength, "the rest");
        }

        /// <summary>One session of hostile frames, from its beginning to its end; how many answers came.</summary>
        private static int Serve(Dice dice, uint gates)
        {
            using var client = dice.OneIn(8) ? Client.Raw(gates) : Client.Open(gates);
            var handles = new List<ulong> { 1 };
            var shut = new List<ulong>();
            var wire = new MemoryStream();
            void Put(FrameKind kind, byte[] body) => wire.Write(Frames.Write(kind, body));

            if (client.Greeting.Protocol != null && gates != 0)
            {
                var nodes = client.Walk(Walks.All()).Nodes;
                ulong Named(string name) => nodes.First(node => node.N == name).H ?? 0;
                // What is in the application when it begins, and must be gone when it ends.
                client.Subscribe(EventKind.Property, Named("Name"), "Text");
                client.Subscribe(EventKind.Member, Named("Panel"), "Age");
                Check.True(client.Session.Context.Hooks.Count > 1, "nothing is hooked");
                // Whole messages, which would do what they say if a gate were open that is shut.
                var color = new AdornParams { Handle = Named("Name"), Color = "Red", Ms = 60_000 };
                var acts = new[] { ActKind.Click, ActKind.Focus, ActKind.Select }.Select(kind => new ActParams { Kind = kind, Handle = Named("Button"), GraceMs = 1 })
                    .Append(new ActParams { Kind = ActKind.SetText, Handle = Named("Name"), Text = "touched", GraceMs = 1 });
                var set = new WriteParams { Ops = { Asked.Op(WriteKind.Set, Named("Slider"), "Value", Json.Of(9L)) }, Text = 10 };
                foreach (var (method, write) in acts.Select(act => (Method.Act, (Action<JsonWriter>)act.Write))
                    .Append((Method.Write, set.Write)).Append((Method.Adorn, color.Write)))
                {
                    shut.Add(1_000 + (ulong)shut.Count);
                    Put(FrameKind.Request, Numbered(shut.Last(), Encoding.UTF8.GetBytes(Spoil.Text(write)), method));
                }
                handles.AddRange(nodes.Select(node => node.H ?? 0));
            }
            var made = new Made(dice, handles);
            var asked = new Dictionary<ulong, string>();
            ulong Any() => asked.Count > 0 ? dice.Of(asked.Keys.ToList()) : dice.Next();

            for (var frame = 0; frame < FramesEach; frame++)
            {
                var id = 10_000ul + (ulong)frame;
                switch (dice.Below(12))
                {
                    case 0:
                        Put(FrameKind.Cancel, BitConverter.GetBytes(Any()));
                        break;
                    case 1:
                        Put(FrameKind.Credit, BitConverter.GetBytes(Any())
                            .Concat(BitConverter.GetBytes(dice.OneIn(2) ? uint.MaxValue : (uint)dice.Below(1_000))).ToArray());
                        break;
                    case 2:
                        Put(FrameKind.Alive, Array.Empty<byte>());
                        break;
                    case 3 when dice.OneIn(10):
                        Put(FrameKind.Request, Spoil.Bytes(FuzzTests.Body(dice), dice));
                        break;
                    default:
                        var method = dice.OneIn(30) ? "eval" : dice.Of(Methods);
                        var parameters = made.Parameters(Made.TypeOf(method == "eval" ? Method.Health : method));
                        var request = Json.Parse(Spoil.Text(new Request
                        {
                            Id = id, Method = method, DeadlineMs = (uint)dice.Of(new[] { 0, 1, 100, 1_000 }), Params = parameters,
                        }.Write));
                        var said = dice.OneIn(2) ? Encoding.UTF8.GetBytes(Spoil.Text(writer => writer.Raw(request)))
                            : Numbered(id, Spoil.Message(parameters, dice), method);
                        Put(FrameKind.Request, said);
                        asked.Add(id, Encoding.UTF8.GetString(said));
                        break;
                }
            }
            var end = dice.Below(6);
            wire.Write(end switch
            {
                0 => Frames.Write(FrameKind.Response, Array.Empty<byte>()),
                1 => new byte[] { 0, 0, 0, 0, (byte)(8 + dice.Below(248)) },
                2 => new byte[] { 1, 0, 0xA0, 0, 0 },
                3 => new byte[] { 40, 0, 0, 0, 0, (byte)'{' },
                4 => Frames.Write(FrameKind.Cancel, dice.Bytes(dice.Below(8))),
                _ => Array.Empty<byte>(),
            });
            Send(client, wire.ToArray(), dice);
            // Broken off by what follows them, requests are not all answered; the session has ended then.
            client.Settled(() => asked.Keys.All(client.HasArrived), "neither an answer nor an end");
            foreach (var id in shut.Where(client.HasArrived))
            {
                Check.Equal(ErrorCode.Denied, client.Answer(id).Error?.Code ?? ErrorCode.Internal, "a gate that is shut");
            }
            var answers = asked.Where(one => client.HasArrived(one.Key)).ToList();
            foreach (var (id, said) in answers)
            {
                var error = client.Answer(id).Error;
                Check.True(error?.Code != ErrorCode.Internal, error?.Message + " by " + said);
            }
            if (end == 3 || end == 5)
            {
                client.Dispose();
            }
            Check.Soon(() => client.IsClosed, "it goes on after what is no frame");
            Check.Soon(() => client.Session.InFlightCount == 0, "requests are left");
            Check.Soon(() => client.Session.Context.Hooks.Count == 0, "hooks are left");
            return answers.Count;
        }

        private static byte[] Numbered(ulong id, byte[] parameters, string method) => Encoding.UTF8.GetBytes(
            "{\"id\":" + id + ",\"method\":\"" + method + "\",\"deadlineMs\":500,\"params\":").Concat(parameters).Append((byte)'}').ToArray();

        /// <summary>Sends in pieces, until the session is over.</summary>
        private static void Send(Client client, byte[] bytes, Dice dice)
        {
            try
            {
                for (var at = 0; at < bytes.Length;)
                {
                    var piece = Math.Min(bytes.Length - at, 1 + dice.Below(dice.OneIn(2) ? 20 : 4_000));
                    client.Bytes(bytes, at, piece);
                    at += piece;
                }
            }
            catch (IOException)
            {
                // It was ended, which the other side of the test notices.
            }
        }

        /// <summary>A window with something of each kind, and what it is like by plain WPF.</summary>
        private sealed class Stage : IDisposable
        {
            private readonly Person person = new Person();
            private readonly Told told = new Told();
            private readonly Shown shown;
            private readonly string before;
            private TextBox? name;
            private PasswordBox? secret;
            private Slider? slider;
            private ListBox? list;
            private Button? button;
            private int clicks;
            private int changes;

            internal Stage()
            {
                shown = Ui.Main.Show(() =>
                {
                    name = new TextBox { Name = "Name" };
                    name.SetBinding(TextBox.TextProperty, new Binding("Name") { UpdateSourceTrigger = UpdateSourceTrigger.PropertyChanged });
                    secret = new PasswordBox { Name = "Secret", Password = "hunter2" };
                    slider = new Slider { Name = "Slider", Maximum = 10, Value = 4 };
                    list = new ListBox { Name = "List", ItemsSource = person.Tags, SelectedIndex = 1 };
                    button = new Button { Name = "Button", Content = "Go", Command = told };
                    button.Click += (_, __) => clicks++;
                    var panel = new StackPanel { Name = "Panel", DataContext = person };
                    panel.Resources["Key"] = Brushes.Red;
                    foreach (var child in new UIElement[] { name, secret, slider, list, button })
                    {
                        panel.Children.Add(child);
                    }
                    return panel;
                });
                person.PropertyChanged += (_, __) => changes++;
                before = Facts();
            }

            internal void IsUntouched() => Check.Equal(before, Facts(), "what the application is like");

            private string Facts() => Ui.Main.Do(() => string.Join("|", new object?[]
            {
                name!.Text, BindingOperations.GetBindingExpression(name, TextBox.TextProperty)?.Status, secret!.Password.Length, slider!.Value,
                list!.SelectedIndex, list.Items.Count, told.Executed.Count, clicks, changes, person.Name, person.Age, person.Password,
                person.Address.City, person.Listeners, button!.IsEnabled, (Keyboard.FocusedElement as FrameworkElement)?.Name,
                System.Windows.Documents.AdornerLayer.GetAdornerLayer(name)?.GetAdorners(name)?.Length, Application.Current.Windows.Count,
                shown.Window.IsVisible, shown.Window.Title, shown.Window.Left, shown.Window.Width, ((Panel)shown.Window.Content).Children.Count,
            }));

            public void Dispose() => shown.Dispose();
        }
    }
}
