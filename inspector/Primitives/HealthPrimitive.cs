// `health`: whether each thread of the application answers, and how much of the session is in use. A thread that hangs is an
// answer here, and never a reason to wait longer.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Probes the application.</summary>
    internal static class HealthPrimitive
    {
        internal static HealthResult Run(Context context, Turn turn, HealthParams asked)
        {
            Caps.Ask("probeMs", asked.ProbeMs, Limits.ProbeCapMs);
            var clock = Stopwatch.StartNew();
            var probes = new List<(Dispatcher Dispatcher, Operation<long>? Probe)>();
            foreach (var dispatcher in context.Dispatchers.All())
            {
                Operation<long>? probe = null;
                if (!dispatcher.HasShutdownStarted)
                {
                    var sent = Stopwatch.GetTimestamp();
                    probe = context.Turns.Begin(
                        dispatcher, turn, () => Stopwatch.GetTimestamp() - sent, DispatcherPriority.Send, false);
                }
                probes.Add((dispatcher, probe));
            }
            var result = new HealthResult
            {
                Handles = context.Handles.Count,
                Tokens = context.TokenCount(),
                Subscriptions = context.SubscriptionCount(),
                Hooks = context.Hooks.Count,
                ManagedBytes = (ulong)GC.GetTotalMemory(false),
            };
            foreach (var (dispatcher, probe) in probes)
            {
                var left = (int)Math.Max(0, asked.ProbeMs - clock.ElapsedMilliseconds);
                var answered = probe != null && probe.Wait(left, CancellationToken.None);
                if (!answered)
                {
                    probe?.TakeBack();
                }
                result.Dispatchers.Add(new DispatcherHealth
                {
                    Id = (uint)context.Dispatchers.IdOf(dispatcher),
                    AnsweredUs = answered ? (uint?)Microseconds(probe!.Result()) : null,
                    Modal = Dispatchers.IsModal(dispatcher),
                    Ended = dispatcher.HasShutdownStarted,
                });
            }
            return result;
        }

        private static uint Microseconds(long ticks) =>
            (uint)Math.Min(uint.MaxValue, ticks * 1_000_000.0 / Stopwatch.Frequency);
    }
}
