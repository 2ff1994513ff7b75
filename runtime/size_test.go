package runtime

import "testing"

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{"1GiB": 1 << 30, "512MiB": 512 << 20, "3 KiB": 3072, "2GB": 2e9, "5MB": 5e6, "1KB": 1000, "1025B": 1025, "0B": 0} {
		var s byteSize
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%s is %d, %v", text, s, err)
		}
		var again byteSize
		if err := again.Set(s.String()); err != nil || again != s {
			t.Errorf("%s is written as %s", text, s.String())
		}
	}
	for _, text := range []string{"", "1", "GiB", "-1GiB", "1.5GiB", "1TiB", "9223372036854775807KiB", "1gib"} {
		var s byteSize
		if err := s.Set(text); err == nil {
			t.Errorf("%q is taken for %d", text, s)
		}
	}
}
