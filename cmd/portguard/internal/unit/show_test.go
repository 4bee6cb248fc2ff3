package unit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/unit/install"
	"portguard/systemd/dropin"
)

// What was installed is what is shown.
func TestGuarded(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   dropin.DropIn
		want guardedUnit
		rows []endpointRow
	}{
		{
			"pre", dropin.DropIn{Pre: `+/usr/bin/portguard -p 30010-30012,53/udp -p 127.0.0.1:80 -p 0.0.0.0%%eth0:67-68/udp --kill --only "exe=/opt/100%% $$x"`},
			guardedUnit{Form: install.FormPre, Flags: []string{"--kill", "--only", "exe=/opt/100% $x"}},
			[]endpointRow{{"30010-30012/tcp", false}, {"53/udp", false}, {"127.0.0.1 80/tcp", false}, {"0.0.0.0%eth0 67-68/udp", false}},
		},
		{
			"wrapper", dropin.DropIn{Exec: "-:/usr/bin/portguard -p 30010 --hold fdstore -- /a --share -p 9"},
			guardedUnit{Form: install.FormWrapper, Hold: "fdstore", Flags: []string{"--hold", "fdstore"}},
			[]endpointRow{{"30010/tcp", false}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := dropin.Dir(t.TempDir())
			tt.in.Unit = "order.service"
			if err := dir.Write(tt.in); err != nil {
				t.Fatal(err)
			}
			got, err := readUnit(dir, "order.service", report.Facts{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.rows, endpointRows(got.Endpoints), cmp.AllowUnexported(endpointRow{})); diff != "" {
				t.Errorf("endpoints (-want +got)\n%s", diff)
			}
			tt.want.Unit, tt.want.File, tt.want.Endpoints = "order.service", dir.Path("order.service"), got.Endpoints
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
