// The application that the tests look into: windows on threads of their own, built by plain WPF code. What a test compares
// with is read here by plain WPF, never through the inspector.
using System;
using System.Threading;
using System.Windows;
using System.Windows.Threading;

namespace Portcullis.Inspector.Tests
{
    /// <summary>One thread with a dispatcher.</summary>
    internal sealed class Ui
    {
        private static readonly Lazy<Ui> TheApplication = new Lazy<Ui>(() => new Ui(true));

        private Ui(bool isApplication)
        {
            var ready = new ManualResetEventSlim(false);
            Dispatcher? dispatcher = null;
            var thread = new Thread(() =>
            {
                dispatcher = Dispatcher.CurrentDispatcher;
                if (isApplication)
                {
                    _ = new Application { ShutdownMode = ShutdownMode.OnExplicitShutdown };
                }
                ready.Set();
                Dispatcher.Run();
            })
            { IsBackground = true };
            thread.SetApartmentState(ApartmentState.STA);
            thread.Start();
            ready.Wait();
            Dispatcher = dispatcher!;
        }

        /// <summary>The thread of `Application.Current`.</summary>
        internal static Ui Main => TheApplication.Value;

        internal Dispatcher Dispatcher { get; }

        /// <summary>Another thread that shows windows.</summary>
        internal static Ui Another() => new Ui(false);

        internal T Do<T>(Func<T> work) => Dispatcher.Invoke(work);

        internal void Do(Action work) => Dispatcher.Invoke(work);

        /// <summary>Waits until the thread has done all that it was asked for, its bindings and drawing too.</summary>
        internal void Settle() => Dispatcher.Invoke(() => { }, DispatcherPriority.ApplicationIdle);

        /// <summary>Lets the thread hang until then; it does when this returns.</summary>
        internal DispatcherOperation Hang(ManualResetEventSlim until)
        {
            using var hangs = new ManualResetEventSlim(false);
            var hanging = Dispatcher.BeginInvoke(new Action(() =>
            {
                hangs.Set();
                until.Wait();
            }));
            hangs.Wait();
            return hanging;
        }

        /// <summary>Shows a window with this content, laid out and drawn, while the test lasts.</summary>
        internal Shown Show(Func<object> content, Action<Window>? prepare = null) => new Shown(this, content, prepare);
    }

    /// <summary>A window that is closed in the end.</summary>
    internal sealed class Shown : IDisposable
    {
        internal Shown(Ui ui, Func<object> content, Action<Window>? prepare)
        {
            Ui = ui;
            Window = ui.Do(() =>
            {
                var window = new Window
                {
                    Title = "Inspected", Width = 400, Height = 300, Left = 20, Top = 20,
                    WindowStartupLocation = WindowStartupLocation.Manual, ShowActivated = false,
                };
                prepare?.Invoke(window);
                window.Content = content();
                window.Show();
                if (Application.Current?.Dispatcher == ui.Dispatcher)
                {
                    Application.Current.MainWindow = window;
                }
                return window;
            });
            ui.Settle();
        }

        internal Ui Ui { get; }

        internal Window Window { get; }

        public void Dispose() => Ui.Do(() =>
        {
            Window.Close();
            if (Application.Current?.Dispatcher == Ui.Dispatcher && Application.Current.MainWindow == Window)
            {
                Application.Current.MainWindow = null;
            }
        });
    }
}
