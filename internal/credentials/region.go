package credentials

import (
	"cmp"
	"slices"

	"github.com/migplan/migplan/internal/spelling"
)

// regions are the DRS regions in Huawei's SDK (services/drs/v5/region), sorted.
// The SDK does not export the list.
func regions() []string {
	return []string{
		"ae-ad-1", "af-north-1", "af-south-1",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
		"cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5",
		"cn-north-1", "cn-north-11", "cn-north-12", "cn-north-2", "cn-north-4", "cn-north-9",
		"cn-south-1", "cn-south-2", "cn-south-4", "cn-southwest-2", "cn-southwest-3",
		"eu-west-0", "eu-west-101", "la-north-2", "la-south-2", "me-east-1", "my-kualalumpur-1",
		"na-mexico-1", "ru-moscow-1", "ru-northwest-2", "sa-brazil-1", "tr-west-1",
	}
}

// nearest returns the n names most similar to s.
func nearest(s string, names []string, n int) []string {
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(spelling.Distance(s, a), spelling.Distance(s, b)) })
	return sorted[:min(n, len(sorted))]
}
