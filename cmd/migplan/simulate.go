package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/credentials/credentialstest"
	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/internal/view"
)

type simulateOptions struct {
	simOptions
	listen      string
	listLag     time.Duration
	lowerStatus bool
	manifest    string
	checkAK     bool
	listFaults  bool
}

func (a *app) simulateCommand() *cobra.Command {
	var o simulateOptions
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Serve the simulated DRS on loopback, for other tools",
		Long: `Serve the simulated DRS on loopback until a signal arrives. Every request is
validated against the API reference; jobs take --restore-time; log backups must
be continuous. Without --manifest every object exists, and log backups follow
each other in the order in which they are first used.

With --check-signatures, requests must be signed with the keys in
MIGPLAN_SIMULATOR_AK and MIGPLAN_SIMULATOR_SK; otherwise any token or signature
is accepted. --faults lists the kinds of faults for --fault.`,
		Example: `  migplan simulate --listen 127.0.0.1:18080 --restore-time 2s
  migplan simulate --listen 127.0.0.1:18080 --fault lost-after-accept@2 --fault list-lag@all:5s
  MIGPLAN_ENDPOINT=http://127.0.0.1:18080 MIGPLAN_AUTH_TOKEN=any migplan apply plans/ims.yaml
  migplan simulate --faults`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.listFaults {
				a.writeFaults()
				return nil
			}
			return a.simulate(c.Context(), o)
		},
	}
	o.flags(c, time.Second)
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address on loopback")
	f.DurationVar(&o.listLag, "list-lag", 0, "how long a new job is missing from the list")
	f.BoolVar(&o.lowerStatus, "lower-status", false, "spell the status in a job's details as success and failed")
	f.StringVar(&o.manifest, "manifest", "", "JSON file with the objects in the bucket")
	f.BoolVar(&o.checkAK, "check-signatures", false, "verify the signature of every request")
	f.BoolVar(&o.listFaults, "faults", false, "list the kinds of faults for --fault, and exit")
	return c
}

func (a *app) simulate(ctx context.Context, o simulateOptions) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	config.ListLag, config.LowerStatus = o.listLag, o.lowerStatus
	if err := a.readManifest(&config, o.manifest); err != nil {
		return err
	}
	if o.checkAK {
		config.Verify = a.verifySignatures()
	}
	if err := loopbackOnly(o.listen); err != nil {
		return err
	}
	endpoint, closeSim, err := serve(drssim.New(config), o.listen)
	if err != nil {
		return err
	}
	defer closeSim()
	view.Line(a.stdout, "listening on %s", endpoint)
	<-ctx.Done()
	return nil
}

func (a *app) readManifest(config *drssim.Config, file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return usage{"--manifest: " + err.Error(), "give the path of a JSON file"}
	}
	defer f.Close()
	if config.Objects, err = drssim.ReadManifest(f); err != nil {
		return usage{"--manifest " + file + ": " + err.Error(), "give a list of objects"}
	}
	return nil
}

// loopbackOnly keeps the simulator, which accepts any token, off the network.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usage{fmt.Sprintf("--listen %q is not an address on loopback", address), "give 127.0.0.1:PORT"}
	}
	return nil
}

// verifySignatures checks each request as the API gateway would.
func (a *app) verifySignatures() func(*http.Request, []byte) *drssim.Refusal {
	ak, sk, token := a.get("MIGPLAN_SIMULATOR_AK"), a.get("MIGPLAN_SIMULATOR_SK"), a.get("MIGPLAN_SIMULATOR_SECURITY_TOKEN")
	lookup := func(given string) (string, string, bool) { return sk, token, given == ak }
	return func(r *http.Request, body []byte) *drssim.Refusal {
		if err := credentialstest.Verify(r, body, lookup, time.Now(), 15*time.Minute); err != nil {
			return &drssim.Refusal{Status: http.StatusUnauthorized, Code: "APIGW.0301", Message: "Incorrect IAM authentication information: " + err.Error()}
		}
		return nil
	}
}
