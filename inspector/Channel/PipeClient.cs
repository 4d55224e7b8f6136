// The one pipe, opened as its client. Before a byte is sent the system is asked who is at the other end: the process and when
// it started must be those that the parameter block names.
using System;
using System.IO;
using System.IO.Pipes;
using System.Security.Principal;
using Portcullis.Inspector.Infrastructure;

namespace Portcullis.Inspector.Channel
{
    /// <summary>Opens pipes.</summary>
    internal static class PipeClient
    {
        /// <summary>The pipe, or none when there is none within the time.</summary>
        internal static NamedPipeClientStream? Connect(string name, int ms)
        {
            // Reading and writing go on at once, which a pipe allows only when it was opened so. The server may ask who we are
            // and may not act as us.
            var pipe = new NamedPipeClientStream(
                ".", name, PipeDirection.InOut, PipeOptions.Asynchronous, TokenImpersonationLevel.Identification);
            try
            {
                pipe.Connect(ms);
                return pipe;
            }
            catch (Exception e) when (e is TimeoutException || e is IOException || e is UnauthorizedAccessException)
            {
                pipe.Dispose();
                return null;
            }
        }

        /// <summary>Whether the server is the process that was named.</summary>
        internal static bool IsServedBy(NamedPipeClientStream pipe, uint process, ulong started) =>
            Native.GetNamedPipeServerProcessId(pipe.SafePipeHandle, out var found) && found == process && started != 0
            && Native.StartOf(found) == started;
    }
}
