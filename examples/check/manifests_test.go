package check

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// TestManifests decodes every object strictly: a field that Kubernetes does not
// know, or that is given twice, is an error.
func TestManifests(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := errors.Join(core.AddToScheme(scheme), batch.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	text, err := os.ReadFile("../kubernetes/migplan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text)))
	for n := 1; ; n++ {
		buffer := make([]byte, 64<<10)
		size, err := objects.Read(buffer)
		if errors.Is(err, io.EOF) && n > 2 {
			return
		}
		if err != nil {
			t.Fatalf("object %d: %v", n, err)
		}
		if _, kind, err := decoder.Decode(buffer[:size], nil, nil); err != nil {
			t.Errorf("object %d, %v: %v", n, kind, err)
		}
	}
}
