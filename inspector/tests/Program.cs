// Runs every test of the program, or those whose names contain the first argument, and counts. The tests are elsewhere.
using System;
using System.Diagnostics;
using System.Linq;
using System.Reflection;

namespace Portcullis.Inspector.Tests
{
    /// <summary>Marks a test.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class TestAttribute : Attribute
    {
    }

    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            var wanted = arguments.FirstOrDefault() ?? "";
            Alone.Do(wanted);
            var tests = typeof(Program).Assembly.GetTypes()
                .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
                .Where(method => method.GetCustomAttribute<TestAttribute>() != null)
                .Where(method => Name(method).Contains(wanted, StringComparison.OrdinalIgnoreCase))
                .OrderBy(Name, StringComparer.Ordinal)
                .ToList();
            var failed = 0;
            foreach (var test in tests)
            {
                var clock = Stopwatch.StartNew();
                try
                {
                    ((Action)test.CreateDelegate(typeof(Action)))();
                    Console.WriteLine("ok      {0} ({1} ms)", Name(test), clock.ElapsedMilliseconds);
                }
                catch (Exception e)
                {
                    failed++;
                    Console.WriteLine("FAILED  {0}\n{1}", Name(test), e);
                }
            }
            Console.WriteLine("{0} passed, {1} failed", tests.Count - failed, failed);
            Console.Out.Flush();
            // Windows of other threads are no reason to stay.
            Environment.Exit(failed == 0 && tests.Count > 0 ? 0 : 1);
            return 0;
        }

        private static string Name(MethodInfo method) => method.DeclaringType!.Name + "." + method.Name;
    }
}
