// The user's secret for applications that open themselves, as the server keeps it: a file of the user's own, sealed by the
// system's protection of data for this user. Only its reading is here; it is made and changed by the server's command.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Portcullis.Inspector.Protocol;

namespace Portcullis.Inspector
{
    /// <summary>Reads the secret.</summary>
    internal static class SdkSecret
    {
        private const int FileCap = 4_096;
        /// <summary><c>CRYPTPROTECT_UI_FORBIDDEN</c>.</summary>
        private const int NoDialog = 1;

        /// <summary>The secret, opened.</summary>
        /// <exception cref="InvalidOperationException">There is none that can be used; the message says what to do.</exception>
        internal static byte[] Read()
        {
            var folder = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            var path = Path.Combine(folder, "Portcullis", Limits.SecretFile);
            byte[] sealedBytes;
            try
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
                sealedBytes = new byte[Math.Min(file.Length, FileCap)];
                for (var at = 0; at < sealedBytes.Length;)
                {
                    var count = file.Read(sealedBytes, at, sealedBytes.Length - at);
                    at += count == 0 ? sealedBytes.Length : count;
                }
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException)
            {
                throw Unusable("there is no secret for applications that open themselves");
            }
            var secret = Open(sealedBytes) ?? throw Unusable("the secret is not this user's, or is damaged");
            return secret.Length >= Limits.SecretBytes ? secret : throw Unusable("the secret is too short");
        }

        private static InvalidOperationException Unusable(string why) =>
            new InvalidOperationException("Portcullis: " + why + ". Make one with `portcullis wpf secret rotate`.");

        private static byte[]? Open(byte[] sealedBytes)
        {
            var entropy = Encoding.UTF8.GetBytes(Limits.SecretEntropy);
            var pins = new[] { GCHandle.Alloc(sealedBytes, GCHandleType.Pinned), GCHandle.Alloc(entropy, GCHandleType.Pinned) };
            try
            {
                var from = new Blob { Length = sealedBytes.Length, Data = pins[0].AddrOfPinnedObject() };
                var with = new Blob { Length = entropy.Length, Data = pins[1].AddrOfPinnedObject() };
                if (sealedBytes.Length == 0
                    || !CryptUnprotectData(ref from, IntPtr.Zero, ref with, IntPtr.Zero, IntPtr.Zero, NoDialog, out var opened))
                {
                    return null;
                }
                var secret = new byte[opened.Length];
                Marshal.Copy(opened.Data, secret, 0, secret.Length);
                Marshal.Copy(new byte[secret.Length], 0, opened.Data, secret.Length);
                LocalFree(opened.Data);
                return secret;
            }
            finally
            {
                foreach (var pin in pins)
                {
                    pin.Free();
                }
            }
        }

        [DllImport("crypt32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool CryptUnprotectData(
            ref Blob from, IntPtr description, ref Blob entropy, IntPtr reserved, IntPtr prompt, int flags, out Blob to);

        [DllImport("kernel32.dll")]
        private static extern IntPtr LocalFree(IntPtr memory);

        /// <summary>The system's DATA_BLOB.</summary>
        [StructLayout(LayoutKind.Sequential)]
        private struct Blob
        {
            internal int Length;
            internal IntPtr Data;
        }
    }
}
