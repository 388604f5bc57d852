package extract

import (
	"testing"

	"mvdan.cc/xurls/v2"
)

// BenchmarkXurls is what a general library takes for the same message.
func BenchmarkXurls(b *testing.B) {
	relaxed := xurls.Relaxed()
	b.ReportAllocs()
	for b.Loop() {
		relaxed.FindAllStringIndex(promotion, -1)
	}
}
