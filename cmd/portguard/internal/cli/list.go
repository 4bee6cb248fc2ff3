package cli

import "strings"

// List is a flag that repeats, each value as it was typed. pflag's own (StringArray) writes its values out as CSV when it is declared, which
// takes as long as to declare ten others.
type List []string

// Set adds a value.
func (l *List) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// Type is what pflag calls it, and those who look for flags that repeat.
func (*List) Type() string { return "stringArray" }

// String is for people: it does not keep values apart that have commas.
func (l *List) String() string { return "[" + strings.Join(*l, ",") + "]" }
