// What waits to be sent, and the one thread that sends it. Answers wait for room; events never do, since they come from the
// application's threads: one that finds no room is dropped here and stays in its ring.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;

namespace Portcullis.Inspector.Channel
{
    /// <summary>The sending side of a channel.</summary>
    internal sealed class Outbox
    {
        /// <summary>Bytes that may wait before answers wait too. One frame always fits.</summary>
        internal const int ByteCap = 16 * 1024 * 1024;
        /// <summary>Bytes that may wait before events are dropped.</summary>
        internal const int EventByteCap = 4 * 1024 * 1024;

        private readonly object guard = new object();
        private readonly Queue<byte[]> frames = new Queue<byte[]>();
        private readonly Stream stream;
        private long lastSent = Clock.Now;
        private long held;
        private bool sending;
        private bool ended;

        internal Outbox(Stream stream)
        {
            this.stream = stream;
        }

        /// <summary>When something was last sent, in milliseconds of the system's clock.</summary>
        internal long LastSent
        {
            get
            {
                lock (guard)
                {
                    return lastSent;
                }
            }
        }

        /// <summary>Sends a frame once there is room; false when the channel has ended.</summary>
        internal bool Send(byte[] frame)
        {
            lock (guard)
            {
                while (!ended && held > 0 && held + frame.Length > ByteCap)
                {
                    Monitor.Wait(guard);
                }
                return Add(frame);
            }
        }

        /// <summary>Sends a frame if there is room now.</summary>
        internal bool TrySend(byte[] frame)
        {
            lock (guard)
            {
                return held + frame.Length <= EventByteCap && Add(frame);
            }
        }

        private bool Add(byte[] frame)
        {
            if (ended)
            {
                return false;
            }
            frames.Enqueue(frame);
            held += frame.Length;
            Monitor.PulseAll(guard);
            return true;
        }

        /// <summary>Sends until the channel ends.</summary>
        internal void Loop()
        {
            while (true)
            {
                byte[] frame;
                lock (guard)
                {
                    while (frames.Count == 0 && !ended)
                    {
                        Monitor.Wait(guard);
                    }
                    if (ended)
                    {
                        return;
                    }
                    frame = frames.Dequeue();
                    sending = true;
                }
                try
                {
                    stream.Write(frame, 0, frame.Length);
                    stream.Flush();
                }
                catch (Exception)
                {
                    // The channel is gone, whatever it says of it.
                    End();
                    return;
                }
                lock (guard)
                {
                    lastSent = Clock.Now;
                    sending = false;
                    held -= frame.Length;
                    Monitor.PulseAll(guard);
                }
            }
        }

        /// <summary>Waits until all has been sent, but not for ever.</summary>
        internal void Drain(int ms)
        {
            var until = Clock.Now + ms;
            lock (guard)
            {
                while (!ended && (frames.Count > 0 || sending))
                {
                    var left = until - Clock.Now;
                    if (left <= 0 || !Monitor.Wait(guard, (int)left))
                    {
                        return;
                    }
                }
            }
        }

        internal void End()
        {
            lock (guard)
            {
                ended = true;
                frames.Clear();
                Monitor.PulseAll(guard);
            }
        }
    }

    /// <summary>A clock that never goes back and never wraps.</summary>
    internal static class Clock
    {
        internal static long Now =>
            (long)(System.Diagnostics.Stopwatch.GetTimestamp() * (1000.0 / System.Diagnostics.Stopwatch.Frequency));
    }
}
