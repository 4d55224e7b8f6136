// `subscribe` and `unsubscribe`: listening to the application. Every handler that is put in is written down with how it is taken
// out; a handler only notes what it sees, and never lets anything of its own out into the application.
using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Reflection;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Data;
using System.Windows.Media;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Begins a subscription.</summary>
    internal sealed class SubscribePrimitive
    {
        /// <summary>Characters of a value in an event.</summary>
        private const int TextCap = 1_024;
        /// <summary>Bound elements below one element whose errors of validation are listened for.</summary>
        private const uint ValidationCap = 512;
        private const string Preview = "Preview";

        private readonly Context context;
        private readonly Turn turn;
        private readonly SubscribeParams asked;
        private readonly Subscriptions subscriptions;
        private readonly Subscription subscription;
        private readonly Reading reading;
        private readonly SubscribeResult result = new SubscribeResult();

        private SubscribePrimitive(Context context, Turn turn, SubscribeParams asked)
        {
            this.context = context;
            this.turn = turn;
            this.asked = asked;
            reading = new Reading(context, TextCap);
            subscriptions = Subscriptions.Of(context);
            subscription = subscriptions.Open((int)asked.Ring, asked.TtlMs);
        }

        internal static SubscribeResult Run(Context context, Turn turn, SubscribeParams asked)
        {
            Caps.Ask("names", asked.Names.Count, Limits.SubscriptionNameCap);
            Caps.Ask("ring", asked.Ring, Limits.RingCap);
            Caps.Ask("ttlMs", asked.TtlMs, Limits.TtlCapMs);
            if (asked.Ring == 0 || asked.TtlMs == 0)
            {
                throw WireException.Bad("ring and ttlMs must be at least 1");
            }
            var begins = new SubscribePrimitive(context, turn, asked);
            try
            {
                begins.Begin();
            }
            catch (Exception)
            {
                // Half a subscription is none.
                begins.subscriptions.Close(new List<ulong> { begins.subscription.Number });
                throw;
            }
            return begins.Result();
        }

        internal static UnsubscribeResult End(Context context, Turn _, UnsubscribeParams asked)
        {
            Caps.Ask("subscriptions", asked.Subscriptions.Count, Limits.SubscriptionCap);
            var (removed, left) = Subscriptions.Of(context).Close(asked.Subscriptions);
            return new UnsubscribeResult { Removed = removed, Left = left };
        }

        private SubscribeResult Result()
        {
            result.Subscription = subscription.Number;
            result.Hooks = (uint)subscription.Hooks.Count;
            result.Types = reading.TypeRows;
            return result;
        }

        private void Begin()
        {
            switch (asked.Kind)
            {
                case EventKind.Property:
                    OnElement(Properties);
                    break;
                case EventKind.Routed:
                    OnElement(Routed);
                    break;
                case EventKind.Validation:
                    Validation();
                    break;
                case EventKind.Member:
                    context.Turns.Run(Targets.ThreadOf(context, asked.Handle), turn, Member);
                    break;
                case EventKind.Frame:
                    context.Turns.Run(context.ThreadOf(asked.Handle), turn, Frames);
                    break;
                case EventKind.Exception:
                    Exceptions();
                    break;
                case EventKind.Binding:
                    var failures = new BindingFailures(reading, told => subscriptions.Tell(subscription, told));
                    context.Turns.Run(context.ThreadOf(asked.Handle), turn, failures.Listen);
                    subscriptions.Hook(subscription, null, failures.Stop);
                    break;
                default:
                    throw WireException.Bad("kind is opDone, which is always told");
            }
        }

        /// <summary>Events come on any thread, after the answer has gone: each is written with a table of its own.</summary>
        private Reading Fresh() => new Reading(context, TextCap);

        private void OnElement(Action<DependencyObject> begin)
        {
            if (asked.Names.Count == 0)
            {
                throw WireException.Bad("names is empty, where a name is needed for this kind");
            }
            context.Turns.Run(context.ThreadOf(asked.Handle), turn, () =>
            {
                var element = context.Element<DependencyObject>(asked.Handle);
                result.Handle = reading.Of(element);
                begin(element);
            });
        }

        private void Properties(DependencyObject element)
        {
            foreach (var name in asked.Names)
            {
                var property = PropertyFinder.Find(element, name);
                var descriptor = DependencyPropertyDescriptor.FromProperty(property, element.GetType())
                    ?? throw new WireException(ErrorCode.Unsupported, name + " cannot be listened to at this element");
                var told = PropertyFinder.NameOn(element, property);
                void Changed(object? sender, EventArgs e) => Quietly(() => Tell(new Event
                {
                    Kind = EventKind.Property,
                    Name = told,
                    Value = Fresh().Property(element, property),
                    Detail = DependencyPropertyHelper.GetValueSource(element, property).BaseValueSource.ToString(),
                }, element));
                EventHandler handler = Changed;
                descriptor.AddValueChanged(element, handler);
                subscriptions.Hook(subscription, element.Dispatcher, () => descriptor.RemoveValueChanged(element, handler));
                // Read after the handler is in and in the same turn, so that no change falls between.
                result.Values.Add(reading.Property(element, property));
                result.Sources.Add(DependencyPropertyHelper.GetValueSource(element, property).BaseValueSource.ToString());
            }
        }

        private void Routed(DependencyObject element)
        {
            var window = asked.WithPreview ? Window.GetWindow(element) : null;
            foreach (var name in asked.Names)
            {
                var routed = FacetHandlers.FindEvent(element, name);
                Listen(element, routed);
                if (!asked.WithPreview)
                {
                    continue;
                }
                var twin = Twin(routed);
                foreach (var at in new[] { element, window })
                {
                    if (twin != null && at != null)
                    {
                        Listen(at, twin);
                    }
                }
                if (window != null && window != element)
                {
                    Listen(window, routed);
                }
            }
        }

        private static RoutedEvent? Twin(RoutedEvent routed)
        {
            var name = routed.Name.StartsWith(Preview, StringComparison.Ordinal)
                ? routed.Name.Substring(Preview.Length) : Preview + routed.Name;
            foreach (var other in EventManager.GetRoutedEvents())
            {
                if (other.Name == name && other.OwnerType == routed.OwnerType)
                {
                    return other;
                }
            }
            return null;
        }

        private void Listen(DependencyObject element, RoutedEvent routed)
        {
            if (!(element is IInputElement input))
            {
                throw new WireException(ErrorCode.WrongKind, "the object raises no routed events");
            }
            var listener = new RoutedListener(this, routed);
            // Each event has a type of handler of its own, whose arguments all derive from those that ours takes.
            var handler = Delegate.CreateDelegate(routed.HandlerType, listener, RoutedListener.Method);
            switch (element)
            {
                case UIElement shown:
                    shown.AddHandler(routed, handler, asked.HandledToo);
                    break;
                case ContentElement content:
                    content.AddHandler(routed, handler, asked.HandledToo);
                    break;
                default:
                    input.AddHandler(routed, handler);
                    break;
            }
            subscriptions.Hook(subscription, element.Dispatcher, () => input.RemoveHandler(routed, handler));
        }

        /// <summary>One handler of one routed event.</summary>
        private sealed class RoutedListener
        {
            internal static readonly MethodInfo Method =
                typeof(RoutedListener).GetMethod(nameof(Came), BindingFlags.Instance | BindingFlags.NonPublic)!;

            private readonly SubscribePrimitive owner;
            private readonly RoutedEvent routed;

            internal RoutedListener(SubscribePrimitive owner, RoutedEvent routed)
            {
                this.owner = owner;
                this.routed = routed;
            }

            private void Came(object sender, RoutedEventArgs e) => owner.Quietly(() => owner.Tell(new Event
            {
                Kind = EventKind.Routed,
                Name = FacetHandlers.NameOf(routed),
                Detail = routed.RoutingStrategy.ToString(),
                Flag = e.Handled,
                SourceType = e.OriginalSource?.GetType().Name,
            }, sender as DependencyObject));
        }

        private void Validation()
        {
            var (thread, element) = Targets.Element(context, turn, asked.Handle);
            context.Turns.Run(thread, turn, () =>
            {
                result.Handle = reading.Of(element);
                EventHandler<ValidationErrorEventArgs> handler = (sender, e) => Quietly(() =>
                    Tell(ErrorEvent(e.Error, e.Action == ValidationErrorEventAction.Added), e.OriginalSource as DependencyObject));
                System.Windows.Controls.Validation.AddErrorHandler(element, handler);
                subscriptions.Hook(
                    subscription, thread, () => System.Windows.Controls.Validation.RemoveErrorHandler(element, handler));
            });
            // The event is raised only where a binding asks for it; of all others the elements themselves tell.
            new Stroll(ValidationCap).Go(context.Turns, turn, thread, element, true, ListenForErrors);
        }

        private void ListenForErrors(DependencyObject element)
        {
            var isBound = Expressions.Of(element).Exists(one => one.Expression is BindingExpressionBase);
            if (!isBound)
            {
                return;
            }
            var property = System.Windows.Controls.Validation.ErrorsProperty;
            var descriptor = DependencyPropertyDescriptor.FromProperty(System.Windows.Controls.Validation.HasErrorProperty, element.GetType());
            var had = new List<ValidationError>(Silent(element));
            EventHandler handler = (sender, e) => Quietly(() =>
            {
                // WPF takes the last error out of the list after it has said that there is none.
                var has = System.Windows.Controls.Validation.GetHasError(element);
                var now = has ? new List<ValidationError>(Silent(element)) : new List<ValidationError>();
                foreach (var gone in had)
                {
                    if (!now.Contains(gone))
                    {
                        Tell(ErrorEvent(gone, false), element);
                    }
                }
                foreach (var came in now)
                {
                    if (!had.Contains(came))
                    {
                        Tell(ErrorEvent(came, true), element);
                    }
                }
                had = now;
            });
            if (descriptor == null || property == null)
            {
                return;
            }
            descriptor.AddValueChanged(element, handler);
            subscriptions.Hook(subscription, element.Dispatcher, () => descriptor.RemoveValueChanged(element, handler));
        }

        /// <summary>The errors of an element that no event is raised for.</summary>
        private static IEnumerable<ValidationError> Silent(DependencyObject element)
        {
            foreach (var error in System.Windows.Controls.Validation.GetErrors(element))
            {
                var raises = (error.BindingInError as BindingExpression)?.ParentBinding.NotifyOnValidationError
                    ?? (error.BindingInError as MultiBindingExpression)?.ParentMultiBinding.NotifyOnValidationError ?? false;
                if (!raises)
                {
                    yield return error;
                }
            }
        }

        private Event ErrorEvent(ValidationError error, bool came)
        {
            var expression = error.BindingInError as BindingExpressionBase;
            var path = (expression as BindingExpression)?.ParentBinding.Path?.Path;
            return new Event
            {
                Kind = EventKind.Validation,
                Name = expression?.TargetProperty?.Name,
                Detail = path,
                Flag = came,
                Value = Fresh().Named(error.ErrorContent, expression?.Target, path),
            };
        }

        private void Member()
        {
            var found = asked.Handle == null
                ? context.Element<DependencyObject>(null) : context.Handles.Resolve<object>(asked.Handle.Value);
            var owner = found is FrameworkElement || found is FrameworkContentElement
                ? ((DependencyObject)found).GetValue(FrameworkElement.DataContextProperty) : found;
            if (!(owner is INotifyPropertyChanged notifies))
            {
                throw new WireException(
                    owner == null ? ErrorCode.NotFound : ErrorCode.Unsupported,
                    owner == null ? "the element has no data context" : TypeNumbers.Short(owner.GetType()) + " does not tell of changes");
            }
            foreach (var name in asked.Names)
            {
                var member = Members.Find(owner, name) ?? throw WireException.NotFound(
                    TypeNumbers.Short(owner.GetType()) + " has no property `" + name + "`",
                    PropertyFinder.Nearest(Members.Names(owner), name));
                result.Values.Add(Value(reading, owner, member));
            }
            var handle = reading.Of(owner);
            result.Handle = handle;
            PropertyChangedEventHandler handler = (sender, e) => Quietly(() => Changed(owner, handle, e.PropertyName));
            notifies.PropertyChanged += handler;
            subscriptions.Hook(subscription, Dispatcher.CurrentDispatcher, () => notifies.PropertyChanged -= handler);
        }

        /// <summary>An empty name says that any property may have changed.</summary>
        private void Changed(object owner, ulong handle, string? name)
        {
            if (asked.Names.Count == 0)
            {
                subscriptions.Tell(subscription, MemberEvent(owner, handle, name, null));
                return;
            }
            foreach (var wanted in asked.Names)
            {
                if ((string.IsNullOrEmpty(name) || name == wanted) && Members.Find(owner, wanted) is { } member)
                {
                    subscriptions.Tell(subscription, MemberEvent(owner, handle, wanted, Value(Fresh(), owner, member)));
                }
            }
        }

        private static Event MemberEvent(object owner, ulong handle, string? name, Val? value) => new Event
        {
            Kind = EventKind.Member,
            Handle = handle,
            TypeName = TypeNumbers.Short(owner.GetType()),
            Name = name,
            Value = Bare(value),
        };

        private static Val Value(Reading with, object owner, Member member)
        {
            try
            {
                return with.Named(member.CanRead ? member.Get(owner) : null, null, member.Name);
            }
            catch (MemberThrewException threw)
            {
                return with.Error(threw.Thrown);
            }
        }

        private void Frames()
        {
            var last = TimeSpan.MinValue;
            EventHandler handler = (sender, e) => Quietly(() =>
            {
                // A frame is told several times when layout follows; its time stays the same.
                var now = (e as RenderingEventArgs)?.RenderingTime ?? TimeSpan.FromMilliseconds(Environment.TickCount);
                if (now == last)
                {
                    return;
                }
                var since = last == TimeSpan.MinValue ? (double?)null : (now - last).TotalMilliseconds;
                last = now;
                Tell(new Event { Kind = EventKind.Frame, FrameMs = since }, null);
            });
            CompositionTarget.Rendering += handler;
            subscriptions.Hook(subscription, Dispatcher.CurrentDispatcher, () => CompositionTarget.Rendering -= handler);
        }

        private void Exceptions()
        {
            var threads = asked.Handle != null
                ? new List<Dispatcher> { context.ThreadOf(asked.Handle) } : context.Dispatchers.All();
            foreach (var thread in threads)
            {
                DispatcherUnhandledExceptionEventHandler handler = (sender, e) => Quietly(() => Tell(new Event
                {
                    Kind = EventKind.Exception,
                    Name = e.Exception.GetType().FullName,
                    Detail = e.Exception.TargetSite?.DeclaringType?.FullName,
                    Flag = e.Handled,
                }, null));
                thread.UnhandledException += handler;
                // The event can be left from any thread.
                subscriptions.Hook(subscription, null, () => thread.UnhandledException -= handler);
            }
        }

        private void Tell(Event told, DependencyObject? element)
        {
            if (element != null)
            {
                told.Handle = reading.Of(element);
                told.TypeName = TypeNumbers.Short(element.GetType());
                told.ElementName = Elements.Name(element);
            }
            told.Value = Bare(told.Value);
            subscriptions.Tell(subscription, told);
        }

        /// <summary>An event explains no types, so that its value names none.</summary>
        internal static Val? Bare(Val? value)
        {
            if (value != null)
            {
                value.Ty = null;
            }
            return value;
        }

        /// <summary>Nothing that goes wrong in a handler of ours is the application's affair.</summary>
        private void Quietly(Action note)
        {
            try
            {
                note();
            }
            catch (Exception)
            {
                // The event is lost; the application goes on as it would without us.
            }
        }
    }
}
