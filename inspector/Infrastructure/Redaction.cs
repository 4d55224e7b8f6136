// What is a secret, by its type, its name, or what it is bound to. A secret's text and length never leave the application;
// whoever reads a value asks here first. What is then written in its place is said elsewhere.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.ComponentModel;
using System.Reflection;
using System.Security;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Controls.Primitives;
using System.Windows.Data;
using System.Windows.Documents;
using System.Windows.Media;

namespace Portcullis.Inspector.Infrastructure
{
    /// <summary>Tells secrets from what may be shown.</summary>
    internal static class Redaction
    {
        /// <summary>How far up from a template's part its owner is looked for.</summary>
        private const int TemplateLevels = 16;
        /// <summary>Bindings that are followed from element to element.</summary>
        private const int HopCap = 8;
        /// <summary>Parts of a text block that are looked at.</summary>
        private const int RunCap = 64;
        /// <summary>Parts of a name or path that are looked at; no name that people give is longer.</summary>
        private const int NameCap = 512;

        private static readonly HashSet<string> Words = new HashSet<string>(StringComparer.Ordinal)
        {
            "auth", "cookie", "cookies", "credential", "credentials", "password", "passwords", "passwd", "pwd",
            "passphrase", "passphrases", "secret", "secrets", "token", "tokens", "pin",
        };

        /// <summary>What makes a secret of the word `key` beside it; alone it names a place in a table.</summary>
        private static readonly HashSet<string> KeyWords = new HashSet<string>(StringComparer.Ordinal)
        {
            "api", "access", "private", "secret", "encryption", "signing", "shared", "license", "licence",
        };

        private static readonly string[] Compact =
        {
            "connectionstring", "apikey", "accesskey", "privatekey", "secretkey", "encryptionkey", "signingkey", "sharedkey",
            "password", "passwd", "passphrase", "authtoken", "accesstoken", "refreshtoken", "bearertoken", "clientsecret",
        };

        private static readonly ConcurrentDictionary<string, bool> Names = new ConcurrentDictionary<string, bool>();
        private static readonly ConcurrentDictionary<Type, bool> Types = new ConcurrentDictionary<Type, bool>();
        /// <summary>Names and types whose answer is remembered.</summary>
        private const int RememberedCap = 20_000;

        /// <summary>Whether a member, property or element of this name holds a secret.</summary>
        internal static bool IsSecretName(string? name)
        {
            if (string.IsNullOrEmpty(name))
            {
                return false;
            }
            if (name!.Length > NameCap)
            {
                name = name.Substring(0, NameCap);
            }
            if (!Names.TryGetValue(name, out var secret))
            {
                secret = Judge(name);
                if (Names.Count < RememberedCap)
                {
                    Names[name] = secret;
                }
            }
            return secret;
        }

        /// <summary>Whether any name on the way to a value says that it is a secret.</summary>
        internal static bool IsSecretPath(string? path)
        {
            if (string.IsNullOrEmpty(path))
            {
                return false;
            }
            foreach (var segment in path!.Split('.', '/', '[', ']', '(', ')'))
            {
                if (IsSecretName(segment))
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>Whether an object is a secret whatever it is called.</summary>
        internal static bool IsSecretValue(object? value)
        {
            switch (value)
            {
                case null:
                    return false;
                case SecureString _:
                case System.Net.ICredentials _:
                    return true;
                case Uri uri:
                    return uri.IsAbsoluteUri && uri.UserInfo.IndexOf(':') >= 0;
                case System.Collections.DictionaryEntry entry:
                    return IsSecretName(entry.Key as string);
                case KeyValuePair<string, string> pair:
                    return IsSecretName(pair.Key);
                case KeyValuePair<string, object> pair:
                    return IsSecretName(pair.Key);
                default:
                    return false;
            }
        }

        /// <summary>Whether the text that a type makes of itself may hold a secret, as that of a record does.</summary>
        internal static bool MayTellSecrets(Type type)
        {
            if (!Types.TryGetValue(type, out var tells))
            {
                try
                {
                    foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
                    {
                        tells |= IsSecretName(property.Name) || typeof(SecureString).IsAssignableFrom(property.PropertyType);
                    }
                }
                catch (Exception)
                {
                    // A property of a type whose assembly is not there: what it tells cannot be known.
                    tells = true;
                }
                if (Types.Count < RememberedCap)
                {
                    Types[type] = tells;
                }
            }
            return tells;
        }

        /// <summary>Whether the value of a dependency property of this element is a secret.</summary>
        internal static bool IsSecret(DependencyObject element, DependencyProperty property)
        {
            return IsSecretHere(element, property, 0) || (TellsContent(property) && IsSecretElement(element));
        }

        /// <summary>By the property itself, by what it is bound to, or by the path that brought it.</summary>
        private static bool IsSecretHere(DependencyObject element, DependencyProperty property, int hops)
        {
            var isFromWpf = IsFromWpf(property.OwnerType);
            return (isFromWpf ? property.OwnerType == typeof(PasswordBox) && IsSecretName(property.Name) : IsSecretName(property.Name))
                || IsBoundToSecret(element, property, hops) || PathProperties.BroughtSecret(element, property);
        }

        /// <summary>
        /// Whether a member of an object is a secret: by its name, or because the object is an element, and shows one by it.
        /// </summary>
        internal static bool IsSecretMember(object? owner, string name)
        {
            if (IsSecretPath(name))
            {
                return true;
            }
            if (!(owner is DependencyObject element))
            {
                return false;
            }
            return PropertyNamed(element, name) is { } property ? IsSecret(element, property) : IsSecretElement(element);
        }

        /// <summary>The property of a step of a path, as `Text` or `(Owner.Text)`.</summary>
        private static DependencyProperty? PropertyNamed(DependencyObject element, string step)
        {
            var name = step.Trim('(', ')');
            name = name.Substring(name.LastIndexOf('.') + 1);
            return DependencyPropertyDescriptor.FromName(name, element.GetType(), element.GetType())?.DependencyProperty;
        }

        /// <summary>
        /// Whether what the element shows is a secret: it is a password box or a part of one, an input whose name says so, or
        /// shows what is bound to a secret. What is known of those around it is not asked again; nothing that the application
        /// did meanwhile may be left out of it.
        /// </summary>
        internal static bool IsSecretElement(DependencyObject element, Dictionary<DependencyObject, bool>? known = null)
        {
            DependencyObject? at = element;
            for (var level = 0; at != null && level < TemplateLevels; level++)
            {
                if (known != null && known.TryGetValue(at, out var isSecret))
                {
                    return isSecret;
                }
                if (at is PasswordBox || ShowsSecret(at, 0) || PathProperties.ShowsSecret(at) || ShowsTextOfItself(at))
                {
                    return true;
                }
                var owner = TemplatedParent(at);
                // What a presenter makes for a text, and the view inside a password box, are visual children alone.
                if (owner == null && at is Visual visual && !(at is Window)
                    && VisualTreeHelper.GetParent(visual) is { } parent && (IsBare(at) || parent is ContentPresenter))
                {
                    owner = parent;
                }
                at = owner;
            }
            return false;
        }

        /// <summary>What an element shows: its text, its content, or its header.</summary>
        internal static DependencyProperty? ContentOf(DependencyObject element)
        {
            switch (element)
            {
                case TextBlock _:
                    return TextBlock.TextProperty;
                case TextBox _:
                    return TextBox.TextProperty;
                case ComboBox _:
                    return ComboBox.TextProperty;
                case Run _:
                    return Run.TextProperty;
                case AccessText _:
                    return AccessText.TextProperty;
                case HeaderedItemsControl _:
                    return HeaderedItemsControl.HeaderProperty;
                case ContentControl _:
                    return ContentControl.ContentProperty;
                case ContentPresenter _:
                    return ContentPresenter.ContentProperty;
                default:
                    return null;
            }
        }

        private static bool ShowsSecret(DependencyObject element, int hops)
        {
            if (element is TextBoxBase || element is ComboBox)
            {
                if (element is FrameworkElement named && IsSecretName(named.Name))
                {
                    return true;
                }
            }
            var content = ContentOf(element);
            // A view model of this name is a page, and not itself the text that the page shows.
            return (content != null && IsBoundToSecret(element, content, hops) && IsPlain(element.GetValue(content)))
                || (element is HeaderedContentControl headered
                    && IsBoundToSecret(element, HeaderedContentControl.HeaderProperty, hops) && IsPlain(headered.Header))
                || (element is TextBlock block && HoldsSecretRun(block, hops));
        }

        /// <summary>Whether a part of a text is bound to a secret. A text without parts has no children, and is not given any.</summary>
        private static bool HoldsSecretRun(DependencyObject parent, int hops)
        {
            var seen = 0;
            foreach (var child in LogicalTreeHelper.GetChildren(parent))
            {
                if (++seen > RunCap)
                {
                    // What is not looked at is not told.
                    return true;
                }
                if ((child is Run run && IsBoundToSecret(run, Run.TextProperty, hops))
                    || (child is Span span && HoldsSecretRun(span, hops)))
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>
        /// Whether it shows the text that an object with secrets makes of itself: what a presenter without a template writes
        /// into a block, as no template does, by a local value.
        /// </summary>
        private static bool ShowsTextOfItself(DependencyObject element) =>
            element is TextBlock block && VisualTreeHelper.GetParent(block) is ContentPresenter { Content: { } shown }
            && !IsPlain(shown) && !(shown is DependencyObject) && MayTellSecrets(shown.GetType())
            && block.ReadLocalValue(TextBlock.TextProperty) is string;

        private static bool IsPlain(object? value) =>
            value == null || value is string || value is SecureString || value.GetType().IsValueType;

        private static bool IsBare(DependencyObject element) =>
            !(element is Control) && !(element is Panel) && !(element is Decorator) && !(element is TextBlock);

        private static DependencyObject? TemplatedParent(DependencyObject element) =>
            element is FrameworkElement part ? part.TemplatedParent
            : element is FrameworkContentElement content ? content.TemplatedParent ?? content.Parent
            : null;

        /// <summary>The properties that show a content, or how long it is.</summary>
        private static bool TellsContent(DependencyProperty property)
        {
            var name = property.Name;
            return property.PropertyType == typeof(string) || property.PropertyType == typeof(object)
                || property.OwnerType == typeof(ScrollViewer)
                || name.StartsWith("Selection", StringComparison.Ordinal) && property.PropertyType == typeof(int);
        }

        /// <summary>Whether a binding brings the value out of a secret, at once or by way of other elements.</summary>
        internal static bool IsBoundToSecret(DependencyObject element, DependencyProperty property, int hops = 0)
        {
            var binding = BindingOperations.GetBindingBase(element, property);
            return binding != null
                && (IsSecretBinding(binding) || BringsSecret(BindingOperations.GetBindingExpressionBase(element, property), hops));
        }

        private static bool BringsSecret(BindingExpressionBase? expression, int hops)
        {
            if (hops >= HopCap)
            {
                // What is not looked at is not told.
                return true;
            }
            switch (expression)
            {
                case BindingExpression one:
                    var first = one.DataItem as DependencyObject;
                    var last = one.ResolvedSource as DependencyObject;
                    return (first != null && FirstOf(one.ParentBinding.Path, first) is { } begin && IsShownBy(first, begin, hops + 1))
                        || (last != null && last != first && one.ResolvedSourcePropertyName is { } name
                            && PropertyNamed(last, name) is { } end && IsShownBy(last, end, hops + 1))
                        || IsSecretValue(one.DataItem);
                case MultiBindingExpression many:
                    return AnyBrings(many.BindingExpressions, hops);
                case PriorityBindingExpression some:
                    return AnyBrings(some.BindingExpressions, hops);
                default:
                    return false;
            }
        }

        private static bool AnyBrings(IEnumerable<BindingExpressionBase> expressions, int hops)
        {
            foreach (var expression in expressions)
            {
                if (BringsSecret(expression, hops))
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>The property of an element with which a path begins.</summary>
        private static DependencyProperty? FirstOf(PropertyPath? path, DependencyObject element)
        {
            if (path == null || path.Path.Length == 0)
            {
                return null;
            }
            if (path.Path[0] == '(' && path.PathParameters.Count > 0)
            {
                return path.PathParameters[0] as DependencyProperty;
            }
            var end = path.Path[0] == '(' ? path.Path.IndexOf(')') + 1 : path.Path.IndexOfAny(new[] { '.', '[', '/' });
            return PropertyNamed(element, end > 0 ? path.Path.Substring(0, end) : path.Path);
        }

        /// <summary>As <see cref="IsSecret"/>, of the element alone and not of those around it.</summary>
        private static bool IsShownBy(DependencyObject element, DependencyProperty property, int hops) =>
            IsSecretHere(element, property, hops)
            || (TellsContent(property) && (element is PasswordBox || ShowsSecret(element, hops)));

        /// <summary>Whether a binding brings a secret, by its path.</summary>
        internal static bool IsSecretBinding(BindingBase binding)
        {
            switch (binding)
            {
                case Binding one:
                    return IsSecretPath(one.Path?.Path) || IsSecretPath(one.XPath) || NamesSecret(one.Path);
                case MultiBinding many:
                    return AnySecret(many.Bindings);
                case PriorityBinding some:
                    return AnySecret(some.Bindings);
                default:
                    return false;
            }
        }

        /// <summary>Paths such as `(0)` name their properties beside the text.</summary>
        private static bool NamesSecret(PropertyPath? path)
        {
            if (path == null)
            {
                return false;
            }
            foreach (var parameter in path.PathParameters)
            {
                var name = parameter is DependencyProperty property ? property.Name : (parameter as MemberInfo)?.Name;
                if (IsSecretName(name))
                {
                    return true;
                }
            }
            return false;
        }

        private static bool AnySecret(IEnumerable<BindingBase> bindings)
        {
            foreach (var binding in bindings)
            {
                if (IsSecretBinding(binding))
                {
                    return true;
                }
            }
            return false;
        }

        private static bool IsFromWpf(Type type) =>
            type.Assembly == typeof(FrameworkElement).Assembly || type.Assembly == typeof(UIElement).Assembly
            || type.Assembly == typeof(DependencyObject).Assembly;

        private static bool Judge(string name)
        {
            var words = Split(name);
            var key = false;
            var keyWord = false;
            foreach (var word in words)
            {
                if (Words.Contains(word))
                {
                    return true;
                }
                key |= word == "key" || word == "keys";
                keyWord |= KeyWords.Contains(word);
            }
            if (key && keyWord)
            {
                return true;
            }
            var compact = string.Concat(words);
            foreach (var form in Compact)
            {
                if (compact.IndexOf(form, StringComparison.Ordinal) >= 0)
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>The words of a name in small letters: `userAPIKey2` is user, api, key, 2.</summary>
        private static List<string> Split(string name)
        {
            var words = new List<string>();
            var start = 0;
            for (var at = 0; at <= name.Length; at++)
            {
                var ends = at == name.Length || !char.IsLetterOrDigit(name[at]);
                var begins = !ends && at > start && (
                    char.IsUpper(name[at]) && (!char.IsUpper(name[at - 1]) || (at + 1 < name.Length && char.IsLower(name[at + 1])))
                    || char.IsDigit(name[at]) != char.IsDigit(name[at - 1]));
                if (!ends && !begins)
                {
                    continue;
                }
                if (at > start)
                {
                    words.Add(name.Substring(start, at - start).ToLowerInvariant());
                }
                start = ends ? at + 1 : at;
            }
            return words;
        }
    }
}
