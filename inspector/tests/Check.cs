// What a test says of what it found. A check that fails tells both sides.
using System;
using System.Collections.Generic;
using System.Linq;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector.Tests
{
    internal static class Check
    {
        internal static void Equal<T>(T wanted, T found, string what = "")
        {
            if (!EqualityComparer<T>.Default.Equals(wanted, found))
            {
                throw new Exception($"{what}: wanted <{wanted}>, found <{found}>");
            }
        }

        internal static void Same<T>(IEnumerable<T> wanted, IEnumerable<T> found, string what = "") =>
            Equal(string.Join("|", wanted), string.Join("|", found), what);

        internal static void Near(double wanted, double found, double by, string what = "")
        {
            if (!(Math.Abs(wanted - found) <= by))
            {
                throw new Exception($"{what}: wanted {wanted} within {by}, found {found}");
            }
        }

        internal static void True(bool holds, string what)
        {
            if (!holds)
            {
                throw new Exception(what);
            }
        }

        internal static T NotNull<T>(T? found, string what = "it is null")
            where T : class => found ?? throw new Exception(what);

        /// <summary>The request must fail with this code.</summary>
        internal static WireError Refused(ErrorCode code, Action act)
        {
            try
            {
                act();
            }
            catch (Refusal e)
            {
                Equal(code, e.Error.Code, e.Error.Message);
                return e.Error;
            }
            catch (WireException e)
            {
                Equal(code, e.Code, e.Message);
                return e.ToError();
            }
            throw new Exception("it was done, where " + code + " was wanted");
        }

        /// <summary>Waits for what another thread does; never longer than a deadline.</summary>
        internal static void Soon(Func<bool> holds, string what)
        {
            var until = DateTime.UtcNow.AddSeconds(10);
            while (!holds())
            {
                True(DateTime.UtcNow < until, what);
                System.Threading.Thread.Yield();
            }
        }
    }

    /// <summary>An error that came as the answer.</summary>
    internal sealed class Refusal : Exception
    {
        internal Refusal(WireError error)
            : base(error.Code + ": " + error.Message)
        {
            Error = error;
        }

        internal WireError Error { get; }
    }
}
