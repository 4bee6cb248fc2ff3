// Package man writes the manual pages, in a program that is built for that alone (build tag man).
package man
