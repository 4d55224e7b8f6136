// The subscriptions of a session and the events that they keep. An event gets its number here, is kept in its ring and pushed to
// the server; reading takes nothing away. Where events come from is in other files.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>One subscription.</summary>
    internal sealed class Subscription
    {
        /// <summary>Numbers of events that are remembered after the events themselves have gone.</summary>
        private const int DroppedCap = 65_536;

        private readonly Queue<Event> ring = new Queue<Event>();
        private readonly Queue<ulong> dropped = new Queue<ulong>();
        private readonly int cap;
        private long second = -1;
        private int inSecond;

        internal Subscription(ulong number, int cap, long endsAt)
        {
            Number = number;
            EndsAt = endsAt;
            this.cap = cap;
        }

        internal ulong Number { get; }

        /// <summary>When it ends by itself, in milliseconds of the table's clock.</summary>
        internal long EndsAt { get; }

        internal List<Hook> Hooks { get; } = new List<Hook>();

        internal bool HasEnded { get; set; }

        internal IEnumerable<Event> Kept => ring;

        internal void Keep(Event told)
        {
            ring.Enqueue(told);
            while (ring.Count > cap)
            {
                dropped.Enqueue(ring.Dequeue().Seq);
                if (dropped.Count > DroppedCap)
                {
                    dropped.Dequeue();
                }
            }
        }

        /// <summary>Whether one more may be sent in this second.</summary>
        internal bool MaySend(long now)
        {
            if (now / 1000 != second)
            {
                second = now / 1000;
                inSecond = 0;
            }
            return ++inSecond <= Limits.EventSecondCap;
        }

        internal uint DroppedAfter(ulong after)
        {
            uint count = 0;
            foreach (var seq in dropped)
            {
                count += seq > after ? 1u : 0u;
            }
            return count;
        }
    }

    /// <summary>The subscriptions of a session.</summary>
    internal sealed class Subscriptions : IPart
    {
        /// <summary>How long a thread has to let its hooks go when a subscription ends.</summary>
        internal const int RemoveMs = 500;
        /// <summary>Ends of acts that are kept.</summary>
        private const int DoneCap = 256;

        private readonly object guard = new object();
        private readonly Context context;
        private readonly Dictionary<ulong, Subscription> all = new Dictionary<ulong, Subscription>();
        private readonly Subscription done = new Subscription(0, DoneCap, long.MaxValue);
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly Timer ending;
        private ulong last;
        private bool ended;

        internal Subscriptions(Context context)
        {
            this.context = context;
            ending = new Timer(_ => EndQuietly(), null, Timeout.Infinite, Timeout.Infinite);
            context.SubscriptionCount = () => Count;
        }

        internal static Subscriptions Of(Context context) => context.Part(made => new Subscriptions(made));

        internal uint Count
        {
            get
            {
                lock (guard)
                {
                    return (uint)all.Count;
                }
            }
        }

        /// <exception cref="WireException">The session has as many as it may.</exception>
        internal Subscription Open(int ring, long ttlMs)
        {
            EndWhatIsDue();
            lock (guard)
            {
                if (all.Count >= Limits.SubscriptionCap)
                {
                    throw new WireException(
                        ErrorCode.Full, "the session has " + Limits.SubscriptionCap + " subscriptions, which are the most");
                }
                var opened = new Subscription(context.NextNumber(), ring, clock.ElapsedMilliseconds + ttlMs);
                all.Add(opened.Number, opened);
                Wind();
                return opened;
            }
        }

        /// <summary>Writes down what was put into the application for a subscription, on the thread that put it in.</summary>
        internal void Hook(Subscription subscription, System.Windows.Threading.Dispatcher? thread, Action remove)
        {
            var hook = context.Hooks.Add(thread, remove);
            lock (guard)
            {
                if (!subscription.HasEnded)
                {
                    subscription.Hooks.Add(hook);
                    return;
                }
            }
            context.Hooks.RemoveHere(hook);
        }

        /// <summary>Tells an event, from any thread. It never waits for the server and never throws.</summary>
        internal void Tell(Subscription subscription, Event told)
        {
            lock (guard)
            {
                if (ended || subscription.HasEnded)
                {
                    return;
                }
                told.Seq = ++last;
                told.Subscription = subscription.Number;
                told.At = (ulong)DateTime.UtcNow.ToFileTimeUtc();
                subscription.Keep(told);
                if (subscription.MaySend(clock.ElapsedMilliseconds))
                {
                    context.Tell(told);
                }
            }
        }

        /// <summary>Tells that an act that ran on has ended.</summary>
        internal void TellDone(ulong operation, WireException? failure)
        {
            Tell(done, new Event
            {
                Kind = EventKind.OpDone,
                Op = operation,
                Flag = failure == null,
                Name = failure == null ? null : TypeOf(failure),
                Detail = failure == null ? null : EnumNames.Of(typeof(ErrorCode)).Write(failure.Code),
            });
        }

        private static string? TypeOf(WireException failure)
        {
            foreach (var (name, value) in failure.Facts)
            {
                if (name == "type")
                {
                    return value.String();
                }
            }
            return null;
        }

        internal EventsResult Read(EventsParams asked)
        {
            var result = new EventsResult();
            lock (guard)
            {
                var found = new List<Event>();
                foreach (var subscription in Chosen(asked.Subscriptions))
                {
                    result.Dropped += subscription.DroppedAfter(asked.After);
                    foreach (var one in subscription.Kept)
                    {
                        if (one.Seq > asked.After)
                        {
                            found.Add(one);
                        }
                    }
                }
                found.Sort((one, other) => one.Seq.CompareTo(other.Seq));
                var count = (int)Math.Min(asked.Max, (uint)found.Count);
                result.Events = found.GetRange(0, count);
                result.More = (uint)(found.Count - count);
            }
            return result;
        }

        private List<Subscription> Chosen(List<ulong> numbers)
        {
            var chosen = new List<Subscription>();
            if (numbers.Count == 0)
            {
                chosen.Add(done);
                chosen.AddRange(all.Values);
                return chosen;
            }
            foreach (var number in new HashSet<ulong>(numbers))
            {
                chosen.Add(number == 0 ? done : all.TryGetValue(number, out var found) ? found
                    : throw new WireException(ErrorCode.StaleHandle, "subscription " + number + " has ended, or never began"));
            }
            return chosen;
        }

        /// <summary>Ends subscriptions; none named ends all.</summary>
        internal (uint Removed, uint Left) Close(List<ulong> numbers)
        {
            var closed = new List<Hook>();
            lock (guard)
            {
                var wanted = numbers.Count == 0 ? new List<ulong>(all.Keys) : numbers;
                foreach (var number in wanted)
                {
                    if (all.TryGetValue(number, out var found))
                    {
                        found.HasEnded = true;
                        closed.AddRange(found.Hooks);
                        all.Remove(number);
                    }
                }
            }
            return context.Hooks.Remove(closed, RemoveMs);
        }

        /// <summary>On a thread of the pool, where an exception would end the application.</summary>
        private void EndQuietly()
        {
            try
            {
                EndWhatIsDue();
            }
            catch (Exception)
            {
                // What could not be ended now is ended with the session.
            }
        }

        private void EndWhatIsDue()
        {
            var due = new List<ulong>();
            lock (guard)
            {
                foreach (var one in all.Values)
                {
                    if (one.EndsAt <= clock.ElapsedMilliseconds)
                    {
                        due.Add(one.Number);
                    }
                }
            }
            if (due.Count > 0)
            {
                Close(due);
            }
            lock (guard)
            {
                Wind();
            }
        }

        /// <summary>Has the next one that is due looked at when it is.</summary>
        private void Wind()
        {
            long next = Timeout.Infinite;
            foreach (var one in all.Values)
            {
                var left = Math.Max(1, one.EndsAt - clock.ElapsedMilliseconds);
                next = next == Timeout.Infinite ? left : Math.Min(next, left);
            }
            if (!ended)
            {
                ending.Change(next, Timeout.Infinite);
            }
        }

        public void End()
        {
            lock (guard)
            {
                ended = true;
                foreach (var one in all.Values)
                {
                    one.HasEnded = true;
                }
                all.Clear();
                ending.Dispose();
            }
        }
    }
}
