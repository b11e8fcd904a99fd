package main

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// kubernetesObject is what the tests need of the manifests. examples/check decodes them
// strictly, with the types of Kubernetes.
type kubernetesObject struct {
	Kind string
	Spec struct {
		ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
		JobTemplate       struct {
			Spec struct {
				ActiveDeadlineSeconds int  `yaml:"activeDeadlineSeconds"`
				BackoffLimit          *int `yaml:"backoffLimit"`
				Template              struct{ Spec podSpec }
			}
		} `yaml:"jobTemplate"`
	}
}

type podSpec struct {
	SecurityContext struct {
		FSGroupChangePolicy string `yaml:"fsGroupChangePolicy"`
		RunAsNonRoot        bool   `yaml:"runAsNonRoot"`
	} `yaml:"securityContext"`
	Containers []struct {
		Args         []string
		Env          []struct{ Name, Value string }
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	Volumes []struct {
		Name                  string
		PersistentVolumeClaim *struct{} `yaml:"persistentVolumeClaim"`
		ConfigMap             *struct{} `yaml:"configMap"`
		Secret                *struct {
			DefaultMode int `yaml:"defaultMode"`
		}
	}
}

func cronJob(t *testing.T) kubernetesObject {
	t.Helper()
	documents := yaml.NewDecoder(bytes.NewReader([]byte(readExample(t, "kubernetes/migplan.yaml"))))
	for {
		var o kubernetesObject
		if err := documents.Decode(&o); err != nil {
			t.Fatal("no CronJob: ", err)
		}
		if o.Kind == "CronJob" {
			return o
		}
	}
}

// TestKubernetesExample runs the container's command in the folders that a
// kubelet makes.
func TestKubernetesExample(t *testing.T) {
	t.Parallel()
	pod := cronJob(t).Spec.JobTemplate.Spec.Template.Spec
	c := pod.Containers[0]
	if got := checkWords(t, "migplan.yaml", c.Args); got != "migplan apply" {
		t.Errorf("the container runs %s", got)
	}
	m := newMachine(t)
	mounts := map[string]string{}
	for _, v := range c.VolumeMounts {
		mounts[v.Name] = v.MountPath
	}
	volume, folder := "", ""
	for _, v := range pod.Volumes {
		at := mounts[v.Name]
		if v.Name != "tmp" {
			m.move(at, "root"+at)
		}
		switch {
		case v.PersistentVolumeClaim != nil: // what fsGroup makes of it
			volume = at
			m.folder("root"+at, 0o775|os.ModeSetgid)
		case v.ConfigMap != nil:
			m.projected("root"+at, "ims.yaml", chainPlan, 0o644)
		case v.Secret != nil:
			m.projected("root"+at, "credentials", "", os.FileMode(v.Secret.DefaultMode)|0o040)
		}
	}
	env := []string{"PATH=/usr/bin:/bin"}
	for _, e := range c.Env {
		env = append(env, e.Name+"="+e.Value)
		if e.Name == "MIGPLAN_LEDGER" {
			folder = e.Value
		}
	}
	if path.Dir(folder) != volume {
		t.Errorf("the ledger %s is not a folder inside the volume %s", folder, volume)
	}
	m.submits("root"+mounts["credentials"]+"/..data/credentials", "root"+folder, env, "migplan "+strings.Join(c.Args, " "))
}

// projected makes a volume of a ConfigMap or Secret: the file is a link into
// a folder that is a link.
func (m *machine) projected(dir, name, text string, mode os.FileMode) {
	m.t.Helper()
	m.folder(dir+"/..2027_03_06", 0o755)
	m.write(m.t, dir+"/..2027_03_06/"+name, text)
	for _, link := range [][2]string{{"..2027_03_06", "..data"}, {"..data/" + name, name}} {
		if err := os.Symlink(link[0], filepath.Join(m.dir, dir, link[1])); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(m.dir, dir, name), mode); err != nil {
		m.t.Fatal(err)
	}
}

// TestKubernetesRules: what the ledger depends on.
func TestKubernetesRules(t *testing.T) {
	t.Parallel()
	o := cronJob(t)
	job := o.Spec.JobTemplate.Spec
	pod := job.Template.Spec
	args := pod.Containers[0].Args
	pass := duration(t, args[slices.Index(args, "--timeout")+1])
	for what, good := range map[string]bool{
		"two runs never overlap":                         o.Spec.ConcurrencyPolicy == "Forbid",
		"the ledger's folder stays private":              pod.SecurityContext.FSGroupChangePolicy == "OnRootMismatch",
		"the container does not run as root":             pod.SecurityContext.RunAsNonRoot,
		"Kubernetes ends no pass that still has time":    time.Duration(job.ActiveDeadlineSeconds)*time.Second >= pass+time.Minute,
		"Kubernetes does not repeat a pass that stopped": job.BackoffLimit != nil && *job.BackoffLimit == 0,
	} {
		if !good {
			t.Errorf("not so: %s", what)
		}
	}
}
