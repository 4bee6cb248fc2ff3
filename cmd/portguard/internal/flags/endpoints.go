// Package flags answers: what do the flags mean that several commands have? Each group of them is a struct that a command embeds, and
// comes to a value of the floors below.
package flags

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

// Endpoint are the flags that say what the service will bind.
type Endpoint struct {
	Ports       cli.List
	reuseAddr   string
	noReuseAddr bool
	reusePort   bool
	v6Only      bool
	asUser      string
	freeBind    bool
}

// WhichPort is the title of the flags that say what is asked about.
const WhichPort = "Which port"

// AddEndpoints adds them in the order in which --help shows them.
func (o *Endpoint) AddEndpoints(fs *pflag.FlagSet) {
	cli.Titled(fs, WhichPort, func(fs *pflag.FlagSet) {
		fs.VarP(&o.Ports, "port", "p", "the `ENDPOINT` that the service will bind: 30010, 30010/udp, 127.0.0.1:8080, [::1]:8080, 0.0.0.0%eth0:67/udp, 30000-30009, http; repeats, and takes commas")
		fs.StringVar(&o.reuseAddr, "reuseaddr", "", "whether the service sets SO_REUSEADDR, `yes|no`; if it is not given: TCP services do")
		fs.BoolVar(&o.noReuseAddr, "no-reuseaddr", false, "short for --reuseaddr no")
		fs.BoolVar(&o.reusePort, "reuseport", false, "the service sets SO_REUSEPORT")
		fs.StringVar(&o.asUser, AsUserFlag[2:], "", "with --reuseport: the `USER` that the service runs as; only one user's sockets share a port")
		fs.BoolVar(&o.v6Only, "v6only", false, "the service sets IPV6_V6ONLY")
		fs.BoolVar(&o.freeBind, "freebind", false, "the service sets IP_FREEBIND or IP_TRANSPARENT: it binds an address that this host does not have (yet)")
	})
}

// Endpoints reads the values of -p. line makes a command line of a port.
func (o *Endpoint) Endpoints(line func(port string) string) ([]netdiag.Endpoint, error) {
	right := func(port string) string { return line(page.ShellQuote(port)) }
	if len(o.Ports) == 0 {
		return nil, cli.Misuse("no endpoint: -p says which port the service will bind", right("30010"), mend.With("-p", "30010"))
	}
	opts, err := o.SocketOptions()
	if err != nil {
		return nil, err
	}
	var all []netdiag.Endpoint
	for _, text := range o.Ports {
		some, err := ParseEndpoints(text, opts)
		var syntax *netdiag.SyntaxError
		if errors.As(err, &syntax) {
			instead := syntax.Right
			if syntax.Text == "" && (text != "" || len(o.Ports) > 1) { // a comma too many, or a variable that is empty
				instead = ""
			}
			return nil, cli.Misuse(err.Error(), right(syntax.Right), mend.Part("port", syntax.Text, instead))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, checkOverlap(all, right)
}

// SocketOptions are what the flags say of the socket that the service will bind.
func (o *Endpoint) SocketOptions() (netdiag.Options, error) {
	opts := netdiag.Options{ReusePort: o.reusePort, V6Only: o.v6Only, FreeBind: o.freeBind}
	var err error
	if opts.Owner, err = o.owner(); err != nil {
		return opts, err
	}
	switch o.reuseAddr {
	case "":
	case "yes":
		opts.ReuseAddr = netdiag.ReuseYes
	case "no":
		opts.ReuseAddr = netdiag.ReuseNo
	default:
		return opts, cli.Misuse(fmt.Sprintf("--reuseaddr %q is neither yes nor no", o.reuseAddr), "portguard --reuseaddr yes -p 30010 -- COMMAND",
			mend.Value("reuseaddr", o.reuseAddr, mend.YesOrNo(o.reuseAddr)))
	}
	if o.noReuseAddr {
		if o.reuseAddr == "yes" {
			return opts, cli.Misuse("--reuseaddr yes and --no-reuseaddr contradict each other", "portguard --no-reuseaddr -p 30010 -- COMMAND", mend.Without("reuseaddr"))
		}
		opts.ReuseAddr = netdiag.ReuseNo
	}
	return opts, nil
}

// checkOverlap refuses endpoints that no service could listen on together.
func checkOverlap(all []netdiag.Endpoint, right func(port string) string) error {
	byPort := make(map[netdiag.Port][]netdiag.Endpoint, len(all))
	for i, e := range all {
		k := e.Key()
		without := func() mend.Mend { return mend.Once("port", netdiag.Arguments(slices.Concat(all[:i], all[i+1:]))) }
		for _, other := range byPort[k] {
			if e.Addr == other.Addr && e.Device == other.Device {
				return cli.Misuse(fmt.Sprintf("endpoint %q is given twice", e), right(e.Argument()), without())
			}
			if e.Overlaps(other) {
				return cli.Misuse(
					fmt.Sprintf("endpoints %q and %q exclude each other: no service can listen on both (with --v6only, [::] leaves IPv4 alone)", other, e),
					right(other.Argument()), without(),
				)
			}
		}
		byPort[k] = append(byPort[k], e)
	}
	return nil
}

// LookupService reads /etc/services. A directory service, which a plain build's C library may ask, may take minutes to answer.
func LookupService(protocol, name string) (int, error) {
	return (&net.Resolver{PreferGo: true}).LookupPort(context.Background(), protocol, name)
}

// LooksLikePort reports whether a word is meant for ports, and can hardly be a program: IsPort, or nothing but digits and what people put
// between them.
func LooksLikePort(word string) bool {
	return IsPort(word) || word != "" && word[0] >= '0' && word[0] <= '9' && strings.Trim(word, "0123456789-:.,/~_?;") == ""
}

// BarePort is the error of a port that stands where only flags do.
func BarePort(word, right string) error {
	return cli.Misuse(fmt.Sprintf("%q is not a flag: an ENDPOINT needs -p before it", word), right, mend.Flagged("-p", LooksLikePort))
}

// PortsOf are the endpoints' numbers.
func PortsOf(endpoints []netdiag.Endpoint) portrange.Set {
	ports := make([]uint16, len(endpoints))
	for i, e := range endpoints {
		ports[i] = e.Port
	}
	return portrange.Of(ports...)
}

// IsPort reports whether a word is an endpoint and can hardly be a program: one with a number, not a service's name.
func IsPort(word string) bool {
	if !strings.ContainsAny(word, "0123456789") {
		return false
	}
	nobody := func(string, string) (int, error) { return 0, errors.New("no name is looked up") }
	_, err := netdiag.ParseEndpoints(word, netdiag.Options{}, nobody)
	return err == nil
}
