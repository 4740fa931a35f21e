// Stand-in below SealedKeys.cs: recovery passwords of volumes, and the machine's key, in memory. It shares nothing with it.
//
// Methods, parameters and codes: MicrosoftDocs/win32, desktop-src/SecProv, protectkeywithnumericalpassword-,
// protectkeywithtpmandpin- and getkeyprotectornumericalpassword-win32-encryptablevolume.md.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace Standins
{
    public static class KeyVolume
    {
        public static Dictionary<string, string> Protectors = new Dictionary<string, string>();  // by volume and id
        public static Dictionary<string, string> Names = new Dictionary<string, string>();
        public static List<string> Calls = new List<string>();
        public static long Code = 0;          // what the next method that changes something returns
        public static string Id = null;       // the id of the next protector
        public static string Forgets = null;  // what is read back instead
        public static string Breaks = null;   // a method that throws, with what it was given in its words
        public static readonly Hashtable Says = new Hashtable();  // what a method returns, and nothing else

        // The volumes of a bench, by DeviceID, as its cim.json has them: with them, protectors are theirs.
        public static IDictionary Volumes = null;

        private static RSA key = null;

        public static void Reset()
        {
            Protectors.Clear(); Names.Clear(); Calls.Clear();
            Code = 0; Id = null; Forgets = null; Breaks = null; Volumes = null; key = null;
            Says.Clear();
        }

        public static bool HasKey() { return key != null; }

        public static IDictionary Call(string volume, string method, IDictionary given)
        {
            Calls.Add(method);
            Hashtable said = new Hashtable();
            if (method == Breaks)
            {
                ArrayList all = new ArrayList(given.Values);
                throw new InvalidOperationException("Generic failure " + String.Join(" ", all.ToArray()));
            }
            if (Says.Contains(method)) { said["ReturnValue"] = Says[method]; return said; }
            if (method.StartsWith("ProtectKeyWith", StringComparison.Ordinal))
            {
                said["ReturnValue"] = (uint)Code;
                if (Code != 0) { return said; }
                string id = Id ?? "{" + Guid.NewGuid().ToString().ToUpperInvariant() + "}";
                string secret = (string)(given["NumericalPassword"] ?? given["PIN"]);
                Protectors[volume + " " + id] = secret;
                Names[volume + " " + id] = (string)given["FriendlyName"];
                if (Volumes != null) { Add(volume, method, id, secret, (string)given["FriendlyName"]); }
                said["VolumeKeyProtectorID"] = id;
                return said;
            }
            if (method != "GetKeyProtectorNumericalPassword") { throw new InvalidOperationException("Invalid method"); }
            string wanted = volume + " " + (string)given["VolumeKeyProtectorID"];
            if (Volumes != null) { Find(volume); }
            if (!Protectors.ContainsKey(wanted)) { said["ReturnValue"] = 2147942487; return said; }  // E_INVALIDARG
            said["ReturnValue"] = (uint)0;
            said["NumericalPassword"] = Forgets ?? Protectors[wanted];
            return said;
        }

        private static void Add(string volume, string method, string id, string secret, string name)
        {
            IDictionary at = (IDictionary)Volumes[volume];
            Hashtable made = new Hashtable();
            made["id"] = id; made["name"] = name;
            bool isPin = method.Contains("PIN");
            made["type"] = isPin ? 4 : 3;
            if (isPin) { made["pcrs"] = new object[] { 7, 11 }; } else { made["password"] = secret; }
            ArrayList all = new ArrayList((ICollection)at["protectors"]);
            all.Add(made);
            at["protectors"] = all.ToArray();
        }

        private static void Find(string volume)
        {
            foreach (IDictionary one in (ICollection)((IDictionary)Volumes[volume])["protectors"])
            {
                if (one.Contains("password")) { Protectors[volume + " " + one["id"]] = (string)one["password"]; }
            }
        }

        public static string[] MakeKey()
        {
            key = RSA.Create();
            key.KeySize = 3072;
            RSAParameters half = key.ExportParameters(false);
            return new string[] { Convert.ToBase64String(half.Modulus), Convert.ToBase64String(half.Exponent) };
        }

        public static byte[] OpenSeal(byte[] content)
        {
            if (key == null) { throw new CryptographicException("Keyset does not exist"); }
            return key.Decrypt(content, RSAEncryptionPadding.OaepSHA256);
        }

        public static void ForgetKey() { key = null; }
    }
}
