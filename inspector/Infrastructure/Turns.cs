// Work on the application's threads: one operation of a dispatcher at a time, with a deadline, taken back when it has not
// begun, and yielding when it is long. Nothing that it runs ever throws into the application, shows a window or pumps.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Windows.Threading;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>One request while it is answered.</summary>
    internal sealed class Turn
    {
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly CancellationTokenSource cancel = new CancellationTokenSource();
        private readonly long deadlineMs;

        internal Turn(uint deadlineMs, Pace pace)
        {
            this.deadlineMs = deadlineMs;
            Pace = pace;
        }

        internal Pace Pace { get; }

        /// <summary>The bytes that follow the answer.</summary>
        internal byte[]? Blob { get; set; }

        /// <summary>Whether the session ends once the answer is sent.</summary>
        internal bool EndsSession { get; set; }

        internal CancellationToken Cancelled => cancel.Token;

        internal int LeftMs => (int)Math.Max(0, Math.Min(int.MaxValue, deadlineMs - clock.ElapsedMilliseconds));

        /// <summary>The request is not wanted any more: what has not begun will not.</summary>
        internal void Cancel() => cancel.Cancel();
    }

    /// <summary>One operation on a dispatcher's thread.</summary>
    internal sealed class Operation<T>
    {
        private const int Waiting = 0;
        private const int Started = 1;
        private const int Done = 2;
        private const int TakenBack = 3;

        private readonly ManualResetEventSlim done = new ManualResetEventSlim(false);
        private readonly Func<T> work;
        private readonly bool isAct;
        private int state = Waiting;
        private T result = default!;
        private Exception? failure;
        private Action? whenDone;

        internal Operation(Func<T> work, bool isAct)
        {
            this.work = work;
            this.isAct = isAct;
        }

        internal DispatcherOperation? Posted { get; set; }

        internal bool HasStarted => Volatile.Read(ref state) != Waiting;

        internal bool IsDone => Volatile.Read(ref state) == Done;

        /// <summary>Runs it, on the dispatcher's thread.</summary>
        internal void Run()
        {
            if (Interlocked.CompareExchange(ref state, Started, Waiting) != Waiting)
            {
                return;
            }
            Turns.Enter(isAct);
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                failure = Turns.Translate(e);
            }
            finally
            {
                Turns.Leave(isAct);
            }
            Action? told;
            lock (done)
            {
                Volatile.Write(ref state, Done);
                told = whenDone;
            }
            done.Set();
            try
            {
                told?.Invoke();
            }
            catch (Exception)
            {
                // The operation is over, and the application is not to hear of what went wrong in telling so.
            }
        }

        /// <summary>Has `act` called once it is done, on its thread; at once, and here, when it is done already.</summary>
        internal void WhenDone(Action act)
        {
            lock (done)
            {
                if (!IsDone)
                {
                    whenDone = act;
                    return;
                }
            }
            act();
        }

        /// <summary>Waits until it is done; false when the time passed or the request is not wanted any more.</summary>
        internal bool Wait(int ms, CancellationToken cancelled)
        {
            try
            {
                return done.Wait(ms, cancelled);
            }
            catch (OperationCanceledException)
            {
                return done.IsSet;
            }
        }

        /// <summary>Keeps it from beginning; false when it has begun.</summary>
        internal bool TakeBack()
        {
            if (Interlocked.CompareExchange(ref state, TakenBack, Waiting) != Waiting)
            {
                return false;
            }
            Posted?.Abort();
            return true;
        }

        /// <summary>What it gave, once it is done.</summary>
        internal T Result() => failure == null ? result : throw failure;
    }

    /// <summary>When a piece of long work should let the application go on.</summary>
    internal sealed class Slice
    {
        /// <summary>How long one operation may hold a thread of the application.</summary>
        internal const int Ms = 40;
        private readonly Stopwatch clock = Stopwatch.StartNew();

        internal bool IsOver => clock.ElapsedMilliseconds >= Ms;
    }

    /// <summary>Runs work on dispatchers' threads. Called on threads of the inspector alone.</summary>
    internal sealed class Turns
    {
        [ThreadStatic]
        private static int depth;

        private readonly Dispatchers dispatchers;

        internal Turns(Dispatchers dispatchers)
        {
            this.dispatchers = dispatchers;
        }

        /// <summary>Whether other work of ours than an act is on this thread's stack, so that nothing may be written.</summary>
        internal static bool IsNested => depth > 1;

        /// <summary>Does the work in one operation, and waits for it.</summary>
        /// <exception cref="WireException">The thread does not answer, or the request was taken back.</exception>
        internal T Run<T>(Dispatcher dispatcher, Turn turn, Func<T> work)
        {
            var operation = Begin(dispatcher, turn, work);
            return Await(dispatcher, turn, operation);
        }

        /// <summary>Does the work in one operation, and waits for it.</summary>
        internal void Run(Dispatcher dispatcher, Turn turn, Action work) =>
            Run(dispatcher, turn, () =>
            {
                work();
                return true;
            });

        /// <summary>
        /// Does long work in pieces: `step` is called until it answers true, and returns when its slice is over. Between the
        /// pieces the application goes on.
        /// </summary>
        internal void Steps(Dispatcher dispatcher, Turn turn, Func<Slice, bool> step)
        {
            var priority = Priority(turn);
            while (true)
            {
                var operation = Begin(dispatcher, turn, () => step(new Slice()), priority, false);
                if (Await(dispatcher, turn, operation))
                {
                    return;
                }
                if (turn.Cancelled.IsCancellationRequested)
                {
                    throw Cancelled();
                }
                priority = DispatcherPriority.Background;
            }
        }

        /// <summary>
        /// Begins an operation without waiting. An act may open a modal window and so not end for long; what runs meanwhile is
        /// not nested in it.
        /// </summary>
        internal Operation<T> Begin<T>(Dispatcher dispatcher, Turn turn, Func<T> work, bool isAct = false) =>
            Begin(dispatcher, turn, work, Priority(turn), isAct);

        internal Operation<T> Begin<T>(
            Dispatcher dispatcher, Turn turn, Func<T> work, DispatcherPriority priority, bool isAct)
        {
            if (turn.Cancelled.IsCancellationRequested)
            {
                throw Cancelled();
            }
            if (dispatcher.HasShutdownStarted)
            {
                throw Busy(dispatcher, "has ended");
            }
            var operation = new Operation<T>(work, isAct);
            operation.Posted = dispatcher.BeginInvoke(priority, new Action(operation.Run));
            return operation;
        }

        /// <summary>Waits for an operation until the request's deadline.</summary>
        internal T Await<T>(Dispatcher dispatcher, Turn turn, Operation<T> operation)
        {
            if (operation.Wait(turn.LeftMs, turn.Cancelled))
            {
                return operation.Result();
            }
            var wasCancelled = turn.Cancelled.IsCancellationRequested;
            if (operation.TakeBack())
            {
                throw wasCancelled ? Cancelled() : Busy(dispatcher, "does not answer");
            }
            // It has begun, so that its end is awaited although it is not wanted any more: nobody is left to wonder.
            if (operation.Wait(turn.LeftMs, CancellationToken.None))
            {
                return operation.Result();
            }
            throw Busy(dispatcher, "has begun and does not come to an end");
        }

        internal WireException Busy(Dispatcher dispatcher, string why)
        {
            var modal = Dispatchers.IsModal(dispatcher);
            return new WireException(
                ErrorCode.Busy,
                "the thread of the element " + why,
                ("dispatcher", Json.Of((long)dispatchers.IdOf(dispatcher))),
                ("modal", Json.Of(modal)));
        }

        /// <summary>
        /// Does something for each item on the item's own thread, all of one thread in one operation, and gives the results in
        /// the order of the items.
        /// </summary>
        internal TResult[] Each<TItem, TResult>(
            IReadOnlyList<TItem> items, Turn turn, Func<TItem, Dispatcher> threadOf, Func<TItem, TResult> work)
        {
            var results = new TResult[items.Count];
            var byThread = new Dictionary<Dispatcher, List<int>>();
            for (var at = 0; at < items.Count; at++)
            {
                var thread = threadOf(items[at]);
                if (!byThread.TryGetValue(thread, out var places))
                {
                    byThread.Add(thread, places = new List<int>());
                }
                places.Add(at);
            }
            foreach (var group in byThread)
            {
                var next = 0;
                Steps(group.Key, turn, slice =>
                {
                    while (next < group.Value.Count && !slice.IsOver)
                    {
                        var place = group.Value[next++];
                        results[place] = work(items[place]);
                    }
                    return next == group.Value.Count;
                });
            }
            return results;
        }

        internal static void Enter(bool isAct) => depth += isAct ? 0 : 1;

        internal static void Leave(bool isAct) => depth -= isAct ? 0 : 1;

        /// <summary>What is answered for an exception: whose code threw it is told by where it comes from.</summary>
        internal static WireException Translate(Exception e, string when = "")
        {
            if (e is WireException wire)
            {
                return wire;
            }
            var inner = e is System.Reflection.TargetInvocationException && e.InnerException != null ? e.InnerException : e;
            var thrower = new StackTrace(inner, false).GetFrame(0)?.GetMethod()?.DeclaringType?.Assembly;
            var isOurs = thrower == typeof(Turns).Assembly;
            return new WireException(
                isOurs ? ErrorCode.Internal : ErrorCode.AppException,
                (isOurs ? "the inspector made a mistake: " : "the application threw ") + inner.GetType().Name + when,
                ("type", Json.Of(inner.GetType().FullName ?? inner.GetType().Name)));
        }

        private static WireException Cancelled() =>
            new WireException(ErrorCode.Cancelled, "the request was taken back before it began");

        private static DispatcherPriority Priority(Turn turn) =>
            turn.Pace == Pace.Settled ? DispatcherPriority.ContextIdle : DispatcherPriority.Normal;
    }
}
