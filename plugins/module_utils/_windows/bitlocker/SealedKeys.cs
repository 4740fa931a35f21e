// Copyright: Leeboard contributors
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

// The one place on a device where a recovery password or a PIN of BitLocker is in clear.
//
// PowerShell sees what is sealed only: script-block logging, module logging and transcription write down what functions and
// cmdlets are given, and Ansible's own wrappers bind a module's arguments. The machine makes a key that cannot be exported,
// the controller seals to its public half, and what is sealed is opened here, handed to BitLocker, read back, compared, and
// the key deleted. docs/decisions/0033-bitlocker-keys.md has the seam that a stand-in replaces.
//
// C# 5 and .NET Framework 4.6, which Windows PowerShell 5.1 compiles with; PowerShell 7 compiles it as well.

//AssemblyReference -Type Microsoft.Management.Infrastructure.CimSession

using System;
using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.Management.Infrastructure;
using Microsoft.Management.Infrastructure.Options;

namespace Leeboard
{
    /// <summary>What a technician is told. It never holds a secret.</summary>
    public sealed class SealedKeyException : Exception
    {
        public SealedKeyException(string message) : base(message) { }
    }

    public static class SealedKeys
    {
        // What a stand-in replaces.
        public static Func<string, string, IDictionary, IDictionary> Call = WindowsVolume.Call;
        public static Func<string[]> MakeKey = MachineKey.Make;
        public static Func<byte[], byte[]> OpenSeal = MachineKey.Open;
        public static Action ForgetKey = MachineKey.Delete;

        private const string Mark = "leeboard-1";
        private const string ForRecovery = "recovery", ForPin = "pin", ForComparing = "compare", ReadOutOf = "read-out";
        private const string ReadBack = "GetKeyProtectorNumericalPassword";
        private static readonly Regex Password = new Regex(@"\A[0-9]{6}(-[0-9]{6}){7}\z");
        private static readonly Regex Identity = new Regex(
            @"\A\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}\z");

        /// <summary>A new key of this machine: `modulus` and `exponent` of its public half, in base64.</summary>
        public static IDictionary NewKey()
        {
            string[] made = MakeKey();
            Hashtable said = new Hashtable();
            said["modulus"] = made[0];
            said["exponent"] = made[1];
            return said;
        }

        /// <summary>Delete the key of this machine, if there is one.</summary>
        public static void DropKey()
        {
            ForgetKey();
        }

        /// <summary>Add a recovery password as a protector, and compare what is read back by its id.</summary>
        public static IDictionary Protect(string volume, string name, string sealedText)
        {
            return WithKey(delegate
            {
                string password = Opened(sealedText, ForRecovery, volume);
                if (!Password.IsMatch(password))
                {
                    throw new SealedKeyException("what was sealed is no recovery password; nothing was changed");
                }
                Hashtable given = new Hashtable();
                given["FriendlyName"] = name;
                given["NumericalPassword"] = password;
                const string method = "ProtectKeyWithNumericalPassword";
                IDictionary answer = Asked(volume, method, given, password);
                long code = Code(answer, method);
                if (code != 0) { return Outcome(code, method); }
                string id = Convert.ToString(answer["VolumeKeyProtectorID"], CultureInfo.InvariantCulture);
                Hashtable outcome = Compared(volume, id, password);
                outcome["id"] = id;
                return outcome;
            });
        }

        /// <summary>Add a protector of TPM and PIN. `pcrs` may be null: then Windows chooses them.</summary>
        public static IDictionary ProtectWithPin(string volume, string name, byte[] pcrs, string sealedText)
        {
            return WithKey(delegate
            {
                string pin = Opened(sealedText, ForPin, volume);
                Hashtable given = new Hashtable();
                given["FriendlyName"] = name;
                given["PIN"] = pin;
                if (pcrs != null) { given["PlatformValidationProfile"] = pcrs; }
                const string method = "ProtectKeyWithTPMAndPIN";
                IDictionary answer = Asked(volume, method, given, pin);
                Hashtable outcome = Outcome(Code(answer, method), method);
                outcome["id"] = Convert.ToString(answer["VolumeKeyProtectorID"], CultureInfo.InvariantCulture);
                return outcome;
            });
        }

        /// <summary>Whether a recovery protector is the password that was sealed.</summary>
        public static IDictionary Compare(string volume, string protector, string sealedText)
        {
            return WithKey(delegate { return Compared(volume, protector, Opened(sealedText, ForComparing, volume)); });
        }

        /// <summary>The password of a recovery protector, sealed to a public key of the controller.</summary>
        public static IDictionary ReadOut(string volume, string protector, string modulus, string exponent)
        {
            IDictionary answer = Asked(volume, ReadBack, ById(protector), null);
            long code = Code(answer, ReadBack);
            Hashtable outcome = Outcome(code, ReadBack);
            if (code == 0)
            {
                string password = Convert.ToString(answer["NumericalPassword"], CultureInfo.InvariantCulture);
                outcome["sealed"] = SealedFor(modulus, exponent, Text(ReadOutOf, volume + " " + protector, password));
            }
            return outcome;
        }

        private static Hashtable Compared(string volume, string protector, string password)
        {
            if (!Identity.IsMatch(protector))
            {
                // Hardware encryption says "BitLocker".
                Hashtable odd = Outcome(0, ReadBack);
                odd["same"] = false;
                return odd;
            }
            IDictionary answer = Asked(volume, ReadBack, ById(protector), password);
            long code = Code(answer, ReadBack);
            string read = Convert.ToString(answer["NumericalPassword"], CultureInfo.InvariantCulture);
            Hashtable outcome = Outcome(code, ReadBack);
            outcome["same"] = code == 0 && String.Equals(read, password, StringComparison.Ordinal);
            return outcome;
        }

        // The key is good for one use, whatever comes of it.
        private static IDictionary WithKey(Func<Hashtable> use)
        {
            Hashtable outcome;
            try
            {
                outcome = use();
            }
            catch
            {
                Forgotten();
                throw;
            }
            outcome["forgotten"] = Forgotten();
            return outcome;
        }

        private static bool Forgotten()
        {
            try
            {
                ForgetKey();
                return true;
            }
            catch (Exception)
            {
                return false; // the next NewKey takes its place
            }
        }

        private static string Opened(string sealedText, string purpose, string volume)
        {
            string[] parts;
            try
            {
                parts = Encoding.UTF8.GetString(OpenSeal(Convert.FromBase64String(sealedText))).Split('\n');
            }
            catch (Exception problem)
            {
                if (!(problem is FormatException || problem is CryptographicException)) { throw; }
                throw new SealedKeyException(
                    "what was sealed does not open: another run made a key here meanwhile, or it was sealed for another " +
                    "machine; nothing was changed");
            }
            if (parts.Length != 3 || parts[0] != Mark + " " + purpose || parts[1] != volume)
            {
                throw new SealedKeyException("what was sealed is for another volume or purpose; nothing was changed");
            }
            return parts[2];
        }

        private static string SealedFor(string modulus, string exponent, string text)
        {
            RSAParameters key = new RSAParameters();
            key.Modulus = Convert.FromBase64String(modulus);
            key.Exponent = Convert.FromBase64String(exponent);
            // What RSA.Create() gives in .NET Framework has no SHA-256 here.
            bool isWindows = Environment.OSVersion.Platform == PlatformID.Win32NT;
            using (RSA cipher = isWindows ? new RSACng() : RSA.Create())
            {
                cipher.ImportParameters(key);
                return Convert.ToBase64String(
                    cipher.Encrypt(Encoding.UTF8.GetBytes(text), RSAEncryptionPadding.OaepSHA256));
            }
        }

        private static string Text(string purpose, string about, string secret)
        {
            return Mark + " " + purpose + "\n" + about + "\n" + secret;
        }

        private static Hashtable ById(string protector)
        {
            Hashtable given = new Hashtable();
            given["VolumeKeyProtectorID"] = protector;
            return given;
        }

        private static Hashtable Outcome(long code, string method)
        {
            Hashtable outcome = new Hashtable();
            outcome["code"] = code;
            outcome["method"] = method;
            return outcome;
        }

        private static long Code(IDictionary answer, string method)
        {
            if (answer == null || answer["ReturnValue"] == null)
            {
                throw new SealedKeyException(method + " gave no answer");
            }
            long code;
            string said = Convert.ToString(answer["ReturnValue"], CultureInfo.InvariantCulture);
            if (!Int64.TryParse(said, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out code))
            {
                throw new SealedKeyException(method + " did not say whether it did anything: it returned no number");
            }
            return code & 0xFFFFFFFFL;
        }

        // A method that is given up after a time: whether it did its work is then not known.
        private static IDictionary Asked(string volume, string method, IDictionary given, string secret)
        {
            const int seconds = 90;
            Task<IDictionary> task = Task.Factory.StartNew<IDictionary>(
                () => Call(volume, method, given), TaskCreationOptions.LongRunning);
            try
            {
                if (task.Wait(seconds * 1000)) { return task.Result; }
            }
            catch (AggregateException problem)
            {
                string words = problem.GetBaseException().Message;
                if (secret != null) { words = words.Replace(secret, "..."); }
                throw new SealedKeyException(method + " failed: " + words);
            }
            throw new SealedKeyException(method + " did not answer in " + seconds + " seconds");
        }
    }

    // Win32_EncryptableVolume by CIM's own library: a cmdlet would be logged with what it is given.
    internal static class WindowsVolume
    {
        private const string Namespace = @"root\CIMV2\Security\MicrosoftVolumeEncryption";

        internal static IDictionary Call(string volume, string method, IDictionary given)
        {
            Hashtable said = new Hashtable();
            using (CimMethodParametersCollection parameters = new CimMethodParametersCollection())
            using (CimOperationOptions options = new CimOperationOptions())
            using (CimSession session = CimSession.Create(null))
            using (CimInstance instance = new CimInstance("Win32_EncryptableVolume", Namespace))
            {
                options.Timeout = TimeSpan.FromSeconds(60);
                instance.CimInstanceProperties.Add(CimProperty.Create("DeviceID", volume, CimType.String, CimFlags.Key));
                foreach (DictionaryEntry one in given)
                {
                    CimType type = one.Value is byte[] ? CimType.UInt8Array : CimType.String;
                    parameters.Add(CimMethodParameter.Create((string)one.Key, one.Value, type, CimFlags.In));
                }
                using (CimMethodResult answer = session.InvokeMethod(Namespace, instance, method, parameters, options))
                {
                    foreach (CimMethodParameter one in answer.OutParameters) { said[one.Name] = one.Value; }
                    said["ReturnValue"] = answer.ReturnValue.Value;
                }
            }
            return said;
        }
    }

    // A key of the machine in CNG's software store. One name for all: what a run that was cut off left is overwritten.
    internal static class MachineKey
    {
        private const string Name = "Leeboard BitLocker";
        private const int Bits = 3072;

        internal static string[] Make()
        {
            CngKeyCreationParameters wanted = new CngKeyCreationParameters();
            wanted.Provider = CngProvider.MicrosoftSoftwareKeyStorageProvider;
            wanted.KeyCreationOptions = CngKeyCreationOptions.MachineKey | CngKeyCreationOptions.OverwriteExistingKey;
            wanted.ExportPolicy = CngExportPolicies.None;
            wanted.KeyUsage = CngKeyUsages.Decryption;
            wanted.Parameters.Add(new CngProperty("Length", BitConverter.GetBytes(Bits), CngPropertyOptions.None));
            using (CngKey key = CngKey.Create(CngAlgorithm.Rsa, Name, wanted))
            using (RSACng cipher = new RSACng(key))
            {
                RSAParameters half = cipher.ExportParameters(false);
                return new string[] { Convert.ToBase64String(half.Modulus), Convert.ToBase64String(half.Exponent) };
            }
        }

        internal static byte[] Open(byte[] content)
        {
            using (CngKey key = Found())
            using (RSACng cipher = new RSACng(key))
            {
                return cipher.Decrypt(content, RSAEncryptionPadding.OaepSHA256);
            }
        }

        internal static void Delete()
        {
            CngProvider provider = CngProvider.MicrosoftSoftwareKeyStorageProvider;
            if (CngKey.Exists(Name, provider, CngKeyOpenOptions.MachineKey)) { Found().Delete(); }
        }

        private static CngKey Found()
        {
            return CngKey.Open(
                Name, CngProvider.MicrosoftSoftwareKeyStorageProvider, CngKeyOpenOptions.MachineKey);
        }
    }
}
