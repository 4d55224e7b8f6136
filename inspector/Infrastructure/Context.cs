// What belongs to one session and is shared by its primitives: handles, types, threads, hooks, the gates that are open. It
// knows nothing of how requests come or answers go.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Threading;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>State of a primitive that lives as long as the session.</summary>
    internal interface IPart
    {
        /// <summary>The session ends, on a thread of the inspector: what is kept is let go. Hooks go by themselves.</summary>
        void End();
    }

    /// <summary>One session.</summary>
    internal sealed class Context
    {
        private readonly object guard = new object();
        private readonly Dictionary<Type, IPart> parts = new Dictionary<Type, IPart>();
        private readonly Action<Event> tell;
        private long lastNumber;
        private bool ended;

        internal Context(uint mask, Action<Event> tell)
        {
            Mask = mask;
            this.tell = tell;
            Dispatchers = new Dispatchers();
            Handles = new Handles(Dispatchers);
            Turns = new Turns(Dispatchers);
        }

        /// <summary>The gates that are open, as both proofs said.</summary>
        internal uint Mask { get; }

        internal Dispatchers Dispatchers { get; }

        internal Handles Handles { get; }

        internal TypeNumbers Types { get; } = new TypeNumbers();

        internal Turns Turns { get; }

        internal Hooks Hooks { get; } = new Hooks();

        /// <summary>Tokens in use, told by who keeps them.</summary>
        internal Func<uint> TokenCount { get; set; } = () => 0;

        /// <summary>Subscriptions in use, told by who keeps them.</summary>
        internal Func<uint> SubscriptionCount { get; set; } = () => 0;

        internal bool Holds(uint gates) => (Mask & gates) == gates;

        /// <summary>A number that is never used again in the session: of a token, a subscription, an operation.</summary>
        internal ulong NextNumber() => (ulong)System.Threading.Interlocked.Increment(ref lastNumber);

        /// <summary>Sends an event. It never waits and never throws, so that any thread of the application may call it.</summary>
        internal void Tell(Event told) => tell(told);

        /// <summary>A table for one message.</summary>
        internal TypeTable Table() => new TypeTable(Types);

        /// <summary>The one part of this type.</summary>
        internal T Part<T>(Func<Context, T> make)
            where T : class, IPart
        {
            lock (guard)
            {
                if (ended)
                {
                    throw new WireException(ErrorCode.ShuttingDown, "the session ends");
                }
                if (!parts.TryGetValue(typeof(T), out var part))
                {
                    parts.Add(typeof(T), part = make(this));
                }
                return (T)part;
            }
        }

        /// <summary>The thread of an element, or of the main window where none is named.</summary>
        internal Dispatcher ThreadOf(ulong? handle) =>
            handle != null ? Handles.DispatcherOf(handle.Value) : Dispatchers.Main() ?? throw Dispatchers.NoThread();

        /// <summary>The element, or the main window where none is named. Asked on its thread.</summary>
        internal T Element<T>(ulong? handle)
            where T : DependencyObject
        {
            if (handle != null)
            {
                return Handles.Resolve<T>(handle.Value);
            }
            DependencyObject main = MainRoot() ?? throw Dispatchers.NoThread();
            return main as T ?? throw new WireException(ErrorCode.WrongKind, "the main window is no " + typeof(T).Name);
        }

        /// <summary>The main window, or the first root of this thread.</summary>
        internal static DependencyObject? MainRoot()
        {
            var here = Dispatcher.CurrentDispatcher;
            if (Application.Current is { } application && application.Dispatcher == here)
            {
                if (application.MainWindow is { } main)
                {
                    return main;
                }
                if (application.Windows.Count > 0)
                {
                    return application.Windows[0];
                }
            }
            foreach (var source in Dispatchers.Sources())
            {
                if (source.Dispatcher == here && source.RootVisual is { } root)
                {
                    return root;
                }
            }
            return null;
        }

        /// <summary>Ends the session: parts, then hooks.</summary>
        internal (uint Removed, uint Left) End(int waitMs)
        {
            List<IPart> all;
            lock (guard)
            {
                ended = true;
                all = new List<IPart>(parts.Values);
                parts.Clear();
            }
            foreach (var part in all)
            {
                part.End();
            }
            return Hooks.End(waitMs);
        }
    }
}
