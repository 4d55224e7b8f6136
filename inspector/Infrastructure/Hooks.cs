// Everything that the inspector has put into the application, each with how it is taken out again: handlers, adorners,
// timers. Nothing may be put in without being written here, so that nothing stays behind.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Windows.Threading;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>One thing that is in the application until it is removed.</summary>
    internal sealed class Hook
    {
        private readonly Action remove;
        private int removed;

        internal Hook(Dispatcher? dispatcher, Action remove)
        {
            Dispatcher = dispatcher;
            this.remove = remove;
        }

        /// <summary>The thread on which it is removed; none for what any thread may remove.</summary>
        internal Dispatcher? Dispatcher { get; }

        internal bool IsRemoved => Volatile.Read(ref removed) != 0;

        /// <summary>Removes it once, whoever asks first. What the application throws at it changes nothing.</summary>
        internal bool Remove()
        {
            if (Interlocked.Exchange(ref removed, 1) != 0)
            {
                return false;
            }
            try
            {
                remove();
            }
            catch (Exception)
            {
                // The element may be gone, or of an application that refuses: there is nothing left to take out.
            }
            return true;
        }
    }

    /// <summary>The hooks of one session.</summary>
    internal sealed class Hooks
    {
        private readonly object guard = new object();
        private readonly HashSet<Hook> all = new HashSet<Hook>();
        private bool ended;

        /// <summary>Hooks that are in the application now.</summary>
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

        /// <summary>
        /// Writes down what was just put in, on the thread that put it in. Once the session has ended it is taken out at once.
        /// </summary>
        internal Hook Add(Dispatcher? dispatcher, Action remove)
        {
            var hook = new Hook(dispatcher, remove);
            lock (guard)
            {
                if (!ended)
                {
                    all.Add(hook);
                    return hook;
                }
            }
            hook.Remove();
            return hook;
        }

        /// <summary>Takes one out, on its own thread already.</summary>
        internal void RemoveHere(Hook hook)
        {
            hook.Remove();
            lock (guard)
            {
                all.Remove(hook);
            }
        }

        /// <summary>
        /// Takes hooks out, each on its thread. Those of a thread that does not answer in time go when it does, and are counted
        /// as left until then.
        /// </summary>
        internal (uint Removed, uint Left) Remove(IEnumerable<Hook> hooks, int waitMs)
        {
            var byThread = new Dictionary<Dispatcher, List<Hook>>();
            uint count = 0;
            foreach (var hook in hooks)
            {
                if (hook.IsRemoved)
                {
                    continue;
                }
                if (hook.Dispatcher == null || hook.Dispatcher.HasShutdownFinished)
                {
                    RemoveHere(hook);
                    count++;
                    continue;
                }
                if (!byThread.TryGetValue(hook.Dispatcher, out var list))
                {
                    byThread.Add(hook.Dispatcher, list = new List<Hook>());
                }
                list.Add(hook);
            }
            var clock = Stopwatch.StartNew();
            var posted = new List<(DispatcherOperation? Operation, uint Count)>();
            foreach (var group in byThread)
            {
                void RemoveGroup()
                {
                    foreach (var hook in group.Value)
                    {
                        RemoveHere(hook);
                    }
                }

                // All threads are asked before any is waited for, so that one that hangs keeps its own hooks alone.
                var operation = group.Key.CheckAccess()
                    ? Inline(RemoveGroup) : group.Key.BeginInvoke(DispatcherPriority.Send, new Action(RemoveGroup));
                posted.Add((operation, (uint)group.Value.Count));
            }
            uint left = 0;
            foreach (var (operation, size) in posted)
            {
                var rest = Math.Max(0, waitMs - clock.ElapsedMilliseconds);
                var isDone = operation == null || operation.Status == DispatcherOperationStatus.Completed
                    || operation.Wait(TimeSpan.FromMilliseconds(rest)) == DispatcherOperationStatus.Completed;
                count += isDone ? size : 0;
                left += isDone ? 0 : size;
            }
            return (count, left);
        }

        /// <summary>Takes everything out, and whatever is put in from now on.</summary>
        internal (uint Removed, uint Left) End(int waitMs)
        {
            List<Hook> now;
            lock (guard)
            {
                ended = true;
                now = new List<Hook>(all);
            }
            return Remove(now, waitMs);
        }

        private static DispatcherOperation? Inline(Action remove)
        {
            remove();
            return null;
        }
    }
}
