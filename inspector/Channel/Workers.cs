// Threads of the inspector's own. The application's thread pool is not used: requests that wait for a hung window would keep
// its threads from the application.
using System;
using System.Collections.Generic;
using System.Threading;

namespace Portcullis.Inspector.Channel
{
    /// <summary>A few threads that do one thing after another, and end when there is nothing to do.</summary>
    internal sealed class Workers
    {
        private const int IdleMs = 10_000;
        private const int StackBytes = 512 * 1024;
        private readonly object guard = new object();
        private readonly Queue<Action> waiting = new Queue<Action>();
        private readonly int most;
        private int threads;
        private int idle;

        internal Workers(int most)
        {
            this.most = most;
        }

        /// <summary>Has it done on one of the threads. The caller bounds how much waits.</summary>
        internal void Do(Action work)
        {
            lock (guard)
            {
                waiting.Enqueue(work);
                if (idle >= waiting.Count || threads == most)
                {
                    Monitor.Pulse(guard);
                    return;
                }
                threads++;
            }
            new Thread(Loop, StackBytes) { IsBackground = true, Name = "Portcullis inspector worker" }.Start();
        }

        private void Loop()
        {
            while (true)
            {
                Action work;
                lock (guard)
                {
                    idle++;
                    while (waiting.Count == 0)
                    {
                        if (!Monitor.Wait(guard, IdleMs) && waiting.Count == 0)
                        {
                            idle--;
                            threads--;
                            return;
                        }
                    }
                    idle--;
                    work = waiting.Dequeue();
                }
                work();
            }
        }
    }
}
