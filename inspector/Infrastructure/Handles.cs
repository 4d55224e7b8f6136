// The objects that the server knows, by numbers that are never used again. They are held weakly: a number never keeps an
// object of the application alive, and one whose object is gone stays stale for ever. What is kept on purpose is elsewhere.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Windows;
using System.Windows.Threading;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>
    /// The table of one session. A number is the session's generation (16 bits), the dispatcher (8), the kind (4) and a count
    /// (36), so that a number of another session is none of this one.
    /// </summary>
    internal sealed class Handles
    {
        /// <summary>Objects that may be known at once.</summary>
        internal const int Cap = 1_000_000;
        private const int FirstSweep = 65_536;
        private const int MostDispatchers = 255;
        private static int generations = FirstGeneration();

        private readonly object guard = new object();
        private readonly ConditionalWeakTable<object, Entry> byObject = new ConditionalWeakTable<object, Entry>();
        private readonly Dictionary<ulong, Entry> byNumber = new Dictionary<ulong, Entry>();
        private readonly Dispatchers dispatchers;
        private readonly ulong generation;
        private readonly int cap;
        private ulong last;
        private int sweepAt = FirstSweep;

        internal Handles(Dispatchers dispatchers, int cap = Cap)
        {
            this.dispatchers = dispatchers;
            this.cap = cap;
            generation = (ulong)(ushort)System.Threading.Interlocked.Increment(ref generations) << 48;
            sweepAt = Math.Min(FirstSweep, cap);
        }

        private enum Kind : ulong
        {
            Element = 1,
            Object = 2,
            Window = 3,
        }

        /// <summary>Numbers whose objects are alive, or were when it was last looked.</summary>
        internal uint Count
        {
            get
            {
                lock (guard)
                {
                    return (uint)byNumber.Count;
                }
            }
        }

        /// <summary>The object's number; a new one when it has none. Asked on the thread that the object belongs to.</summary>
        internal ulong Of(object target)
        {
            if (byObject.TryGetValue(target, out var known))
            {
                return known.Number;
            }
            var owner = (target as DispatcherObject)?.Dispatcher ?? Dispatcher.FromThread(System.Threading.Thread.CurrentThread);
            var place = owner == null ? 0 : Math.Min(dispatchers.IdOf(owner), MostDispatchers);
            var kind = target is Window ? Kind.Window : target is DependencyObject ? Kind.Element : Kind.Object;
            lock (guard)
            {
                if (byObject.TryGetValue(target, out known))
                {
                    return known.Number;
                }
                if (byNumber.Count >= sweepAt)
                {
                    Sweep();
                }
                var number = generation | ((ulong)place << 40) | ((ulong)kind << 36) | ++last;
                var entry = new Entry(number, target, owner);
                byObject.Add(target, entry);
                byNumber.Add(number, entry);
                return number;
            }
        }

        internal ulong? OfOrNone(object? target) => target == null ? (ulong?)null : Of(target);

        /// <summary>The object behind a number.</summary>
        /// <exception cref="WireException">It is gone, was never given out, or is something else.</exception>
        internal T Resolve<T>(ulong number)
            where T : class
        {
            var found = Find(number).Target;
            return found as T ?? throw new WireException(
                ErrorCode.WrongKind, "the object is no " + typeof(T).Name, ("type", Json.Of(found.GetType().Name)));
        }

        /// <summary>The object behind a number, or none.</summary>
        internal object? TryResolve(ulong number)
        {
            lock (guard)
            {
                return byNumber.TryGetValue(number, out var entry) && entry.Weak.TryGetTarget(out var target) ? target : null;
            }
        }

        /// <summary>
        /// The thread on which the object is touched: its own, or for what has none the one on which it was reached.
        /// </summary>
        internal Dispatcher DispatcherOf(ulong number)
        {
            var (target, entry) = Find(number);
            if (target is DispatcherObject { Dispatcher: { } own })
            {
                return own;
            }
            return entry.Via ?? dispatchers.Main() ?? throw Dispatchers.NoThread();
        }

        private (object Target, Entry Entry) Find(ulong number)
        {
            lock (guard)
            {
                if (byNumber.TryGetValue(number, out var entry) && entry.Weak.TryGetTarget(out var target))
                {
                    return (target, entry);
                }
            }
            throw new WireException(ErrorCode.StaleHandle, "the object is gone, or its number was never given out");
        }

        private void Sweep()
        {
            var dead = new List<ulong>();
            foreach (var pair in byNumber)
            {
                if (!pair.Value.Weak.TryGetTarget(out _))
                {
                    dead.Add(pair.Key);
                }
            }
            foreach (var number in dead)
            {
                byNumber.Remove(number);
            }
            if (byNumber.Count >= cap)
            {
                throw new WireException(ErrorCode.Full, "the session knows " + cap + " objects, which are the most");
            }
            sweepAt = Math.Min(cap, Math.Max(FirstSweep, byNumber.Count * 2));
        }

        private static int FirstGeneration()
        {
            var bytes = new byte[4];
            using (var random = RandomNumberGenerator.Create())
            {
                random.GetBytes(bytes);
            }
            return BitConverter.ToInt32(bytes, 0);
        }

        /// <summary>One number. It may not hold its object, since it lives as long as that.</summary>
        private sealed class Entry
        {
            private readonly WeakReference<Dispatcher>? via;

            internal Entry(ulong number, object target, Dispatcher? via)
            {
                Number = number;
                Weak = new WeakReference<object>(target);
                this.via = via == null ? null : new WeakReference<Dispatcher>(via);
            }

            internal ulong Number { get; }

            internal WeakReference<object> Weak { get; }

            internal Dispatcher? Via => via != null && via.TryGetTarget(out var dispatcher) ? dispatcher : null;
        }
    }
}
