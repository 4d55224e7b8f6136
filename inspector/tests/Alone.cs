// Tests that need a process of their own: the program is started again with a word that names what it is to do there.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;

namespace Portcullis.Inspector.Tests
{
    internal static class Alone
    {
        private const int PatienceMs = 60_000;

        private static readonly Dictionary<string, Action> Works = new Dictionary<string, Action>(StringComparer.Ordinal)
        {
            [AheadTests.CompiledAhead] = AheadTests.BeginAndLook,
            [HostTests.WithoutApplication] = HostTests.LookWithoutApplication,
        };

        /// <summary>Has the other process do it, and fails with what that says when it fails.</summary>
        internal static void Run(string work)
        {
            var program = Process.GetCurrentProcess().MainModule!.FileName!;
            var start = new ProcessStartInfo(program)
            {
                UseShellExecute = false, RedirectStandardOutput = true,
            };
            // Started by `dotnet`, it is that with the assembly as its first word.
            if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            {
                start.ArgumentList.Add(typeof(Alone).Assembly.Location);
            }
            start.ArgumentList.Add(work);
            using var other = Process.Start(start)!;
            var said = other.StandardOutput.ReadToEndAsync();
            if (!other.WaitForExit(PatienceMs))
            {
                other.Kill();
                throw new Exception("it does not end");
            }
            Check.Equal(0, other.ExitCode, said.Result);
        }

        /// <summary>Does it here and ends the process, when the word names something.</summary>
        internal static void Do(string work)
        {
            if (!Works.TryGetValue(work, out var action))
            {
                return;
            }
            var code = 0;
            try
            {
                action();
            }
            catch (Exception e)
            {
                Console.WriteLine(e);
                code = 1;
            }
            Console.Out.Flush();
            // Windows of other threads are no reason to stay.
            Environment.Exit(code);
        }
    }
}
