// The few calls of the system that WPF has no word for: whose window and whose pipe it is, and when a process started. None
// of them opens, reads or changes anything of another process but its times.
using System;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Calls of Win32.</summary>
    internal static class Native
    {
        internal const uint ProcessQueryLimitedInformation = 0x1000;

        [DllImport("user32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetKeyboardState(byte[] keys);

        [DllImport("user32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool SetKeyboardState(byte[] keys);

        [DllImport("user32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool IsWindowEnabled(IntPtr window);

        [DllImport("user32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool IsWindowVisible(IntPtr window);

        [DllImport("user32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetWindowRect(IntPtr window, out Edges edges);

        [DllImport("user32.dll")]
        internal static extern uint GetWindowThreadProcessId(IntPtr window, out uint process);

        [DllImport("kernel32.dll")]
        internal static extern uint GetCurrentThreadId();

        [DllImport("kernel32.dll")]
        internal static extern uint GetCurrentProcessId();

        [DllImport("kernel32.dll")]
        internal static extern IntPtr GetCurrentProcess();

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetNamedPipeServerProcessId(SafePipeHandle pipe, out uint process);

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetNamedPipeClientProcessId(SafePipeHandle pipe, out uint process);

        [DllImport("kernel32.dll", SetLastError = true)]
        internal static extern IntPtr OpenProcess(uint access, [MarshalAs(UnmanagedType.Bool)] bool inherit, uint process);

        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool CloseHandle(IntPtr handle);

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetProcessTimes(
            IntPtr process, out ulong started, out ulong ended, out ulong kernel, out ulong user);

        /// <summary>The system's RECT.</summary>
        [StructLayout(LayoutKind.Sequential)]
        internal struct Edges
        {
            internal int Left;
            internal int Top;
            internal int Right;
            internal int Bottom;
        }

        /// <summary>When this process started, in 100 ns units since 1601; 0 when the system does not say.</summary>
        internal static ulong OwnStart() =>
            GetProcessTimes(GetCurrentProcess(), out var started, out _, out _, out _) ? started : 0;

        /// <summary>When another process started; 0 when the system does not say.</summary>
        internal static ulong StartOf(uint process)
        {
            var handle = OpenProcess(ProcessQueryLimitedInformation, false, process);
            if (handle == IntPtr.Zero)
            {
                return 0;
            }
            try
            {
                return GetProcessTimes(handle, out var started, out _, out _, out _) ? started : 0;
            }
            finally
            {
                CloseHandle(handle);
            }
        }
    }
}
