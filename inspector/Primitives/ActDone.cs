// What an act tells of itself: by which means it was done, and what of the element's state it changed.
using System;
using System.Collections.Generic;
using System.Windows;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>The record of one act.</summary>
    internal sealed class ActDone
    {
        private readonly List<(ActEffect Effect, Func<bool?> After)> watched = new List<(ActEffect, Func<bool?>)>();

        /// <summary>The means, written before they are used.</summary>
        internal string Used { get; set; } = "";

        /// <summary>What was dragged onto.</summary>
        internal DependencyObject? Target { get; set; }

        /// <summary>The container that was made.</summary>
        internal DependencyObject? Item { get; set; }

        internal List<ActEffect> Effects { get; } = new List<ActEffect>();

        internal void Tell(string name, bool? before, bool? after)
        {
            if (Effects.Count < Limits.EffectCap)
            {
                Effects.Add(new ActEffect { Name = name, Before = before, After = after });
            }
        }

        /// <summary>A state that is read now, and again when all that the act put off is done.</summary>
        internal void Watch(string name, Func<bool?> state)
        {
            if (Effects.Count < Limits.EffectCap)
            {
                var effect = new ActEffect { Name = name, Before = state() };
                Effects.Add(effect);
                watched.Add((effect, state));
            }
        }

        /// <summary>Reads the states again.</summary>
        internal void Finish()
        {
            foreach (var (effect, after) in watched)
            {
                try
                {
                    effect.After = after();
                }
                catch (Exception)
                {
                    // What was acted on may be gone, and then has no state: the act was done all the same.
                    effect.After = null;
                }
            }
        }
    }
}
