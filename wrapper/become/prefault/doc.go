// Package prefault maps, in one system call, the memory in which a program's packages are about to be initialised. Page by
// page, as it is touched, each page costs a fault, and of a start that finds its port free page faults are the greater part.
// Importing it is all that a program does.
//
// It imports nothing, so that it comes before most packages, which are initialised in the order of their paths once all that
// they import have been.
package prefault
