package keyfile_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/apps/internal/keyfile"
)

const database = "autopromo.db"

func TestKeysStay(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "data")
	first, err := keyfile.Open(dir, database)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, database), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := keyfile.Open(dir, database)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, second) {
		t.Error("the second start has other keys")
	}
	seen := map[string]bool{}
	for _, k := range []string{first.Sealing[0].Key.Reveal(), first.Signing.Reveal(), first.MessageID.Reveal()} {
		if len(k) != keyfile.KeyBytes || seen[k] {
			t.Errorf("a key has %d bytes or is used twice", len(k))
		}
		seen[k] = true
		if text := fmt.Sprintf("%v %+v %#v", first, first, first); strings.Contains(text, k) || strings.Contains(text, hex.EncodeToString([]byte(k))) {
			t.Error("printing the keys shows one")
		}
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, keyfile.Name): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v (%v), want the keys and the database", entries, err)
	}
}

func TestTwoInstallationsDiffer(t *testing.T) {
	t.Parallel()
	a, errA := keyfile.Open(t.TempDir()+"/data", database)
	b, errB := keyfile.Open(t.TempDir()+"/data", database)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a.Signing == b.Signing || a.MessageID == b.MessageID || a.Sealing[0] == b.Sealing[0] {
		t.Error("two installations share a key")
	}
}

func TestConcurrentFirstStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data"
	const starts = 8
	keys := make([]keyfile.Keys, starts)
	errs := make([]error, starts)
	var wg sync.WaitGroup
	for i := range starts {
		wg.Go(func() { keys[i], errs[i] = keyfile.Open(dir, database) })
	}
	wg.Wait()
	for i := range starts {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if !reflect.DeepEqual(keys[i], keys[0]) {
			t.Fatal("two processes that started at once have different keys")
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("ab", keyfile.KeyBytes)
	file := func(sealing, signing string) string {
		return fmt.Sprintf(`{"version":1,"sealing":[%s],"signing":%q,"message_id":%q}`, sealing, signing, key)
	}
	good := `{"id":"k","key":"` + key + `"}`
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, keyfile.Name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	chmod := func(name string, mode os.FileMode) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			write(file(good, key))(t, dir)
			if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(*testing.T, string)
		want    string // "" for success
	}{
		{"a good file", write(file(good, key)), ""},
		{"two sealing keys", write(file(good+","+strings.Replace(good, `"k"`, `"old"`, 1), key)), ""},
		{"a folder others can read", chmod(".", 0o755), "chmod 700"},
		{"a file others can read", chmod(keyfile.Name, 0o644), "chmod 600"},
		{"an empty file", write(""), "damaged"},
		{"half a file", write(file(good, key)[:40]), "damaged"},
		{"a short key", write(file(good, key[2:])), "the signing key"},
		{"a key in another alphabet", write(file(good, strings.Replace(key, "a", "z", 1))), "the signing key"},
		{"no sealing key", write(file("", key)), "no sealing key"},
		{"a sealing key without id", write(file(`{"key":"`+key+`"}`, key)), "has no id"},
		{"a later version", write(`{"version":2}`), "version 2"},
		{"a database without its keys", func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, database), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "restore it from the backup"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			c.prepare(t, dir)
			_, err := keyfile.Open(dir, database)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), key[2:]) {
				t.Error("the error shows a key")
			}
		})
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyfile.Open(path, database); err == nil {
		t.Error("a file was accepted as the data folder")
	}
}
