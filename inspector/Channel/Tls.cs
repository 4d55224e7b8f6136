// TLS over the pipe: the server's certificate is made for one start and known by its hash alone, so that no store and no
// authority of the machine has a say. What the two prove to each other comes afterwards.
using System;
using System.IO;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Portcullis.Inspector.Channel
{
    /// <summary>The client's side of TLS.</summary>
    internal static class Tls
    {
        /// <summary>The name in the greeting; the certificate is not looked at for it.</summary>
        private const string Name = "portcullis";

        /// <summary>The stream inside; none when the server is another one, or speaks too old a version.</summary>
        internal static SslStream? Begin(Stream pipe, byte[] certificateHash)
        {
            var stream = new SslStream(pipe, false, (_, certificate, __, ___) =>
            {
                if (certificate != null && IsPinned(certificate.GetRawCertData(), certificateHash))
                {
                    return true;
                }
                // Whoever else it is hears nothing more: a goodbye would wait for them to read it.
                pipe.Dispose();
                return false;
            });
            try
            {
                stream.AuthenticateAsClient(Name, null, Wanted, false);
                if (stream.SslProtocol >= SslProtocols.Tls12 && stream.IsEncrypted)
                {
                    return stream;
                }
            }
            catch (Exception e) when (e is AuthenticationException || e is IOException || e is ObjectDisposedException
                || e is InvalidOperationException || e is System.ComponentModel.Win32Exception || e is NotSupportedException)
            {
            }
            stream.Dispose();
            return null;
        }

        private static bool IsPinned(byte[] certificate, byte[] hash)
        {
            using var sha = SHA256.Create();
            return Proof.AreEqual(sha.ComputeHash(certificate), hash);
        }

        // .NET Framework takes what the application was built for unless it is told; the newer runtime asks the system, and
        // fails when a version is named that the system lacks.
#if NETCOREAPP
        private const SslProtocols Wanted = SslProtocols.None;
#else
        private const SslProtocols Wanted = SslProtocols.Tls12;
#endif
    }
}
