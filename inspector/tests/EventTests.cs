// Subscriptions: every change is told once, in order, with what plain WPF says; and nothing stays behind.
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Input;
using System.Windows.Threading;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class EventTests
    {
        private static List<Event> Of(Client client, EventKind kind, int count)
        {
            client.Until(() => client.Events.Count(told => told.Kind == kind) >= count, count + " events of kind " + kind);
            return client.Events.Where(told => told.Kind == kind).ToList();
        }

        [Test]
        internal static void ChangesOfPropertiesAreToldFromTheFirstOn()
        {
            Button? button = null;
            using var shown = Ui.Main.Show(() => button = new Button { Name = "button", Width = 10 });
            using var client = Client.Open();
            var handle = client.Named("button");
            // The application changes the value all the while: what was read at the start and what is told join without a gap.
            var stop = false;
            var storm = Task.Run(() =>
            {
                for (var i = 11; !stop; i++)
                {
                    Ui.Main.Do(() => button!.Width = i);
                }
            });
            var subscribed = client.Subscribe(EventKind.Property, handle, "Width", "Tag");
            Check.Equal(2u, subscribed.Hooks);
            Check.Equal("Local Default", string.Join(" ", subscribed.Sources));
            var first = subscribed.Values[0].V!.Double();
            var told = Of(client, EventKind.Property, 20).Select(one => one.Value!.V!.Double()).ToList();
            Check.Same(Enumerable.Range(1, told.Count).Select(i => first + i), told, "no edge is lost");
            stop = true;
            storm.Wait();
            var one = client.Events.First();
            Check.Equal("Width Local button Button", $"{one.Name} {one.Detail} {one.ElementName} {one.TypeName}");
            Check.Equal(2u, client.Unsubscribe(subscribed.Subscription).Removed);
            var events = client.Events.Count;
            Ui.Main.Do(() => button!.Width = 1);
            Check.Equal(events, client.Events.Count, "nothing is told any more");
            Check.Equal(0u, client.Hooks());
            Check.Refused(ErrorCode.NotFound, () => client.Subscribe(EventKind.Property, handle, "Width", "Widht"));
            Check.Equal(0u, client.Hooks(), "half a subscription is none");
        }

        [Test]
        internal static void TheRingKeepsTheNewestAndCountsTheRest()
        {
            Button? button = null;
            using var shown = Ui.Main.Show(() => button = new Button { Name = "button" });
            using var client = Client.Open();
            var subscribed = client.Subscribe(new SubscribeParams
            {
                Kind = EventKind.Property, Handle = client.Named("button"), Names = { "Width" }, Ring = 5,
            });
            Ui.Main.Do(() => Enumerable.Range(1, 12).ToList().ForEach(i => button!.Width = i));
            Of(client, EventKind.Property, 12);
            var all = client.Events(0, 100);
            Check.Same(new[] { 8.0, 9, 10, 11, 12 }, all.Events.Select(one => one.Value!.V!.Double()));
            Check.Equal(7u, all.Dropped);
            var some = client.Events(0, 2, subscribed.Subscription);
            Check.Equal(3u, some.More);
            var rest = client.Events(some.Events.Last().Seq, 100, subscribed.Subscription);
            Check.Same(new[] { 10.0, 11, 12 }, rest.Events.Select(one => one.Value!.V!.Double()));
            Check.Equal(0u, rest.Dropped);
            Check.Equal(5, client.Events(0, 100).Events.Count, "reading takes nothing away");
            Check.Refused(ErrorCode.StaleHandle, () => client.Events(0, 10, 999));
            Check.Refused(ErrorCode.BadRequest, () => client.Events(0, Limits.EventCap + 1));
        }

        [Test]
        internal static void ASecondSendsNoMoreThanItsCap()
        {
            Button? button = null;
            using var shown = Ui.Main.Show(() => button = new Button { Name = "button" });
            using var client = Client.Open();
            client.Subscribe(new SubscribeParams
            {
                Kind = EventKind.Property, Handle = client.Named("button"), Names = { "Tag" }, Ring = Limits.RingCap,
            });
            Ui.Main.Do(() => Enumerable.Range(1, 2_500).ToList().ForEach(i => button!.Tag = i));
            var kept = 0;
            for (ulong after = 0; ;)
            {
                var page = client.Events(after, Limits.EventCap);
                if (page.Events.Count == 0)
                {
                    break;
                }
                kept += page.Events.Count;
                after = page.Events.Last().Seq;
            }
            Check.Equal(2_500, kept, "all are in the ring");
            Check.True(client.Events.Count >= Limits.EventSecondCap && client.Events.Count < 2_500, "sent: " + client.Events.Count);
        }

        [Test]
        internal static void RoutedEventsWithTheirTwins()
        {
            Button? button = null;
            using var shown = Ui.Main.Show(() => button = new Button { Name = "button" });
            using var client = Client.Open();
            var handle = client.Named("button");
            var asked = new SubscribeParams
            {
                Kind = EventKind.Routed, Handle = handle, Names = { "KeyDown" }, HandledToo = true, WithPreview = true,
            };
            var subscribed = client.Subscribe(asked);
            Check.Equal(4u, subscribed.Hooks);
            Ui.Main.Do(() =>
            {
                var source = PresentationSource.FromVisual(button)!;
                button!.RaiseEvent(new KeyEventArgs(Keyboard.PrimaryDevice, source, 0, Key.A) { RoutedEvent = Keyboard.PreviewKeyDownEvent });
                button!.RaiseEvent(new KeyEventArgs(Keyboard.PrimaryDevice, source, 0, Key.A) { RoutedEvent = Keyboard.KeyDownEvent });
            });
            var told = Of(client, EventKind.Routed, 4);
            Check.Same(
                new[] { "Keyboard.PreviewKeyDown Tunnel Window", "Keyboard.PreviewKeyDown Tunnel Button", "Keyboard.KeyDown Bubble Button", "Keyboard.KeyDown Bubble Window" },
                told.Select(one => $"{one.Name} {one.Detail} {one.TypeName}"));
            Check.Equal("Button", told[0].SourceType);
            client.Unsubscribe();
            Check.Equal(0u, client.Hooks());
        }

        [Test]
        internal static void MembersNeedTheirGateAndTellValuesOfNamedOnesAlone()
        {
            var person = new Person();
            using var shown = Ui.Main.Show(() => new Button { Name = "button", DataContext = person });
            using var client = Client.Open();
            var handle = client.Named("button");
            var subscribed = client.Subscribe(EventKind.Member, handle, "Age", "Password");
            Check.Equal("Int Redacted", string.Join(" ", subscribed.Values.Select(value => value.K)));
            person.Age = 34;
            person.Name = "Bob";
            person.Age = 35;
            Check.Same(new[] { "Age 34", "Age 35" }, Of(client, EventKind.Member, 2).Select(one => $"{one.Name} {one.Value!.V!.Digits}"));
            client.Unsubscribe();
            Check.Equal(0, person.Listeners, "the handler is gone");
            using var reader = Client.Open(Limits.SensitiveReads);
            Check.Refused(ErrorCode.Denied, () => reader.Subscribe(EventKind.Member, reader.Named("button"), "Age"));
        }

        [Test]
        internal static void ErrorsOfValidationComeAndGo()
        {
            var person = new Person();
            TextBox? loud = null;
            TextBox? silent = null;
            using var shown = Ui.Main.Show(() =>
            {
                TextBox Bound(bool notifies)
                {
                    var box = new TextBox();
                    box.SetBinding(TextBox.TextProperty, new Binding("Age")
                    {
                        ValidatesOnDataErrors = true, NotifyOnValidationError = notifies, UpdateSourceTrigger = UpdateSourceTrigger.PropertyChanged,
                    });
                    return box;
                }

                var panel = new StackPanel { DataContext = person };
                panel.Children.Add(loud = Bound(true));
                panel.Children.Add(silent = Bound(false));
                return panel;
            });
            using var client = Client.Open();
            client.Subscribe(EventKind.Validation, null);
            Ui.Main.Do(() => loud!.Text = "-1");
            Ui.Main.Do(() => loud!.Text = "1");
            var told = Of(client, EventKind.Validation, 4).Where(one => one.Handle == Ui.Main.Do(() => client.Session.Context.Handles.Of(loud!))).ToList();
            Check.Same(new[] { "True too young Age", "False too young Age" }, told.Select(one => $"{one.Flag} {one.Value!.S} {one.Detail}"), "the loud one");
            told = client.Events.Where(one => one.Handle == Ui.Main.Do(() => client.Session.Context.Handles.Of(silent!))).ToList();
            Check.Same(new bool?[] { true, false }, told.Select(one => one.Flag), "the one that raises nothing");
            client.Unsubscribe();
            Check.Equal(0u, client.Hooks());
        }

        [Test]
        internal static void BindingsThatFailAreToldWithoutValues()
        {
            TextBlock? block = null;
            using var shown = Ui.Main.Show(() => block = new TextBlock { Name = "block", DataContext = new Person() });
            using var client = Client.Open();
            client.Subscribe(EventKind.Binding, null);
            Ui.Main.Do(() => block!.SetBinding(TextBlock.TextProperty, new Binding("Nonesuch")));
            var told = Of(client, EventKind.Binding, 1).First();
            Check.Equal("PathError (40) block Text Nonesuch", $"{told.Detail} {told.ElementName} {told.Name} {told.Value?.S}");
            Check.Equal("TextBlock", told.TypeName);
            // A value that cannot be converted is in WPF's message, and in nothing that leaves.
            Ui.Main.Do(() => block!.SetBinding(FrameworkElement.WidthProperty, new Binding("Name")));
            var converted = Of(client, EventKind.Binding, 2).Last();
            Check.Equal("Width Name", $"{converted.Name} {converted.Value?.S}");
            Check.True(!converted.Detail!.Contains("Ann"), converted.Detail);
            var listeners = PresentationTraceSources.DataBindingSource.Listeners.Count;
            client.Unsubscribe();
            Check.Equal(listeners - 1, PresentationTraceSources.DataBindingSource.Listeners.Count);
        }

        [Test]
        internal static void FramesAndExceptions()
        {
            ProgressBar? bar = null;
            using var shown = Ui.Main.Show(() => bar = new ProgressBar { IsIndeterminate = true, Width = 50, Height = 10 });
            using var client = Client.Open();
            client.Subscribe(EventKind.Frame, null);
            Check.True(Of(client, EventKind.Frame, 3).Skip(1).All(one => one.FrameMs > 0), "times between frames");
            client.Unsubscribe();
            DispatcherUnhandledExceptionEventHandler handle = (sender, e) => e.Handled = true;
            client.Subscribe(EventKind.Exception, null);
            Ui.Main.Do(() => Ui.Main.Dispatcher.UnhandledException += handle);
            Ui.Main.Dispatcher.BeginInvoke(new System.Action(() => int.Parse("hunter2")));
            var told = Of(client, EventKind.Exception, 1).Single();
            Check.Equal("System.FormatException", told.Name);
            Check.True(told.Value == null, "its message stays inside");
            Ui.Main.Do(() => Ui.Main.Dispatcher.UnhandledException -= handle);
        }

        [Test]
        internal static void SubscriptionsEndByThemselvesAndHaveCaps()
        {
            using var shown = Ui.Main.Show(() => new Button { Name = "button" });
            using var client = Client.Open();
            var handle = client.Named("button");
            client.Subscribe(new SubscribeParams { Kind = EventKind.Property, Handle = handle, Names = { "Width" }, TtlMs = 50 });
            Check.Soon(() => client.Hooks() == 0, "it did not end by itself");
            SubscribeParams One() => new SubscribeParams { Kind = EventKind.Property, Handle = handle, Names = { "Width" } };
            for (var i = 0; i < Limits.SubscriptionCap; i++)
            {
                client.Subscribe(One());
            }
            Check.Refused(ErrorCode.Full, () => client.Subscribe(One()));
            Check.Equal((uint)Limits.SubscriptionCap, client.Unsubscribe().Removed);
            client.Subscribe(One());
            var over = One();
            over.Ring = Limits.RingCap + 1;
            Check.Refused(ErrorCode.BadRequest, () => client.Subscribe(over));
            over = One();
            over.TtlMs = Limits.TtlCapMs + 1;
            Check.Refused(ErrorCode.BadRequest, () => client.Subscribe(over));
            over = One();
            over.Names.AddRange(Enumerable.Repeat("Tag", Limits.SubscriptionNameCap));
            Check.Refused(ErrorCode.BadRequest, () => client.Subscribe(over));
            Check.Refused(ErrorCode.BadRequest, () => client.Subscribe(EventKind.OpDone, null));
        }

        [Test]
        internal static void TheEndOfASessionTakesEverythingOut()
        {
            var person = new Person();
            Button? button = null;
            using var shown = Ui.Main.Show(() => button = new Button { Name = "button", DataContext = person });
            var listeners = PresentationTraceSources.DataBindingSource.Listeners.Count;
            using (var client = Client.Open())
            {
                var handle = client.Named("button");
                client.Subscribe(EventKind.Property, handle, "Width");
                client.Subscribe(EventKind.Member, handle, "Age");
                client.Subscribe(EventKind.Routed, handle, "Click");
                client.Subscribe(EventKind.Binding, null);
                client.Subscribe(EventKind.Frame, null);
                Check.Equal(1, person.Listeners);
            }
            // The pipe is lost: nobody said good-bye.
            Check.Soon(() => person.Listeners == 0, "the handler of the view model");
            Check.Soon(() => PresentationTraceSources.DataBindingSource.Listeners.Count == listeners, "the listener of traces");
            var store = typeof(UIElement).GetProperty("EventHandlersStore", BindingFlags.NonPublic | BindingFlags.Instance)!;
            Check.Soon(
                () => Ui.Main.Do(() =>
                {
                    var handlers = store.GetValue(button);
                    var of = handlers?.GetType().GetMethod("GetRoutedEventHandlers", BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance);
                    return handlers == null || of!.Invoke(handlers, new object[] { Button.ClickEvent }) == null;
                }),
                "the handler of the click");
        }
    }
}
