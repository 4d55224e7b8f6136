// A walk over an element and what lies below it, in pieces between which the application goes on. It gives elements and counts
// them; what is made of them is the primitive's that walks. The walk that the server sees as a tree is a primitive of its own.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Threading;
using Portcullis.Inspector.Infrastructure;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Primitives
{
    /// <summary>Looks at elements one after another, in the order of the tree.</summary>
    internal sealed class Stroll
    {
        private readonly HashSet<DependencyObject> met = new HashSet<DependencyObject>();
        private readonly uint most;

        internal Stroll(uint most)
        {
            if (most > Limits.VisitCap)
            {
                throw WireException.Over("visit", most, Limits.VisitCap);
            }
            this.most = most;
        }

        /// <summary>Elements that were looked at.</summary>
        internal uint Visited { get; private set; }

        /// <summary>Whether elements were left out.</summary>
        internal bool IsCut { get; private set; }

        /// <summary>Looks at the element, and with `below` at everything under it.</summary>
        internal void Go(Turns turns, Turn turn, Dispatcher dispatcher, DependencyObject from, bool below, Action<DependencyObject> look)
        {
            var waiting = new Stack<DependencyObject>();
            waiting.Push(from);
            turns.Steps(dispatcher, turn, slice =>
            {
                while (waiting.Count > 0)
                {
                    if (slice.IsOver)
                    {
                        return false;
                    }
                    if (Visited >= most)
                    {
                        IsCut = true;
                        return true;
                    }
                    var element = waiting.Pop();
                    // A content element's parts belong to the same thread; what does not is a tree of its own.
                    if (element.Dispatcher != null && element.Dispatcher != dispatcher)
                    {
                        continue;
                    }
                    if (element is IOurs || !met.Add(element))
                    {
                        continue;
                    }
                    Visited++;
                    look(element);
                    if (below)
                    {
                        Push(waiting, element);
                    }
                }
                return true;
            });
        }

        private void Push(Stack<DependencyObject> waiting, DependencyObject element)
        {
            var start = waiting.Count;
            foreach (var child in Elements.Children(element))
            {
                if (waiting.Count >= Limits.VisitCap)
                {
                    IsCut = true;
                    break;
                }
                waiting.Push(child);
            }
            // The first child is to be looked at first.
            var added = new DependencyObject[waiting.Count - start];
            for (var i = 0; i < added.Length; i++)
            {
                added[i] = waiting.Pop();
            }
            foreach (var child in added)
            {
                waiting.Push(child);
            }
        }
    }
}
