package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
)

// stage is to rigtest what a test is: it ends what was begun on it, and knows why it was given up.
type stage struct {
	testing.TB // what is not below is not called
	dir        string
	undo       []func()
	err        error
}

// onStage runs f, which may give up.
func onStage(f func(t testing.TB)) (err error) {
	s := &stage{}
	if s.dir, err = os.MkdirTemp("", "portguard-servers-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(s.undo) - 1; i >= 0; i-- {
				s.undo[i]()
			}
		}()
		f(s)
	}()
	<-done
	return s.err
}

func (s *stage) Helper()          {}
func (s *stage) Cleanup(f func()) { s.undo = append(s.undo, f) }
func (s *stage) TempDir() string  { return s.dir }
func (s *stage) Log(args ...any)  { fmt.Fprintln(os.Stderr, args...) }
func (s *stage) Errorf(format string, args ...any) {
	s.err = errors.Join(s.err, fmt.Errorf(format, args...))
}
func (s *stage) Fatal(args ...any)                 { s.giveUp(fmt.Sprint(args...)) }
func (s *stage) Fatalf(format string, args ...any) { s.giveUp(fmt.Sprintf(format, args...)) }
func (s *stage) Skip(args ...any)                  { s.giveUp(fmt.Sprint(args...)) }
func (s *stage) Skipf(format string, args ...any)  { s.giveUp(fmt.Sprintf(format, args...)) }

func (s *stage) giveUp(why string) {
	s.err = errors.Join(s.err, errors.New(why))
	runtime.Goexit()
}
