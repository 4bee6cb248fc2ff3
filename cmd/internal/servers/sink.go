package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// sink takes the results, as they come, into a file.
type sink struct {
	sync.Mutex
	file    string
	results []result
}

func (s *sink) read() error {
	if s.file == "" {
		return nil
	}
	text, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &s.results)
}

func (s *sink) has(e entry, release string) bool {
	s.Lock()
	defer s.Unlock()
	return slices.ContainsFunc(s.results, func(r result) bool { return r.Name == e.name && r.Release == release })
}

func (s *sink) add(r result) error {
	s.Lock()
	defer s.Unlock()
	s.results = append(s.results, r)
	fmt.Printf("%s %s %s (%d s)\n", r.Release, r.Name, r.Version, r.Seconds)
	if r.Alone.Failed != "" {
		fmt.Printf("  does not start by itself: %s\n", r.Alone.Failed)
	}
	for _, fault := range r.faults() {
		fmt.Printf("  fault: %s\n", fault)
	}
	if s.file == "" {
		return nil
	}
	text, err := json.MarshalIndent(s.results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.file, text, 0o644)
}

func (s *sink) failure() error {
	started, faults := 0, 0
	for _, r := range s.results {
		if r.Alone.Failed == "" && r.Error == "" {
			started++
		}
		if len(r.faults()) > 0 {
			faults++
		}
	}
	fmt.Printf("%d entries, %d start by themselves, %d with faults\n", len(s.results), started, faults)
	if faults > 0 {
		return fmt.Errorf("%d servers are worse off behind portguard", faults)
	}
	return nil
}
