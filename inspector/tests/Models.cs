// View models that the tests look into.
using System;
using System.Collections;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Windows.Data;
using System.Windows.Input;

namespace Portcullis.Inspector.Tests
{
    /// <summary>A command that tells how it was executed.</summary>
    internal sealed class Told : ICommand
    {
        internal List<object?> Executed { get; } = new List<object?>();

        internal bool May { get; set; } = true;

        internal Action? Then { get; set; }

        public event EventHandler? CanExecuteChanged
        {
            add { }
            remove { }
        }

        public bool CanExecute(object? parameter) => May;

        public void Execute(object? parameter)
        {
            Executed.Add(parameter);
            Then?.Invoke();
        }
    }

    public sealed class Person : INotifyPropertyChanged, IDataErrorInfo
    {
        private string name = "Ann";
        private int age = 33;

        public event PropertyChangedEventHandler? PropertyChanged;

        internal int ReadsOfThrowing { get; private set; }

        internal int Listeners => PropertyChanged?.GetInvocationList().Length ?? 0;

        /// <summary>How often the name was asked for.</summary>
        internal int Asked { get; private set; }

        public string Name
        {
            get
            {
                Asked++;
                return name;
            }
            set
            {
                name = value;
                PropertyChanged?.Invoke(this, new PropertyChangedEventArgs(nameof(Name)));
            }
        }

        public int Age
        {
            get => age;
            set
            {
                age = value;
                PropertyChanged?.Invoke(this, new PropertyChangedEventArgs(nameof(Age)));
            }
        }

        public string Password { get; set; } = "hunter2";

        public Address Address { get; } = new Address();

        public ICommand Save { get; } = new Told();

        public List<string> Tags { get; } = new List<string> { "one", "two", "three" };

        public string Throwing
        {
            get
            {
                ReadsOfThrowing++;
                throw new InvalidTimeZoneException("hunter2");
            }
        }

        public string Slow
        {
            get
            {
                var until = Environment.TickCount + 60;
                while (Environment.TickCount < until)
                {
                }
                return "slow";
            }
        }

        public string Error => "";

        public string this[string column] => column == nameof(Age) && age < 0 ? "too young" : "";
    }

    public sealed class Address
    {
        public string City { get; set; } = "Ulm";
    }

    public sealed class Shout : IValueConverter
    {
        public object Convert(object value, Type target, object parameter, CultureInfo culture) =>
            (value as string)?.ToUpperInvariant() ?? "";

        public object ConvertBack(object value, Type target, object parameter, CultureInfo culture) => value;
    }
}
