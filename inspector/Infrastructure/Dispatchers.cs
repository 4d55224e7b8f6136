// The threads of the application that run a dispatcher, and the sources that they show. They are found anew at each question,
// since windows and threads come and go. Nothing is run on them here.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Interop;
using System.Windows.Threading;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>The dispatchers of one session by their numbers.</summary>
    internal sealed class Dispatchers
    {
        private readonly object guard = new object();
        private readonly List<WeakReference<Dispatcher>> known = new List<WeakReference<Dispatcher>>();

        /// <summary>The number of a dispatcher, from 1, the same for the whole session.</summary>
        internal int IdOf(Dispatcher dispatcher)
        {
            lock (guard)
            {
                for (var at = 0; at < known.Count; at++)
                {
                    if (known[at].TryGetTarget(out var one) && ReferenceEquals(one, dispatcher))
                    {
                        return at + 1;
                    }
                }
                known.Add(new WeakReference<Dispatcher>(dispatcher));
                return known.Count;
            }
        }

        /// <summary>Every dispatcher that shows something now, that of the application first.</summary>
        internal List<Dispatcher> All()
        {
            var found = new List<Dispatcher>();
            if (Application.Current?.Dispatcher is { } main)
            {
                found.Add(main);
            }
            foreach (var source in Sources())
            {
                if (!found.Contains(source.Dispatcher))
                {
                    found.Add(source.Dispatcher);
                }
            }
            return found;
        }

        /// <summary>The dispatcher of the application, or the first that shows something; none when there is no WPF yet.</summary>
        internal Dispatcher? Main()
        {
            var all = All();
            return all.Count == 0 ? null : all[0];
        }

        /// <summary>What is shown, on any thread. The list is taken, so that it does not change while it is read.</summary>
        internal static List<PresentationSource> Sources()
        {
            var found = new List<PresentationSource>();
            foreach (PresentationSource? source in PresentationSource.CurrentSources)
            {
                if (source != null && !source.IsDisposed && source.Dispatcher != null)
                {
                    found.Add(source);
                }
            }
            return found;
        }

        /// <summary>
        /// Whether a modal window keeps others of the thread from being used. The system is asked, so that the thread need not
        /// answer.
        /// </summary>
        internal static bool IsModal(Dispatcher dispatcher)
        {
            foreach (var source in Sources())
            {
                if (source.Dispatcher == dispatcher && source is HwndSource hwnd)
                {
                    var window = hwnd.Handle;
                    if (window != IntPtr.Zero && Native.IsWindowVisible(window) && !Native.IsWindowEnabled(window))
                    {
                        return true;
                    }
                }
            }
            return false;
        }

        /// <summary>The system's number of the thread, by a window of it; 0 when it has none.</summary>
        internal static uint ThreadOf(Dispatcher dispatcher)
        {
            foreach (var source in Sources())
            {
                if (source.Dispatcher == dispatcher && source is HwndSource hwnd && hwnd.Handle != IntPtr.Zero)
                {
                    return Native.GetWindowThreadProcessId(hwnd.Handle, out _);
                }
            }
            return 0;
        }

        internal static WireException NoThread() =>
            new WireException(ErrorCode.NotFound, "the application has no WPF window yet");
    }
}
