// Package wholefile answers one question: how does a small file of settings change, so that whoever reads it, at any moment and
// after any crash, has the old text or the new one as a whole?
//
// It stands beside the three floors because two of them need it, netdiag for sysctl.d and systemd for drop-ins, and neither may
// import the other, nor anything above.
//
// What it does not do: two processes that read a file, decide, and write it would still undo each other's work. For that there is
// [Lock], which has to be taken before the file is read.
package wholefile
