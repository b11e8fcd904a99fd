package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// simOptions are the flags of the simulator, in rehearse and in simulate.
type simOptions struct {
	restoreTime time.Duration
	faults      []string
	seed        uint64
}

func (o *simOptions) flags(c *cobra.Command, restoreTime time.Duration) {
	c.Flags().DurationVar(&o.restoreTime, "restore-time", restoreTime, "how long each job takes")
	c.Flags().StringArrayVar(&o.faults, "fault", nil, "inject a fault: KIND@N[:ARGUMENT], KIND@all or KIND@P%; N counts the requests of that kind, or the accepted jobs; may be repeated; migplan simulate --faults lists the kinds")
	completeFlag(c, "fault", completeFaults)
	c.Flags().Uint64Var(&o.seed, "seed", 1, "seed for everything random")
}

func (o *simOptions) config() (drssim.Config, error) {
	config := drssim.Config{Seed: o.seed, RestoreTime: o.restoreTime}
	if o.restoreTime < 0 {
		return config, usage{"--restore-time is negative", "give a duration like 300ms"}
	}
	for _, text := range o.faults {
		f, err := drssim.ParseFault(text)
		if err != nil {
			return config, usage{"--fault: " + err.Error(), "see migplan simulate --faults"}
		}
		config.Faults = append(config.Faults, f)
	}
	return config, nil
}

func (a *app) rehearseCommand() *cobra.Command {
	var o simOptions
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "rehearse PLAN...",
		Short: "Run whole plans, including the cutover, against a simulated DRS",
		Long: `Run each plan from its full backup to its cutover against a built-in simulator of
DRS, over real HTTP on loopback, with a temporary ledger. Both confirmations count
as given and the window is ignored, because nothing real is touched. You need no
account. migplan simulate --faults lists the kinds of faults for --fault.`,
		Example:           "  migplan rehearse plans/ims.yaml\n  migplan rehearse plans/ims.yaml --fault lost-after-accept@2",
		Args:              cobra.MinimumNArgs(1),
		RunE:              func(c *cobra.Command, args []string) error { return a.rehearse(c.Context(), args, o, timeout) },
		ValidArgsFunction: completePlans,
	}
	o.flags(c, 300*time.Millisecond)
	c.Flags().DurationVar(&timeout, "timeout", 10*time.Minute, "end the rehearsal after this long")
	return c
}

func (a *app) rehearse(ctx context.Context, args []string, o simOptions, timeout time.Duration) error {
	if timeout <= 0 {
		return usage{"--timeout leaves no time", "give a duration like 10m"}
	}
	config, err := o.config()
	if err != nil {
		return err
	}
	all, err := loadPlans(args, loadPlan)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	valid, bad := a.sayInvalid(all)
	classes := []executor.Class{executor.OK}
	if bad {
		classes = append(classes, executor.Invalid)
	}
	for _, v := range valid {
		class, err := a.rehearseOne(ctx, v, config)
		if err != nil {
			return err
		}
		classes = append(classes, class)
	}
	return exitWith(worst(classes...))
}

// rehearseOne runs one plan in a folder and on a port that end with it.
func (a *app) rehearseOne(ctx context.Context, m *view.Migration, config drssim.Config) (executor.Class, error) {
	dir, err := os.MkdirTemp("", "migplan-rehearsal-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	l, err := ledger.Open(dir)
	if err != nil {
		return "", err
	}
	defer l.Close()
	config.Objects = manifest(m.Plan.Steps)
	sim := drssim.New(config)
	endpoint, closeSim, err := serve(sim, "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer closeSim()
	client, err := drs.New(drs.Config{
		Endpoint: endpoint, ProjectID: m.Plan.Target.ProjectID, Authorizer: rehearsalToken{},
		UserAgent: "migplan/" + version(), Backoff: 50 * time.Millisecond, Observe: a.observe,
	})
	if err != nil {
		return "", err
	}
	m.Run.Rehearsal = true
	run := &planRun{Migration: m, runner: &executor.Runner{
		Plan: m.Plan, Jobs: client, Ledger: l, Who: a.who(), Run: newRun(),
		Identity: executor.Identity{Endpoint: endpoint.String(), Principal: "rehearsal"},
		Keys:     executor.Keys{Rehearsal: true},
	}}
	m.WriteRehearsing(a.stdout, endpoint.Host)
	o := applyOptions{wait: true, planOptions: planOptions{output: "text"}}
	a.runUntilEnded(ctx, []*planRun{run}, o, func([]*planRun) {})
	m.WriteRehearsed(a.stdout, time.Now())
	return m.Class(), nil
}

// rehearsalToken is the credential of a simulator, which accepts any token.
type rehearsalToken struct{}

func (rehearsalToken) Authorize(req *http.Request, _ []byte) error {
	req.Header.Set("X-Auth-Token", "rehearsal")
	return nil
}

func (rehearsalToken) Renew(context.Context) (bool, error) { return false, nil }

// manifest gives the simulator the objects of a plan, each log backup
// continuing where the one before it ended, so that a skipped, repeated or
// swapped one fails as it would in DRS.
func manifest(steps []plan.Step) []drssim.Object {
	var objects []drssim.Object
	for _, s := range steps {
		p := s.Plan
		if p.Source.OBS == nil {
			return nil
		}
		for i, key := range s.Backup.Keys {
			o := drssim.Object{Bucket: p.Source.OBS.Bucket, Key: key, Type: "log", FirstLSN: uint64(s.Seq-1) * 100, LastLSN: uint64(s.Seq) * 100}
			if s.Backup.Type == plan.Full {
				o.Type, o.FirstLSN = "full", 100
			}
			o.Databases = databasesIn(p, i, len(s.Backup.Keys))
			objects = append(objects, o)
		}
	}
	return objects
}

// databasesIn says which databases the i-th of n files holds.
func databasesIn(p *plan.Plan, i, n int) []string {
	switch names := p.Databases.Names; {
	case p.Databases.All:
		return []string{fmt.Sprintf("database%d", i+1)}
	case len(names) == n:
		return names[i : i+1]
	default:
		return names
	}
}

// serve puts a simulator on a port of this machine.
func serve(sim http.Handler, address string) (*url.URL, func(), error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("listening for the simulator: %w", err)
	}
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, func() { _ = server.Close() }, nil
}
