package main

// result is what one server did.
type result struct {
	Name    string `json:"name"`
	Release string `json:"release"`
	Version string `json:"version"`
	Error   string `json:"error,omitempty"` // the survey itself went wrong

	Alone   start     `json:"alone"`
	Taken   whenTaken `json:"taken"`
	Share   start     `json:"share"`
	Hold    start     `json:"hold"`
	Install []install `json:"install"`
	Seconds int       `json:"seconds"`
}

// start is how a start went, and what came after it.
type start struct {
	Failed  string   `json:"failed,omitempty"` // why it does not serve
	Listens []string `json:"listens"`
	Bare    bool     `json:"bare,omitempty"` // a listener has no SO_REUSEADDR

	MainKeeps bool `json:"main_keeps,omitempty"` // its first process has the placeholder
	Keep      int  `json:"keep,omitempty"`       // so many of its processes have it
	Processes int  `json:"processes,omitempty"`

	Reload  string `json:"reload,omitempty"`  // why it does not serve after a reload
	Restart string `json:"restart,omitempty"` // why it does not serve after a restart with connections of its clients open
	Holder  string `json:"holder,omitempty"`  // what became of the client that had its port
}

// whenTaken is what a server does by itself when a client has its port.
type whenTaken struct {
	Ended   bool     `json:"ended"`
	Status  string   `json:"status,omitempty"` // a number, or a signal
	After   float64  `json:"after,omitempty"`  // seconds
	Listens []string `json:"listens"`          // else, it is up with these
	Heals   float64  `json:"heals,omitempty"`  // seconds until it has all of its port, when the client is gone
	Said    string   `json:"said,omitempty"`
}

// install is how the server starts behind what `unit install` has written.
type install struct {
	Flags   string `json:"flags"` // of unit install
	Refused string `json:"refused,omitempty"`
	Guard   string `json:"guard,omitempty"` // the flags that it has written
	start
}
